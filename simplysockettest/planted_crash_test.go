package simplysockettest

import (
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// CrashPlanted ends the process of a room and restores it after some time: no connection and
// no task is left. If the sessions have ended as well, all members leave; otherwise they are
// away and may resume.
func CrashPlanted(r *Room, down time.Duration, ended bool) {
	r.t.Helper()
	if r.closed {
		r.advance(down)
		return
	}
	snapshot, err := r.room.Snapshot()
	if err == nil {
		err = r.room.Restore(snapshot)
	}
	if err != nil {
		r.t.Fatalf("room %q cannot be restored: %v", r.name, err)
	}
	r.now, r.tasks = r.now.Add(down), nil
	e := room.Entry{Kind: room.KindRestore, Number: uint64(down)} //nolint:gosec // it is not negative
	if ended {
		e.Flags = room.FlagEnded
	}
	for _, c := range r.clients {
		if !c.away {
			c.away, c.windowEnds = true, r.now.Add(r.limits.ResumeWindow)
		}
		c.ended = c.ended || ended || !c.session
	}
	r.step(nil, &e)
	r.settle()
	if r.inTrouble() {
		r.tell()
	}
}
