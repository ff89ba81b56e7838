package simplysocket

import (
	"bytes"
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// recordedHooks are those of a room that notes what changes, without a server that writes it
// down.
type recordedHooks struct{ *hooks }

// Setup implements [room.Hooks].
func (h recordedHooks) Setup(m *room.Machine) error {
	err := h.hooks.Setup(m)
	m.Record(true)
	return err
}

// watchedHooks also compare the states before and after each hook that fails. They leave
// OnRestore alone: if it fails, nothing is kept of what it has done.
type watchedHooks struct {
	recordedHooks
	spoiled func(testroom.Spoiled)
}

// watch runs a hook.
func (h *watchedHooks) watch(where string, hook func() error) error {
	before := h.states()
	err := hook()
	if err == nil || before == nil {
		return err
	}
	for i, now := range h.states() {
		if was := before[i]; !bytes.Equal(was.Now, now.Now) {
			h.spoiled(testroom.Spoiled{Where: where, State: now.State, Before: was.Now, Now: now.Now})
		}
	}
	return err
}

// states returns the forms of all states, as they are now.
func (h *watchedHooks) states() (states []testroom.Spoiled) {
	for _, d := range h.core.Declared() {
		if _, ok := d.Value.(interface{ isState() }); !ok {
			continue // what a table has set is undone
		}
		var form json.RawMessage
		if fields, err := d.Fields(); err == nil { // if not, the next snapshot fails as well, and says why
			form = fields[0].Form
		}
		states = append(states, testroom.Spoiled{State: d.Name, Now: form})
	}
	return states
}

// Join implements [room.Hooks].
func (h *watchedHooks) Join(j *room.Join) error {
	return h.watch("", func() error { return h.hooks.Join(j) })
}

// Leave implements [room.Hooks].
func (h *watchedHooks) Leave(m *room.Member, reason room.LeaveReason) error {
	return h.watch("OnLeave", func() error { return h.hooks.Leave(m, reason) })
}

// Drop implements [room.Hooks].
func (h *watchedHooks) Drop(m *room.Member) error {
	return h.watch("OnDrop", func() error { return h.hooks.Drop(m) })
}

// Resume implements [room.Hooks].
func (h *watchedHooks) Resume(m *room.Member) error {
	return h.watch("OnResume", func() error { return h.hooks.Resume(m) })
}

// Message implements [room.Hooks].
func (h *watchedHooks) Message(m *room.Member, e *room.Entry) (reply json.RawMessage, err error) {
	err = h.watch("", func() (err error) {
		reply, err = h.hooks.Message(m, e)
		return err
	})
	return reply, err
}

// Server implements [room.Hooks].
func (h *watchedHooks) Server(e *room.Entry) (reply json.RawMessage, err error) {
	err = h.watch("", func() (err error) {
		reply, err = h.hooks.Server(e)
		return err
	})
	return reply, err
}

// Direct implements [room.Hooks].
func (h *watchedHooks) Direct(from, to *room.Member, e *room.Entry) error {
	return h.watch("", func() error { return h.hooks.Direct(from, to, e) })
}

// Timer implements [room.Hooks].
func (h *watchedHooks) Timer(name string, body json.RawMessage) error {
	return h.watch("", func() error { return h.hooks.Timer(name, body) })
}

// Tick implements [room.Hooks].
func (h *watchedHooks) Tick(index int) error {
	return h.watch("", func() error { return h.hooks.Tick(index) })
}

// Task implements [room.Hooks].
func (h *watchedHooks) Task(name string, query, result json.RawMessage, failed *room.Failure, interrupted bool) error {
	where := ""
	if interrupted { // the entry is the restore
		where = "task " + name
	}
	return h.watch(where, func() error { return h.hooks.Task(name, query, result, failed, interrupted) })
}
