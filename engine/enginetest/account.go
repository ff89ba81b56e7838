package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// op is something that is written of a room.
type op struct {
	kind   writeKind
	record []byte
	parts  [][]byte
}

func appendOp(record string) op    { return op{kind: appended, record: []byte(record)} }
func replaceOp(parts ...string) op { return op{kind: replaced, parts: byteSlices(parts)} }
func deleteOp() op                 { return op{kind: deleted} }
func (o op) appendTo(c []engine.Chunk) []engine.Chunk {
	switch o.kind {
	case appended:
		return append(slices.Clip(c), engine.Chunk{Bytes: o.record})
	case replaced:
		c = nil
		for _, p := range o.parts {
			c = append(c, engine.Chunk{Snapshot: true, Bytes: p})
		}
		return c
	case deleted:
	}
	return nil
}

func (o op) tooLarge() bool {
	return len(o.record) > engine.MaxRecord || slices.ContainsFunc(o.parts, func(p []byte) bool { return len(p) > engine.MaxRecord })
}

// write writes it to a log.
func (o op) write(log engine.Log, room string, done func(error)) {
	switch o.kind {
	case appended:
		log.Append(room, o.record, done)
	case replaced:
		log.Replace(room, reusing(o.parts), done)
	case deleted:
		log.Delete(room, done)
	}
}

// reusing yields the parts in one buffer, which is overwritten in the end.
func reusing(parts [][]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		for _, p := range parts {
			buf = append(buf[:0], p...)
			if !yield(buf) {
				break
			}
		}
		for i := range buf {
			buf[i] = '!'
		}
	}
}

func byteSlices(texts []string) (all [][]byte) {
	for _, t := range texts {
		all = append(all, []byte(t))
	}
	return all
}

// account is what must be stored of a room.
type account struct {
	room  string
	sure  []engine.Chunk
	maybe []op // stored after that are some of these: the first few, all or none
	n     int  // of operations made up for the room
}

// judge takes the answers to operations into the account. Answers are those that came: a
// crash keeps the rest. It returns how many operations are surely stored.
func (a *account) judge(n *node, ops []op, answers []error) (stored int, err error) {
	var failure error
	for i, o := range ops {
		if i == len(answers) {
			if failure == nil || errors.Is(failure, engine.ErrUnknown) {
				a.maybe = append(a.maybe, ops[i:]...)
			}
			return stored, nil
		}
		e := answers[i]
		if errors.Is(e, engine.ErrFenced) {
			n.fenced.Store(true)
		}
		known := false
		for _, s := range []error{engine.ErrFenced, engine.ErrUnknown, engine.ErrBroken, engine.ErrTooLarge, engine.ErrClosed} {
			known = known || errors.Is(e, s)
		}
		switch first := failure == nil; {
		case e == nil && !first:
			return stored, fmt.Errorf("write %d is stored, although write %d has failed with %q: a hole", i, stored, failure.Error())
		case e == nil && o.tooLarge():
			return stored, fmt.Errorf("write %d is too large, and stored", i)
		case e == nil:
			a.sure = o.appendTo(a.sure)
			stored++
			continue
		case !known:
			return stored, fmt.Errorf("write %d fails with %q, which is no error of package engine", i, e.Error())
		case errors.Is(e, engine.ErrTooLarge) && !o.tooLarge():
			return stored, fmt.Errorf("write %d has %d bytes and %d parts, and fails with %q", i, len(o.record), len(o.parts), e.Error())
		case first && errors.Is(e, engine.ErrBroken):
			return stored, fmt.Errorf("write %d fails with %q, and none has failed before it", i, e.Error())
		case errors.Is(e, engine.ErrUnknown) && !first && !errors.Is(failure, engine.ErrUnknown):
			return stored, fmt.Errorf("write %d fails with %q after one with %q, which was not stored", i, e.Error(), failure.Error())
		case errors.Is(e, engine.ErrUnknown):
			a.maybe = append(a.maybe, o)
		}
		failure = e
	}
	return stored, nil
}

// settle compares the account with what was found. It returns how many of the operations
// that may be stored are.
func (a *account) settle(found []engine.Chunk) (int, error) {
	state := a.sure
	for i := 0; ; i++ {
		if same(state, found) {
			a.sure, a.maybe = state, nil
			return i, nil
		}
		if i == len(a.maybe) {
			break
		}
		state = a.maybe[i].appendTo(state)
	}
	return 0, fmt.Errorf("stored of room %s is\n\t%s\nwant\n\t%s\nand perhaps the first of\n\t%v",
		brief([]byte(a.room)), text(found), text(a.sure), a.maybe)
}

func same(a, b []engine.Chunk) bool {
	return slices.EqualFunc(a, b, func(a, b engine.Chunk) bool {
		return a.Snapshot == b.Snapshot && bytes.Equal(a.Bytes, b.Bytes)
	})
}

// makeUp returns random operations, mostly records. No two records of a room are the same.
func (a *account) makeUp(rng *rand.Rand, n int) (ops []op) {
	next := func() string {
		a.n++
		return fmt.Sprintf("%s:%d", brief([]byte(a.room)), a.n)
	}
	for range n {
		switch rng.IntN(20) {
		case 0:
			ops = append(ops, deleteOp())
		case 1, 2:
			o := op{kind: replaced}
			for range rng.IntN(4) {
				o.parts = append(o.parts, []byte(next()))
			}
			ops = append(ops, o)
		default:
			ops = append(ops, appendOp(next()))
		}
	}
	return ops
}

func (o op) String() string {
	switch o.kind {
	case appended:
		return "append " + brief(o.record)
	case replaced:
		return "replace " + text(o.appendTo(nil))
	case deleted:
	}
	return "delete"
}

func text(chunks []engine.Chunk) string {
	if len(chunks) == 0 {
		return "nothing"
	}
	var b strings.Builder
	for i, c := range chunks {
		if i > 0 {
			b.WriteByte(' ')
		}
		if c.Snapshot {
			b.WriteByte('*')
		}
		b.WriteString(brief(c.Bytes))
	}
	return b.String()
}

// brief returns bytes as somebody reads them.
func brief(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q...(%d)", b[:20], len(b))
	}
	return fmt.Sprintf("%q", b)
}
