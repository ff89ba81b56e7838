package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// testClose: Close waits for what was appended. What comes later fails.
func testClose(c *check) {
	n := c.open()
	all, flights, logs, ops := []*account{}, []*flight{}, []engine.Log{}, records(0, 50)
	for i := range 10 {
		a := &account{room: fmt.Sprint("room/", i)}
		all, flights, logs = append(all, a), append(flights, c.flight(a.room)), append(logs, c.log(n, a.room))
		flights[i].send(logs[i], ops...)
	}
	c.close(n)
	for i, a := range all {
		answers, sent := flights[i].sofar()
		if len(answers) < sent {
			c.Fatalf("Close has returned when %d of %d writes were answered", len(answers), sent)
		}
		if _, err := a.judge(n, ops, answers); err != nil {
			c.Fatal(err)
		}
	}
	for i := range all {
		answers, _ := flights[i].sofar()
		for _, err := range answers {
			if errors.Is(err, engine.ErrClosed) && !n.fenced.Load() {
				c.Fatalf("Close returns nil, and a write before it has failed: %v", err)
			}
		}
	}
	for i, a := range all {
		flights[i].send(logs[i], appendOp("late"), deleteOp(), replaceOp("late"))
		answers := flights[i].wait(c)[len(ops):]
		for _, err := range answers {
			if !errors.Is(err, engine.ErrClosed) {
				c.Errorf("a write after Close is answered with %v", err)
			}
		}
		ctx, cancel := c.context()
		if _, err := collect(logs[i].Load(ctx, a.room)); !errors.Is(err, engine.ErrClosed) {
			c.Errorf("Load after Close yields the error %v", err)
		}
		if _, err := collect(logs[i].Rooms(ctx)); !errors.Is(err, engine.ErrClosed) {
			c.Errorf("Rooms after Close yields the error %v", err)
		}
		cancel()
	}
	c.verifyAll(c.open(), all)
}

// testCloseContext: if its context ends, Close gives up waiting and still all is answered.
func testCloseContext(c *check) {
	for round := range times(10) {
		n := c.open()
		a, ops := &account{room: fmt.Sprint("room/", round)}, records(0, 100)
		f := c.flight(a.room)
		f.send(c.log(n, a.room), ops...)
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.rng.IntN(1000))*time.Microsecond)
		err := c.closeWithin(ctx, n)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			c.Errorf("Close: %v", err)
		}
		answers, sent := f.sofar()
		if len(answers) < sent {
			c.Fatalf("Close has returned when %d of %d writes were answered", len(answers), sent)
		}
		if _, err := a.judge(n, ops, answers); err != nil {
			c.Fatal(err)
		}
		n = c.open()
		c.verify(n, a)
		c.close(n)
	}
}

// testReopen: what is stored outlives the engine, and goes on.
func testReopen(c *check) {
	a, b, gone := &account{room: "a"}, &account{room: "b"}, &account{room: "c"}
	for round := range 4 {
		n := c.open()
		// Without a Load before.
		c.write(n, a, records(10*round, 10*round+10)...)
		c.write(n, b, replaceOp(fmt.Sprint("snapshot ", round), "and more"), appendOp(fmt.Sprint(round)))
		c.write(n, gone, appendOp("1"), deleteOp())
		c.verifyAll(n, []*account{a, b, gone})
		c.close(n)
	}
	c.verifyAll(c.open(), []*account{a, b, gone})
}

// testCrash: what was answered is stored, and of the rest what comes first.
func testCrash(c *check) {
	c.crasher()
	all := make([]*account, 10)
	for i := range all {
		all[i] = &account{room: fmt.Sprint("room/", i)}
	}
	for range times(20) {
		c.crashUnderLoad(all, func(c *check, a *account) op { return a.makeUp(c.rng, 1)[0] })
	}
	c.verifyAll(c.open(), all)
}

// testCrashInSnapshot: a snapshot is stored whole or not at all.
func testCrashInSnapshot(c *check) {
	c.crasher()
	all := []*account{{room: "a"}, {room: "b"}, {room: "c"}}
	for range times(20) {
		c.crashUnderLoad(all, func(c *check, a *account) op {
			a.n++
			if c.rng.IntN(2) == 0 {
				return appendOp(fmt.Sprint(a.n))
			}
			o := op{kind: replaced}
			for i := range 2 + c.rng.IntN(3) {
				part := bytes.Repeat(fmt.Append(nil, a.n, i, ";"), engine.MaxRecord/8)
				o.parts = append(o.parts, part[c.rng.IntN(len(part)):])
			}
			return o
		})
	}
	c.verifyAll(c.open(), all)
}

// crashUnderLoad verifies all rooms, and has a crash while each writes.
func (c *check) crashUnderLoad(all []*account, next func(*check, *account) op) {
	c.Helper()
	n := c.open()
	for _, a := range all {
		c.verify(n, a)
	}
	var over atomic.Bool
	flights, written := make([]*flight, len(all)), make([][]op, len(all))
	for i, a := range all {
		flights[i] = c.flight(a.room)
	}
	c.parallel(len(all)+1, func(c *check, i int) {
		if i == len(all) {
			time.Sleep(time.Duration(c.rng.IntN(3000)) * time.Microsecond)
			c.crash(n)
			over.Store(true)
			return
		}
		log := n.current(all[i].room)
		for log != nil && !over.Load() {
			answers, sent := flights[i].sofar()
			if len(answers) > 0 && answers[len(answers)-1] != nil {
				return
			}
			if sent-len(answers) < 20 {
				o := next(c, all[i])
				written[i] = append(written[i], o)
				flights[i].send(log, o)
			}
			time.Sleep(time.Duration(c.rng.IntN(100)) * time.Microsecond)
		}
	})
	for i, a := range all {
		if _, err := a.judge(n, written[i], flights[i].end()); err != nil {
			c.Fatalf("room %s: %v", brief([]byte(a.room)), err)
		}
	}
	n = c.open()
	for _, a := range all {
		c.verify(n, a)
	}
	c.close(n)
}
