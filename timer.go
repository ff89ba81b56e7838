package simplysocket

import (
	"encoding/json"
	"fmt"
	"time"
)

// Every calls f in the room's turn every d, from the end of the setup until the room
// closes. Calls that a busy room has missed are skipped. d must be positive. An error of f
// is logged and drops the output. Call Every during setup.
func (r *Room) Every(d time.Duration, f func() error) {
	r.mustSetUp("Every")
	if d <= 0 {
		panic("simplysocket: Every needs a positive duration")
	}
	r.core.Every(d)
	r.ticks = append(r.ticks, f)
}

// Timer calls the room back once, some time after it was set.
type Timer[T any] struct {
	room *Room
	name string
}

// NewTimer registers a timer with that name. When it runs out, run is called in the room's
// turn with the value that the timer was set with, decoded from its JSON form. An error is
// logged and drops the output. Call NewTimer during setup. It panics if called later, or
// if the name is taken.
func NewTimer[T any](r *Room, name string, run func(T) error) *Timer[T] {
	r.mustSetUp("NewTimer")
	if r.timers[name] != nil {
		panic(fmt.Sprintf("simplysocket: room %s has a timer %q already", r.actor.name, name))
	}
	if r.timers == nil {
		r.timers = map[string]func(json.RawMessage) error{}
	}
	r.timers[name] = func(raw json.RawMessage) error {
		var with T
		if err := json.Unmarshal(raw, &with); err != nil {
			return fmt.Errorf("timer %q: %w", name, err)
		}
		return run(with)
	}
	return &Timer[T]{room: r, name: name}
}

// Set schedules the callback to run after d with the given value, replacing any earlier
// schedule. In a handler, it takes effect once the handler returns nil. It panics for a
// value that has no JSON form.
func (t *Timer[T]) Set(d time.Duration, with T) {
	raw, err := json.Marshal(with)
	if err != nil {
		panic(fmt.Sprintf("simplysocket: timer %q: %v", t.name, err))
	}
	t.room.mustBeInTurn("Timer.Set")
	t.room.core.SetTimer(t.name, d, raw)
}

// Stop cancels the schedule. In a handler, it takes effect once the handler returns nil.
func (t *Timer[T]) Stop() {
	t.room.mustBeInTurn("Timer.Stop")
	t.room.core.StopTimer(t.name)
}
