package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// records returns numbered records.
func records(from, to int) (ops []op) {
	for i := from; i < to; i++ {
		ops = append(ops, appendOp(fmt.Sprint(i)))
	}
	return ops
}

// testOrder: records are stored in the order in which they were appended.
func testOrder(c *check) {
	n, a := c.open(), &account{room: "a"}
	c.verify(n, a) // nothing
	c.write(n, a, records(0, 200)...)
	c.verify(n, a)
	for i := 200; i < 210; i++ {
		c.write(n, a, records(i, i+1)...)
	}
	c.verify(n, a)
}

// testAnswers: done is called once for each write, in order, and never within it. That is
// checked of every write of the suite; here are all kinds of them in several rooms.
func testAnswers(c *check) {
	n := c.open()
	for round := range 5 {
		for _, name := range []string{"a", "b", "c", "d"} {
			a := &account{room: fmt.Sprint(name, round)}
			c.try(n, a, slices.Concat(records(0, 20), []op{replaceOp("s"), replaceOp(), deleteOp()}, records(20, 40))...)
			c.verify(n, a)
		}
	}
}

// testLoad: Load waits for what was appended before, and says what is a snapshot.
func testLoad(c *check) {
	n := c.open()
	for i := range 10 {
		a := &account{room: fmt.Sprint("a", i)}
		f, ops := c.flight(a.room), slices.Concat(records(0, 5), []op{replaceOp("s", "t")}, records(5, 40))
		f.send(c.log(n, a.room), ops...)
		found := c.read(n, a.room)
		answers, sent := f.sofar()
		if len(answers) < sent {
			c.Fatalf("Load has returned when %d of %d writes were answered", len(answers), sent)
		}
		if _, err := a.judge(n, ops, answers); err != nil {
			c.Fatal(err)
		}
		if _, err := a.settle(found); err != nil {
			c.Fatal(err)
		}
	}
}

// testLoadContext: Load and Rooms end with their context.
func testLoadContext(c *check) {
	n, a := c.open(), &account{room: "a"}
	c.write(n, a, records(0, 3)...)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	log := c.log(n, a.room)
	check := func(what string, err error) {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, engine.ErrClosed) {
			c.Errorf("%s with a context that has ended yields the error %v", what, err)
		}
	}
	_, err := collect(log.Load(ctx, a.room))
	check("Load", err)
	_, err = collect(log.Rooms(ctx))
	check("Rooms", err)
	c.verify(n, a)
}

// testBytes: what is loaded belongs to the caller, and so does a record when it is
// answered. Any bytes are a record.
func testBytes(c *check) {
	n, a := c.open(), &account{room: "a"}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	c.write(n, a, op{record: all}, op{record: nil}, op{record: []byte{}}, op{record: []byte{0}})
	buf := []byte("first")
	c.write(n, a, op{record: buf})
	a.sure = slices.Clone(a.sure)
	a.sure[len(a.sure)-1].Bytes = []byte("first")
	copy(buf, "other")
	for range 2 {
		found := c.read(n, a.room)
		if _, err := a.settle(found); err != nil {
			c.Fatal(err)
		}
		a.sure = nil
		for _, chunk := range found {
			a.sure = append(a.sure, engine.Chunk{Bytes: bytes.Clone(chunk.Bytes)})
			for i := range chunk.Bytes {
				chunk.Bytes[i] ^= 0xff
			}
		}
	}
	// Only the empty record.
	b := &account{room: "b"}
	c.write(n, b, op{})
	c.verify(n, b)
}

// testReplace: a snapshot takes the place of all that was before.
func testReplace(c *check) {
	n, a := c.open(), &account{room: "a"}
	c.write(n, a, replaceOp("s"))
	c.verify(n, a)
	c.write(n, a, slices.Concat(records(0, 10), []op{replaceOp("t", "", "u")}, records(10, 20))...)
	c.verify(n, a)
	// Parts of the largest size.
	big := op{kind: replaced}
	for i := range 5 {
		big.parts = append(big.parts, bytes.Repeat([]byte{byte('a' + i)}, engine.MaxRecord))
	}
	c.write(n, a, big, appendOp("after"))
	c.verify(n, a)
	c.write(n, a, replaceOp("small"), appendOp("after"))
	c.verify(n, a)
	// Without parts it is a deletion.
	c.write(n, a, replaceOp())
	c.verify(n, a)
	if names := c.names(n, a.room); len(names) > 0 {
		c.Errorf("Rooms yields %q after a snapshot without parts", names)
	}
	c.write(n, a, appendOp("again"))
	c.verify(n, a)
}

// testDelete: a room that was deleted is as one that never was.
func testDelete(c *check) {
	n, a := c.open(), &account{room: "a"}
	c.write(n, a, deleteOp())
	c.write(n, a, slices.Concat([]op{replaceOp("s")}, records(0, 10))...)
	c.write(n, a, deleteOp())
	c.verify(n, a)
	if names := c.names(n, a.room); len(names) > 0 {
		c.Errorf("Rooms yields %q after Delete", names)
	}
	c.write(n, a, slices.Concat(records(0, 10), []op{deleteOp()}, records(10, 13))...)
	c.verify(n, a)
}

// testTooLarge: MaxRecord is the largest size, of records and of parts.
func testTooLarge(c *check) {
	largest := strings.Repeat("x", engine.MaxRecord)
	for name, tooLarge := range map[string]op{
		"record": appendOp(largest + "x"),
		"part":   replaceOp("s", largest+"x", "t"),
	} {
		n, a := c.current(), &account{room: name}
		c.write(n, a, replaceOp(largest), appendOp(largest), appendOp("after"))
		c.verify(n, a)
		before := len(a.sure)
		if c.try(n, a, tooLarge) > 0 {
			c.Errorf("a %s of MaxRecord+1 bytes is stored", name)
		}
		if c.verify(n, a); len(a.sure) != before {
			c.Errorf("a %s of MaxRecord+1 bytes has changed what is stored", name)
		}
		c.write(n, a, appendOp("at the end"))
		c.verify(n, a)
	}
}

// testBroken: after a failure nothing is stored until the room is loaded, to its end.
func testBroken(c *check) {
	n := c.open()
	tooLarge := op{record: make([]byte, engine.MaxRecord+1)}
	for round := range 5 {
		a, other := &account{room: fmt.Sprint("a", round)}, &account{room: fmt.Sprint("b", round)}
		c.write(n, a, records(0, 10)...)
		// Those that are on their way.
		c.try(n, a, slices.Concat(records(10, 15), []op{tooLarge}, records(15, 20))...)
		// And those that come when it has been answered.
		for _, o := range []op{appendOp("20"), replaceOp("s"), deleteOp()} {
			if err := c.broken(n, a, o); err == nil {
				c.Fatalf("%v is stored, although a write before it has failed", o)
			}
		}
		// A room that is half read is not read.
		ctx, cancel := c.context()
		begin(c, c.log(n, a.room).Load(ctx, a.room))
		cancel()
		if err := c.broken(n, a, appendOp("21")); err == nil {
			c.Fatal("a record is stored, although the room was not read to its end")
		}
		c.write(n, other, records(0, 5)...)
		c.verify(n, other)
		c.verify(n, a)
		c.write(n, a, records(22, 30)...)
		c.verify(n, a)
	}
}

// broken writes to a room that has failed. It returns the answer.
func (c *check) broken(n *node, a *account, o op) error {
	c.Helper()
	// The partition may be new if it was lost: then nothing has failed.
	log := c.log(n, a.room)
	if n.fenced.Load() {
		return engine.ErrFenced
	}
	f := c.flight(a.room)
	f.send(log, o)
	err := f.wait(c)[0]
	if err != nil && !errors.Is(err, engine.ErrBroken) && !errors.Is(err, engine.ErrFenced) && !errors.Is(err, engine.ErrClosed) {
		c.Errorf("%v after a failure fails with %q", o, err)
	}
	return err
}

// current returns the node that is open, or opens one.
func (c *check) current() *node {
	c.Helper()
	if len(c.nodes) > 0 {
		return c.nodes[len(c.nodes)-1]
	}
	return c.open()
}
