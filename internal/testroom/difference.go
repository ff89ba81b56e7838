package testroom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Difference describes the first difference between two outputs.
func Difference(a, b *room.Output) (inA, inB string, differ bool) {
	for i := range max(len(a.Items), len(b.Items)) {
		if i >= len(a.Items) || i >= len(b.Items) || !sameItem(a, b, i) {
			inA, inB = differentItems(a, b, i)
			return inA, inB, true
		}
	}
	for i := range max(len(a.Effects), len(b.Effects)) {
		if inA, inB := effectAt(a, i), effectAt(b, i); inA != inB {
			return inA, inB, true
		}
	}
	for i := range max(len(a.Failures), len(b.Failures)) {
		if inA, inB := failureAt(a, i), failureAt(b, i); inA != inB {
			return inA, inB, true
		}
	}
	if inA, inB := replyOf(a), replyOf(b); inA != inB {
		return inA, inB, true
	}
	if a.Closed != b.Closed {
		return closes(a), closes(b), true
	}
	return "", "", false
}

// sameItem compares two items and their payloads, but not where those are kept.
func sameItem(a, b *room.Output, i int) bool {
	x, y := a.Items[i], b.Items[i]
	if !slices.Equal(x.Numbers, y.Numbers) || !bytes.Equal(x.Body, y.Body) || !bytes.Equal(a.Payload(&a.Items[i]), b.Payload(&b.Items[i])) {
		return false
	}
	x.Numbers, y.Numbers, x.Body, y.Body = nil, nil, nil, nil
	return reflect.DeepEqual(x, y)
}

// differentItems describes two items by that in which they differ, if that can be said in
// few words.
func differentItems(a, b *room.Output, i int) (inA, inB string) {
	inA, inB = itemAt(a, i, true), itemAt(b, i, true)
	if i < len(a.Items) && i < len(b.Items) && a.Items[i].IsFrame() && b.Items[i].IsFrame() {
		if headA, headB := itemAt(a, i, false), itemAt(b, i, false); headA == headB && inA != inB {
			return string(envelopeAt(a, i).Body), string(envelopeAt(b, i).Body)
		}
	}
	if inA == inB {
		return fmt.Sprintf("%s as %+v", inA, a.Items[i]), fmt.Sprintf("%+v", b.Items[i])
	}
	return inA, inB
}

func envelopeAt(o *room.Output, i int) protocol.Envelope {
	env, _ := protocol.ParseServer(o.Payload(&o.Items[i])) // the room has encoded it
	return env
}

// itemAt describes an item, with its body or without.
func itemAt(o *room.Output, i int, body bool) string {
	if i >= len(o.Items) {
		return "nothing"
	}
	it := &o.Items[i]
	if !it.IsFrame() {
		return fmt.Sprintf("%s of member %d", steps[it.Kind], it.Number)
	}
	env := envelopeAt(o, i)
	to := "all"
	switch it.Kind {
	case room.ItemExcept:
		to = fmt.Sprintf("all but %d", it.Numbers)
	case room.ItemOnly:
		to = fmt.Sprint(it.Numbers)
	default:
	}
	if !body {
		return fmt.Sprintf("%s to %s", env.Action, to)
	}
	return fmt.Sprintf("%s %s to %s", env.Action, env.Body, to)
}

var steps = map[room.ItemKind]string{
	room.ItemEnter: "the entering", room.ItemExit: "the exit", room.ItemDrop: "the drop", room.ItemResume: "the resume",
	room.ItemPage: "a page", room.ItemDuplicate: "an answer", room.ItemGone: "the end",
}

func effectAt(o *room.Output, i int) string {
	switch {
	case i >= len(o.Effects):
		return "nothing"
	case o.Effects[i].Kind == room.EffectTask:
		return fmt.Sprintf("the task %q with %s", o.Effects[i].Name, o.Effects[i].Body)
	case o.Effects[i].Kind == room.EffectTell:
		return fmt.Sprintf("%q to room %q with %s", o.Effects[i].Action, o.Effects[i].Name, o.Effects[i].Body)
	case o.Effects[i].Kind == room.EffectConfirm:
		return "a confirmation"
	default:
		return fmt.Sprintf("a join of %q by %s with %s", o.Effects[i].Name, o.Effects[i].Member, o.Effects[i].Body)
	}
}

func failureAt(o *room.Output, i int) string {
	if i >= len(o.Failures) {
		return "no failure"
	}
	return fmt.Sprintf("a failure of %s: %v", o.Failures[i].Where, o.Failures[i].Err)
}

func replyOf(o *room.Output) string {
	if o.Reply.Err != nil {
		return o.Reply.Err.Error()
	}
	body := o.Reply.Body
	if body == nil {
		body = json.RawMessage("{}")
	}
	return "the reply " + string(body)
}

func closes(o *room.Output) string {
	if o.Closed {
		return "the room closes"
	}
	return "the room goes on"
}
