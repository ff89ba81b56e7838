package simplysocket

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// clocks is what is still to come for a room: named timers and tasks, and the
// ticks of Every. Everything in it reaches the room as an entry.
type clocks struct {
	timers map[string]*timer
	tasks  map[string]*task
	ticks  []*tick
	alarms uint64
}

// alarm is an entry that will be posted.
type alarm struct {
	gen   uint64
	clock *time.Timer
}

func (a *alarm) stop() { a.clock.Stop() }

// alarm posts e after d. The entry carries the alarm's number, by which one that
// was stopped too late is known.
func (r *Room) alarm(d time.Duration, e entry) *alarm {
	r.alarms++
	e.gen = r.alarms
	return &alarm{gen: e.gen, clock: time.AfterFunc(d, func() {
		_ = r.post(&e) // a room that has closed needs no alarm
	})}
}

// timeUp runs a timer that has run out, unless it was set again or stopped meanwhile.
func (c *clocks) timeUp(e *entry) error {
	t := c.timers[e.target]
	if t == nil || t.alarm == nil || t.alarm.gen != e.gen {
		return nil
	}
	t.alarm = nil
	return t.run(e.body)
}

// beat runs an Every that is due.
func (c *clocks) beat(e *entry) {
	for _, t := range c.ticks {
		if t.alarm.gen == e.gen {
			t.again()
			t.run()
			return
		}
	}
}

// taskDone takes the result of a task to its function.
func (c *clocks) taskDone(e *entry) error {
	if t := c.tasks[e.target]; t != nil {
		return t.done(e.body, e.failed)
	}
	return nil
}

// startClocks starts the ticks, once the setup is done.
func (r *Room) startClocks() {
	for _, t := range r.ticks {
		t.due = r.now
		t.again()
	}
}

func (r *Room) stopClocks() {
	for _, t := range r.timers {
		t.stop()
	}
	for _, t := range r.ticks {
		if t.alarm != nil {
			t.alarm.stop()
		}
	}
}

// tick is one Every.
type tick struct {
	room  *Room
	every time.Duration
	due   time.Time
	run   func()
	alarm *alarm
}

// again sets the next tick. It keeps to the beat; beats that a busy room has
// missed are left out.
func (t *tick) again() {
	t.due = t.due.Add(t.every)
	if late := t.room.now.Sub(t.due); late > 0 {
		t.due = t.due.Add(late.Truncate(t.every) + t.every)
	}
	t.alarm = t.room.alarm(t.due.Sub(t.room.now), entry{kind: entryTick})
}

// Every calls f in the room's turn every d, from the end of the setup to the
// close of the room. A beat which the room is too busy for is left out. It
// belongs in the room's setup; d must be positive.
func (r *Room) Every(d time.Duration, f func()) {
	r.mustSetUp("Every")
	if d <= 0 {
		panic("simplysocket: Every needs a positive duration")
	}
	r.ticks = append(r.ticks, &tick{room: r, every: d, run: f})
}

// timer is the untyped core of a Timer.
type timer struct {
	name  string
	run   func(json.RawMessage) error
	alarm *alarm
}

func (t *timer) stop() {
	if t.alarm != nil {
		t.alarm.stop()
		t.alarm = nil
	}
}

// Timer calls the room back once, some time after it was set. Its name and what
// it was set with can be encoded, so that it outlives the process.
type Timer[T any] struct {
	room  *Room
	timer *timer
}

// NewTimer registers a timer of that name. When it runs out, run is called in
// the room's turn with what it was set with, decoded from its JSON form. An
// error is logged and drops the output. NewTimer belongs in the room's setup
// and panics elsewhere, as for a name that is taken.
func NewTimer[T any](r *Room, name string, run func(T) error) *Timer[T] {
	r.mustSetUp("NewTimer")
	if r.timers[name] != nil {
		panic(fmt.Sprintf("simplysocket: room %s has a timer %q already", r.name, name))
	}
	t := &timer{name: name, run: func(raw json.RawMessage) error {
		var with T
		if err := json.Unmarshal(raw, &with); err != nil {
			return fmt.Errorf("timer %q: %w", name, err)
		}
		return run(with)
	}}
	if r.timers == nil {
		r.timers = map[string]*timer{}
	}
	r.timers[name] = t
	return &Timer[T]{room: r, timer: t}
}

// Set has the timer run out after d, with the value it is given; a time set
// before is forgotten. In a handler it takes effect when the handler returns
// nil. It panics for a value that has no JSON form.
func (t *Timer[T]) Set(d time.Duration, with T) {
	raw, err := json.Marshal(with)
	if err != nil {
		panic(fmt.Sprintf("simplysocket: timer %q: %v", t.timer.name, err))
	}
	r, core := t.room, t.timer
	r.mustSpeak("Timer.Set")
	due := r.now.Add(d)
	r.after(func() {
		core.stop()
		core.alarm = r.alarm(time.Until(due), entry{kind: entryTimer, target: core.name, body: raw})
	})
}

// Stop forgets the time that was set. In a handler it takes effect when the
// handler returns nil.
func (t *Timer[T]) Stop() {
	t.room.mustSpeak("Timer.Stop")
	t.room.after(t.timer.stop)
}

// taskError is what an entry keeps of a task's error.
type taskError struct {
	code    protocol.Code
	message string
}

func (e *taskError) err() error {
	switch {
	case e == nil:
		return nil
	case e.code != "":
		return &Error{Code: e.code, Message: e.message}
	default:
		return fmt.Errorf("task: %s", e.message)
	}
}
