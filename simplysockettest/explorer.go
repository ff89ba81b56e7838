package simplysockettest

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// explorer explores one room.
type explorer struct {
	t         testing.TB
	name      string
	srv       *simplysocket.Server
	options   *options
	configure func(*Exploration)
	open      string // the function of the kit that opens the room, for the report
	setup     string // its argument

	room, twin testroom.Room // which all runs use, one after the other
	surface    testroom.Surface
	capacity   int
	kept       []any // what a new room keeps
	stuck      atomic.Pointer[step]
}

// explore runs all runs, or reports the first that fails.
func explore(t testing.TB, e *explorer) {
	t.Helper()
	var err error
	if e.room, err = testroom.New(e.srv, e.name, slog.New(slog.DiscardHandler)); err == nil {
		e.twin, err = testroom.New(e.srv, e.name, slog.New(slog.DiscardHandler))
	}
	if err != nil {
		t.Fatalf("room %q: %v", e.name, err)
	}
	defer func() {
		e.room.Discard()
		e.twin.Discard()
	}()
	x := e.newExploration()
	e.probe()
	first, last := 1, x.runs
	if *runFlag > 0 {
		first, last = *runFlag, *runFlag
	}
	for n := first; n <= last; n++ {
		p := newPlan(e, rand.New(rand.NewPCG(x.seed, uint64(n))))
		before := t.Failed()
		r := e.play(p.next)
		if t.Failed() && !before {
			r.ended = false
		}
		if !r.ended {
			r.find("", "the code of the test has failed it; an invariant should return its error instead")
		}
		if r.finding != nil {
			e.report(x.seed, n, r)
			return
		}
	}
}

// probe learns what the room takes. It finds nothing that the runs would not find.
func (e *explorer) probe() {
	joined := false
	e.play(func(r *run) (step, bool) {
		if info, changed := r.room.room.Machine().Info(); changed {
			e.capacity = info.Capacity
		}
		e.surface = *r.room.room.Surface()
		e.kept = keptBy(r.room)
		more := !joined
		joined = true
		return step{kind: stepJoin, client: "ann"}, more
	})
}

// keptBy returns the keys and values that a room keeps.
func keptBy(r *Room) (all []any) {
	for _, d := range r.room.Machine().Declared() {
		fields, _, err := r.room.Machine().Kept(d.Name)
		if err != nil {
			continue // the runs find it
		}
		for _, f := range fields {
			var v any
			if json.Unmarshal(f.Form, &v) == nil {
				all = append(all, f.Key, v)
			}
		}
	}
	return all
}

// patienceOfRun is how long a run may take. It takes milliseconds.
const patienceOfRun = time.Minute

// play opens the room and takes the steps that next returns, until it has none or something
// fails. The test's own code may end the goroutine.
func (e *explorer) play(next func(*run) (step, bool)) *run {
	r := e.newRun()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.play(next)
	}()
	overdue := time.NewTimer(patienceOfRun)
	defer overdue.Stop()
	select {
	case <-done:
	case <-overdue.C:
		e.t.Fatalf("room %q does not return from %s", e.name, e.stuck.Load())
	}
	r.close()
	return r
}
