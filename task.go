package simplysocket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// task is the untyped core of a Task.
type task struct {
	run  func(context.Context, json.RawMessage) (json.RawMessage, error)
	done func(query, found json.RawMessage, failed error) error
}

// Task runs slow work outside of the turn and returns its result as an entry.
type Task[Q, W any] struct {
	room *Room
	name string
}

// NewTask registers a task with that name. Each start calls run on a new goroutine, with a
// context that is canceled when the room closes; run must not use the room. When it
// returns, done is called in the room's turn with the query that the task was started with
// and the result of run, both decoded from their JSON form. If run fails, done gets an
// [*Error] unchanged and the text of any other error. A panic or runtime.Goexit in run,
// and a result without a JSON form, are such errors. If the process ended while run was at
// work, done gets [ErrInterrupted] when the room is restored: run may have done all of its
// work, some of it, or nothing. Call NewTask during setup. It panics if called later, or if
// the name is taken.
func NewTask[Q, W any](r *Room, name string, run func(context.Context, Q) (W, error), done func(Q, W, error) error) *Task[Q, W] {
	r.mustSetUp("NewTask")
	if r.tasks[name] != nil {
		panic(fmt.Sprintf("simplysocket: room %s has a task %q already", r.actor.name, name))
	}
	t := &task{
		run: func(ctx context.Context, query json.RawMessage) (json.RawMessage, error) {
			var q Q
			if err := json.Unmarshal(query, &q); err != nil {
				return nil, err
			}
			found, err := run(ctx, q)
			if err != nil {
				return nil, err
			}
			return json.Marshal(found)
		},
		done: func(query, found json.RawMessage, failed error) error {
			var q Q
			var w W
			if err := json.Unmarshal(query, &q); err != nil {
				return err
			}
			if failed != nil {
				return done(q, w, failed)
			}
			return done(q, w, json.Unmarshal(found, &w))
		},
	}
	if r.tasks == nil {
		r.tasks = map[string]*task{}
	}
	r.tasks[name] = t
	return &Task[Q, W]{room: r, name: name}
}

// Start starts the task once the handler has returned nil. It panics for a value that has
// no JSON form.
func (t *Task[Q, W]) Start(q Q) {
	query, err := json.Marshal(q)
	if err != nil || !utf8.Valid(query) {
		panic(fmt.Sprintf("simplysocket: task %q: %v", t.name, err))
	}
	t.room.mustTurn("Task.Start")
	t.room.core.StartTask(t.name, query)
}

// runTask runs a task on a goroutine of its own and posts its result as an entry.
func (r *Room) runTask(t *task, effect *room.Effect, epoch uint64) {
	ctx, number, query := r.ctx, effect.Number, effect.Body
	go func() {
		e := room.Entry{Kind: room.KindResult, Number: number, Epoch: epoch, Failed: &room.Failure{Message: "runtime.Goexit was called"}}
		defer func() {
			_ = r.actor.post(&item{entry: e}) // a room that has closed needs no result
		}()
		e.Body, e.Failed = t.perform(ctx, query, r)
	}()
}

// perform runs the task and turns its error or panic into what an entry keeps.
func (t *task) perform(ctx context.Context, query json.RawMessage, r *Room) (found json.RawMessage, failed *room.Failure) {
	err := guard(func() (err error) {
		found, err = t.run(ctx, query)
		if err == nil && !utf8.Valid(found) {
			err = errors.New("the result is not valid UTF-8")
		}
		return err
	})
	if err == nil {
		return found, nil
	}
	if p := room.AsPanic(err); p != nil {
		r.srv.panicked("a room", r.actor.name, p)
	}
	return nil, taskFailure(err)
}

// taskFailure is what an entry keeps of a task's error, which was contained.
func taskFailure(err error) *room.Failure {
	if public, internal := room.Public(err); !internal {
		return &room.Failure{Code: public.Code, Message: public.Message}
	}
	return &room.Failure{Message: err.Error()}
}

// taskError is the error of a task as the application reads it.
func taskError(f *room.Failure) error {
	if f.Code != "" {
		return &Error{Code: f.Code, Message: f.Message}
	}
	return fmt.Errorf("task: %s", f.Message)
}
