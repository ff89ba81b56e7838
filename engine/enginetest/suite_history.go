package enginetest

import (
	"fmt"
	"time"
)

// testHistory: random writes to a few rooms, with engines that are closed and crash.
func testHistory(c *check) {
	for i := range times(10) {
		(&history{check: c, prefix: fmt.Sprint(i, "/"), steps: 60}).run()
	}
}

// history is a random sequence of what a host does with an engine.
type history struct {
	*check
	prefix string // of the names of the rooms
	steps  int
	// between is called before each step; nil: nothing happens there.
	between func(*node)
}

func (h *history) run() {
	h.Helper()
	var all []*account
	for i := range 4 {
		all = append(all, &account{room: fmt.Sprint(h.prefix, i)})
	}
	_, crashes := h.harness.(Crasher)
	n := h.open()
	for range h.steps {
		if h.between != nil {
			h.between(n)
		}
		a := all[h.rng.IntN(len(all))]
		switch h.rng.IntN(12) {
		case 0:
			h.close(n)
			n = h.open()
		case 1, 2:
			if !crashes {
				continue
			}
			h.crashAt(n, all)
			n = h.open()
			h.verifyEach(n, all)
		case 3, 4:
			h.verify(n, a)
		default:
			// If it fails, the next writes would too.
			if ops := a.makeUp(h.rng, 1+h.rng.IntN(8)); h.try(n, a, ops...) < len(ops) {
				h.verify(n, a)
			}
		}
	}
	h.verifyEach(n, all)
	h.close(n)
}

func (h *history) verifyEach(n *node, all []*account) {
	h.Helper()
	for _, a := range all {
		h.verify(n, a)
	}
}

// crashAt has a crash when all rooms have written.
func (h *history) crashAt(n *node, all []*account) {
	h.Helper()
	flights, written := make([]*flight, len(all)), make([][]op, len(all))
	for i, a := range all {
		flights[i], written[i] = h.flight(a.room), a.makeUp(h.rng, h.rng.IntN(6))
		flights[i].send(h.log(n, a.room), written[i]...)
	}
	time.Sleep(time.Duration(h.rng.IntN(1500)) * time.Microsecond)
	h.crash(n)
	for i, a := range all {
		if _, err := a.judge(n, written[i], flights[i].end()); err != nil {
			h.Fatalf("room %s: %v", a.room, err)
		}
	}
}
