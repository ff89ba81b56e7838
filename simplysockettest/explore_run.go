package simplysockettest

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// run is one run of an exploration. Its steps are data: taken again in a room that has just
// opened, they have the same result.
type run struct {
	e       *explorer
	x       *Exploration
	room    *Room
	test    *capture
	steps   []step // that were taken
	lines   []line // of the same steps
	reply   []byte // of the newest step
	refused bool   // the newest step was
	why     string // it was
	where   string // the check that runs
	finding *finding
	ended   bool // it came to its end
}

// finding is what a run has found.
type finding struct {
	kind string // findings of one kind are taken for the same
	text string
}

func (e *explorer) newRun() *run {
	r := &run{e: e, x: e.newExploration(), test: &capture{TB: e.t}}
	o := e.options
	r.room = &Room{
		t: r.test, log: slog.New(slog.DiscardHandler), name: e.name, seed: o.seed, now: o.start, byID: map[string]*Client{}, words: map[string]string{},
		room: e.room, limits: e.room.Limits(),
	}
	if !r.x.remembers && !e.surface.Ephemeral {
		r.room.twin = &twin{room: e.twin, keeps: o.kept}
		r.room.twin.record(r.room)
	}
	return r
}

// play is the run, on a goroutine that the code of the test may end.
func (r *run) play(next func(*run) (step, bool)) {
	defer func() {
		if v := recover(); v != nil {
			r.find("panic in the test", "the code of the test panics: %v at %s", v, siteOf(stack()))
		}
		r.ended = r.ended || r.finding != nil
		if !r.ended {
			r.look()
			r.ended = r.finding != nil
		}
	}()
	for _, room := range []testroom.Room{r.e.room, r.e.twin} {
		room.Discard()
		for _, _, ok := room.Posted(); ok; _, _, ok = room.Posted() { // it is of another run
		}
	}
	r.room.expecting = true
	if err := r.room.open(); err != nil {
		r.find("setup", "the setup fails: %v", withSite(err))
	}
	r.look()
	for r.finding == nil {
		s, more := next(r)
		if !more {
			break
		}
		r.take(s)
	}
	r.ended = true
}

// take takes a step if there is sense in it, and checks what must hold after it.
func (r *run) take(s step) {
	if s.kind == stepEnd {
		r.steps = append(r.steps, s)
		r.end()
	} else if r.steps = append(r.steps, s); !r.perform(s) { // first, because it may end the goroutine
		r.steps = r.steps[:len(r.steps)-1]
	}
}

// perform takes a step, and reports whether there was sense in it.
func (r *run) perform(s step) bool {
	r.e.stuck.Store(&s)
	r.room.expecting, r.room.failures = true, nil
	r.reply, r.refused, r.why = nil, false, ""
	r.lines = append(r.lines, line{})
	l, taken := r.do(&s)
	if !taken {
		r.lines = r.lines[:len(r.lines)-1]
		return false
	}
	r.lines[len(r.lines)-1] = l
	if r.look(); r.finding == nil {
		r.check("the invariant", r.x.invariants)
	}
	return true
}

// end has all come to its end that was begun, and checks what must hold finally.
func (r *run) end() {
	const rounds = 5
	long := len(r.x.finals) > 0
	for range rounds {
		for _, c := range r.room.clients {
			if c.away || c.cut {
				r.endBy(step{kind: stepResume, client: c.id})
			}
		}
		for _, t := range r.room.Tasks() {
			s := step{kind: stepTask, action: t.name}
			if r.x.outcomes[t.name] != nil { // its own function is not to run
				s.outcome, s.body = outcomeFail, []byte("it was to end")
			}
			r.endBy(s)
		}
		if _, due := r.room.nextAlarm(); !due {
			break
		}
		r.endBy(step{kind: stepClock, until: momentAlarm, long: long})
	}
	r.endBy(step{kind: stepClock, wait: time.Minute, long: long})
	if r.finding == nil {
		r.check("at the end, what must hold finally,", r.x.finals)
	}
}

// endBy takes a step that belongs to the end.
func (r *run) endBy(s step) {
	if r.finding == nil {
		r.perform(s)
	}
}

// check checks what must hold.
func (r *run) check(what string, all []invariant) {
	for _, i := range all {
		r.where = i.name
		err := i.check(r.room)
		r.look()
		if r.where = ""; r.finding != nil {
			return
		}
		if err != nil {
			r.find("invariant "+i.name, "%s %q does not hold: %v", what, i.name, err)
			return
		}
	}
}

// find notes what was found first.
func (r *run) find(kind, format string, args ...any) {
	if r.finding == nil {
		r.finding = &finding{kind, fmt.Sprintf(format, args...)}
	}
}

// kinds are the words that stay the same in failures of one kind. The rest names entries,
// members and values.
var kinds = []string{
	"answers differently after a restore", "keeps something different after a restore", "keeps what failed",
	"changes what it does not set", "cannot be restored", "cannot be written down", "does not come to rest",
	"a restored room would differ",
}

// look finds what the kit or the code of the test has noted.
func (r *run) look() {
	for _, f := range r.room.failures {
		switch {
		case f.Stack != nil:
			r.find("panic at "+siteOf(f.Stack), "%s at %s", f, siteOf(f.Stack))
		case !r.tolerates(f):
			r.find("failure of "+f.Where+" in "+withoutNames(f.Entry), "the code of the room fails: %s", f)
		}
	}
	for _, text := range r.room.found {
		kind := text
		for _, known := range kinds {
			if strings.Contains(text, known) {
				kind = known
			}
		}
		r.find("kit: "+withoutNames(kind), "the room%s", text)
	}
	r.room.failures, r.room.trouble = nil, trouble{}
	if r.test.failed {
		text := r.test.text
		if r.where != "" {
			text = fmt.Sprintf("the invariant %q does not hold: %s", r.where, text)
		}
		r.find("test "+r.where, "%s", text)
	}
}

func (r *run) tolerates(f Failure) bool {
	for _, is := range r.x.tolerated {
		if is(f) {
			return true
		}
	}
	return false
}

// close ends what the run has begun.
func (r *run) close() {
	for i := len(r.test.cleanups) - 1; i >= 0; i-- {
		r.test.cleanups[i]()
	}
}

// capture is the test as the code of a run sees it: its failures are those of the run.
type capture struct {
	testing.TB
	failed   bool
	text     string
	cleanups []func()
}

func (c *capture) note(text string) {
	if !c.failed {
		c.failed, c.text = true, strings.TrimSuffix(text, "\n")
	}
}

func (c *capture) Helper()                        {}
func (c *capture) Output() io.Writer              { return io.Discard }
func (c *capture) Log(...any)                     {}
func (c *capture) Logf(string, ...any)            {}
func (c *capture) Failed() bool                   { return c.failed }
func (c *capture) Fail()                          { c.note("the test fails") }
func (c *capture) Error(args ...any)              { c.note(fmt.Sprintln(args...)) }
func (c *capture) Errorf(format string, a ...any) { c.note(fmt.Sprintf(format, a...)) }
func (c *capture) Cleanup(f func())               { c.cleanups = append(c.cleanups, f) }

func (c *capture) FailNow() {
	c.Fail()
	runtime.Goexit()
}

func (c *capture) Fatal(args ...any) {
	c.Error(args...)
	runtime.Goexit()
}

func (c *capture) Fatalf(format string, a ...any) {
	c.Errorf(format, a...)
	runtime.Goexit()
}
