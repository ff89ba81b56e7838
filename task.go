package simplysocket

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// task is the untyped core of a Task.
type task struct {
	name string
	run  func(context.Context, json.RawMessage) (json.RawMessage, error)
	done func(json.RawMessage, *taskError) error
}

// taskResult is the body of a result entry: what the task was started with and
// what came out.
type taskResult struct {
	Query json.RawMessage `json:"query"`
	Found json.RawMessage `json:"found"`
}

// Task runs slow work off the turn and brings its result back as an entry.
type Task[Q, W any] struct {
	room *Room
	task *task
}

// NewTask registers a task of that name. Each start calls run on a goroutine of
// its own, under a context that ends with the room; run must not touch the
// room. When it returns, done is called in the room's turn with what the task
// was started with and what run returned, both by way of their JSON form. Of
// run's error an [*Error] is kept as it is, of any other its text. A panic or
// runtime.Goexit in run, and a result that has no JSON form, are such errors. NewTask belongs in the room's setup and panics
// elsewhere, as for a name that is taken.
func NewTask[Q, W any](r *Room, name string, run func(context.Context, Q) (W, error), done func(Q, W, error) error) *Task[Q, W] {
	r.mustSetUp("NewTask")
	if r.tasks[name] != nil {
		panic(fmt.Sprintf("simplysocket: room %s has a task %q already", r.name, name))
	}
	t := &task{
		name: name,
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
		done: func(raw json.RawMessage, failed *taskError) error {
			var result taskResult
			var q Q
			var w W
			if err := json.Unmarshal(raw, &result); err != nil {
				return err
			}
			if err := json.Unmarshal(result.Query, &q); err != nil {
				return err
			}
			if failed == nil {
				if err := json.Unmarshal(result.Found, &w); err != nil {
					return done(q, w, err)
				}
			}
			return done(q, w, failed.err())
		},
	}
	if r.tasks == nil {
		r.tasks = map[string]*task{}
	}
	r.tasks[name] = t
	return &Task[Q, W]{room: r, task: t}
}

// Start starts the task when the handler has returned nil. It panics for a
// value that has no JSON form.
func (t *Task[Q, W]) Start(q Q) {
	query, err := json.Marshal(q)
	if err != nil || !utf8.Valid(query) {
		panic(fmt.Sprintf("simplysocket: task %q: %v", t.task.name, err))
	}
	t.room.mustTurn("Task.Start")
	t.room.after(func() { t.room.startTask(t.task, query) })
}

func (r *Room) startTask(t *task, query json.RawMessage) {
	ctx := r.lifetime()
	go func() {
		result, failed := noResult(query), &taskError{message: "runtime.Goexit was called"}
		defer func() {
			_ = r.post(&entry{kind: entryResult, target: t.name, body: result, failed: failed}) // a room that has closed needs no result
		}()
		result, failed = t.perform(ctx, query, r)
	}()
}

// noResult is the body of the result of a task that failed.
func noResult(query json.RawMessage) json.RawMessage { return mustEncode(taskResult{Query: query}) }

// perform runs the task and turns its error or panic into what an entry keeps.
func (t *task) perform(ctx context.Context, query json.RawMessage, r *Room) (result json.RawMessage, failed *taskError) {
	err := guard(func() error {
		found, err := t.run(ctx, query)
		if err != nil {
			return err
		}
		result, err = encodeBody(taskResult{Query: query, Found: found})
		return err
	})
	if err == nil {
		return result, nil
	}
	if p := asPanic(err); p != nil {
		r.panicked(p)
	}
	failed = &taskError{message: err.Error()}
	if public, internal := publicError(err); !internal {
		failed.code, failed.message = public.Code, public.Message
	}
	return noResult(query), failed
}
