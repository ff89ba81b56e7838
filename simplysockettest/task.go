package simplysockettest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Task is a task that a room has started, see [simplysocket.NewTask]. It waits until the
// test says how it ends. When the room closes, its tasks are over.
type Task struct {
	room   *Room
	epoch  uint64
	number uint64
	name   string
	query  json.RawMessage

	interrupted bool // by a crash
}

// Name returns the name that the task was registered with.
func (t *Task) Name() string { return t.name }

// Query decodes what the task was started with into v.
func (t *Task) Query(v any) {
	r := t.room
	if err := json.Unmarshal(t.query, v); err != nil {
		r.fatalf(": the query of the task %q: %v", t.name, err)
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Run runs the task's function and ends the task with its result. What the function sends
// to the room with a [simplysocket.RoomRef] is handled meanwhile.
func (t *Task) Run() {
	r := t.room
	if t.isPending() {
		t.run()
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

func (t *Task) run() {
	type outcome struct {
		found  json.RawMessage
		failed *room.Failure
	}
	r := t.room
	done := make(chan outcome, 1)
	go func() {
		o := outcome{failed: &room.Failure{Message: "runtime.Goexit was called"}}
		defer func() { done <- o }()
		o.found, o.failed = r.room.RunTask(t.name, t.query)
	}()
	for !r.fatal {
		select {
		case o := <-done:
			t.end(o.found, o.failed)
			return
		case <-time.After(time.Millisecond): // it may wait for the room
			r.settle()
		}
	}
}

// Finish ends the task with a result, without running its function.
func (t *Task) Finish(result any) {
	r := t.room
	found, err := json.Marshal(result)
	if err != nil {
		r.fatalf(": the result of the task %q: %v", t.name, err)
	} else if t.isPending() {
		t.end(found, nil)
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Fail ends the task with an error, without running its function.
func (t *Task) Fail(err error) {
	r := t.room
	if err == nil {
		r.fatalf(": the task %q cannot fail with nil", t.name)
	} else if t.isPending() {
		t.end(nil, r.room.Failure(err))
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// isPending reports whether the task can end.
func (t *Task) isPending() bool {
	pending := slices.Contains(t.room.tasks, t)
	switch {
	case pending:
	case t.interrupted:
		t.room.fatalf(": the task %q was interrupted by a crash and cannot end: a room that is restored gets ErrInterrupted for it", t.name)
	default:
		t.room.fatalf(": the task %q is done, or the room that started it has closed", t.name)
	}
	return pending
}

func (t *Task) end(found json.RawMessage, failed *room.Failure) {
	r := t.room
	i := slices.Index(r.tasks, t)
	if i < 0 {
		return // what it has sent to the room has closed it
	}
	r.tasks = slices.Delete(r.tasks, i, i+1)
	r.apply(nil, &room.Entry{Kind: room.KindResult, Action: t.name, Number: t.number, Epoch: t.epoch, Body: found, Failed: failed})
}
