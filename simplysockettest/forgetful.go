package simplysockettest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// twin is a room that is restored before each entry, beside the one that the test sees.
type twin struct {
	room testroom.Room
	off  bool // a difference was found, or it cannot be restored
}

// open opens the twin as the room was opened, and compares what they yield.
func (w *twin) open(r *Room, opening testroom.Opening, want *room.Output) {
	if !w.off {
		w.compare(r, "the setup", want, w.room.Open(opening))
	}
}

// apply restores the twin, has it handle an entry that the room has handled, and compares
// what they yield.
func (w *twin) apply(r *Room, e *room.Entry, want *room.Output) {
	if w.off {
		return
	}
	what := fmt.Sprintf("entry %d, %s", e.Pos, r.describe(e))
	snapshot, err := w.room.Snapshot()
	if err == nil {
		err = w.room.Restore(snapshot)
	}
	if err != nil {
		w.off = true
		r.errorf(" cannot be restored before %s: %v", what, err)
		return
	}
	w.compare(r, what, want, w.room.Apply(e))
	for { // what its code has sent to the room, the room has sent as well
		if _, _, ok := w.room.Posted(); !ok {
			return
		}
	}
}

// compare fails the test at the first difference.
func (w *twin) compare(r *Room, what string, want, got *room.Output) {
	if restored, plain, differ := difference(got, want); differ {
		w.off = true
		r.errorf(" answers differently after a restore: %s: %s, and %s without. %s", what, restored, plain, forgotten)
		return
	}
	kept, err := r.room.Snapshot()
	restored, _ := w.room.Snapshot() // it has the same values
	if err != nil {
		w.off = true
		r.errorf(" cannot be written down after %s: %v", what, err)
	} else if !bytes.Equal(kept, restored) {
		w.off = true
		r.errorf(" keeps something different after a restore: %s, such as another timer, task or value. %s", what, forgotten)
	}
}

const forgotten = "A plain variable of the setup is not kept: hold it in NewState or NewTable. " +
	"Nor may a room use the time of the system, its own randomness or the order of a map."

// difference describes the first difference between two outputs.
func difference(a, b *room.Output) (inA, inB string, differ bool) {
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
