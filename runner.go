package simplysocket

import (
	"sync/atomic"
	"time"
)

// runners lend goroutines to the turns of rooms. A room has one only while there
// is work; but one that is started anew grows its stack in every turn, which is a
// tenth of what a message to a room of 4 takes. So a goroutine that is done with
// a turn waits a moment for that of another room.
type runners struct {
	turns   chan *Room // to those who wait
	waiting atomic.Int32
	closed  chan struct{}
}

const (
	// mostWaiting bounds those who wait. A turn waits for nothing, so that as many
	// are used as there are processors.
	mostWaiting = 16
	// lingering is how long one waits: at less than a turn in that time nobody
	// feels what a turn takes.
	lingering = 100 * time.Millisecond
)

func newRunners() runners {
	return runners{turns: make(chan *Room), closed: make(chan struct{})}
}

// run has the room take its turn, on a goroutine that waits or on a new one.
func (rs *runners) run(r *Room) {
	select {
	case rs.turns <- r:
	default:
		go rs.serve(r)
	}
}

// serve is such a goroutine. Code of the application may end it in a turn.
func (rs *runners) serve(r *Room) {
	timer := time.NewTimer(lingering)
	defer timer.Stop()
	for r != nil {
		r.run()
		timer.Reset(lingering)
		r = rs.next(timer)
	}
}

// next returns a room whose turn it is, or nil if enough others wait for one, or
// none comes.
func (rs *runners) next(timer *time.Timer) *Room {
	defer rs.waiting.Add(-1)
	if rs.waiting.Add(1) > mostWaiting {
		return nil
	}
	select {
	case r := <-rs.turns:
		return r
	case <-timer.C:
		return nil
	case <-rs.closed:
		return nil
	}
}

// close ends those who wait, and whoever would wait from now on. Turns go on.
func (rs *runners) close() { close(rs.closed) }
