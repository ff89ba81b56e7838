package enginetest

import (
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// contender returns a node that is not started, and takes all partitions when it is.
func (c *check) contender() *node {
	c.Helper()
	h, ok := c.harness.(Contender)
	if !ok {
		c.Skip("the harness is no Contender: a partition cannot get another owner")
	}
	e, err := h.Contend()
	if err != nil {
		c.Fatalf("Contend: %v", err)
	}
	return c.host(e)
}

// testContend: who has lost a partition writes nothing any more, and learns that it has.
func testContend(c *check) {
	elder := c.open()
	younger := c.contender()
	all, logs := []*account{}, []engine.Log{}
	for i := range 5 {
		a := &account{room: fmt.Sprint("room/", i)}
		c.write(elder, a, records(0, 10)...)
		c.verify(elder, a)
		all, logs = append(all, a), append(logs, c.log(elder, a.room))
	}
	c.start(younger)
	for i, a := range all {
		if elder.engine.Partition(a.room) != younger.engine.Partition(a.room) {
			c.Errorf("room %s is not in the same partition on both nodes", a.room)
		}
		c.log(younger, a.room)
		f := c.flight(a.room)
		f.send(logs[i], appendOp("elder"), replaceOp("elder"), deleteOp())
		for _, err := range f.wait(c) {
			if err == nil {
				c.Fatalf("room %s: a write of the elder is stored", a.room)
			}
		}
		c.verify(younger, a)
		c.write(younger, a, records(10, 20)...)
	}
	for i, a := range all {
		c.eventually("Lose of what was taken", func() bool { return elder.current(a.room) != logs[i] })
		f := c.flight(a.room)
		f.send(logs[i], appendOp("elder"))
		if err := f.wait(c)[0]; !errors.Is(err, engine.ErrClosed) {
			c.Errorf("a write after Lose is answered with %v", err)
		}
		ctx, cancel := c.context()
		if _, err := collect(logs[i].Load(ctx, a.room)); !errors.Is(err, engine.ErrClosed) {
			c.Errorf("Load after Lose yields the error %v", err)
		}
		cancel()
		c.verify(younger, a)
	}
	c.verifyAll(younger, all)
}

// testContendUnderLoad: the new owner finds all that the elder was told is stored.
func testContendUnderLoad(c *check) {
	for round := range times(10) {
		elder := c.open()
		younger := c.contender()
		all, logs := make([]*account, 10), make([]engine.Log, 10)
		for i := range all {
			all[i] = &account{room: fmt.Sprintf("room/%d/%d", round, i)}
			logs[i] = c.log(elder, all[i].room)
		}
		c.parallel(len(all)+1, func(c *check, i int) {
			if i == len(all) {
				c.start(younger)
				return
			}
			for a := all[i]; ; {
				f, ops := c.flight(a.room), a.makeUp(c.rng, 3)
				f.send(logs[i], ops...)
				stored, err := a.judge(elder, ops, f.wait(c))
				if err != nil {
					c.Fatalf("room %s: %v", a.room, err)
				}
				if stored < len(ops) {
					return
				}
			}
		})
		for _, a := range all {
			c.verify(younger, a)
			c.write(younger, a, a.makeUp(c.rng, 5)...)
			c.verify(younger, a)
		}
		c.close(elder)
		c.close(younger)
	}
}
