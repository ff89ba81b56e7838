package enginetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// testStart: the host is called one at a time, with logs that can be read.
func testStart(c *check) {
	a := &account{room: "a"}
	n := c.open()
	c.write(n, a, appendOp("1"), appendOp("2"))
	c.close(n)

	e, err := c.harness.Open()
	if err != nil {
		c.Fatal(err)
	}
	n = c.host(e)
	found := make(chan error, 1)
	n.onOwn = func(_ int, log engine.Log) error {
		time.Sleep(time.Millisecond) // a second call is noticed
		ctx, cancel := c.context()
		defer cancel()
		names, err := collect(log.Rooms(ctx))
		if err != nil || len(names) == 0 {
			return err
		}
		chunks, err := collect(log.Load(ctx, a.room))
		if _, settled := a.settle(chunks); err == nil {
			err = settled
		}
		select {
		case found <- err:
		default:
		}
		return nil
	}
	c.start(n)
	c.log(n, a.room)
	select {
	case err := <-found:
		if err != nil && !errors.Is(err, engine.ErrClosed) {
			c.Errorf("reading within Own: %v", err)
		}
	default:
		if !n.fenced.Load() {
			c.Error("Rooms, called within Own, has not found the room")
		}
	}
}

// testOwnFails: Start returns what Own has returned.
func testOwnFails(c *check) {
	e, err := c.harness.Open()
	if err != nil {
		c.Fatal(err)
	}
	n := c.host(e)
	refused := errors.New("refused")
	n.onOwn = func(int, engine.Log) error { return refused }
	ctx, cancel := c.context()
	defer cancel()
	err = e.Start(ctx, n)
	n.mu.Lock()
	owned := n.owned
	n.mu.Unlock()
	if owned > 0 && !errors.Is(err, refused) {
		c.Errorf("Start returns %v after Own has failed", err)
	}
}

// testPartition: a room stays in its partition.
func testPartition(c *check) {
	want := map[string]int{}
	for range 2 {
		n := c.open()
		for i := range 500 {
			room := fmt.Sprintf("room/%d", i%250)
			p := n.engine.Partition(room)
			if before, ok := want[room]; p < 0 || ok && p != before {
				c.Fatalf("room %s is in partition %d, and was in %d", room, p, before)
			}
			want[room] = p
		}
		c.close(n)
	}
}
