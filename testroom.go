package simplysocket

import (
	"encoding/json"
	"log/slog"

	"github.com/DhruvikDonga/simplysocket/internal/pattern"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

func init() { testroom.New = newTestRoom }

// testRoom runs a room for simplysockettest: it does what an actor does in a turn, and
// leaves the output to its caller.
type testRoom struct {
	actor   *actor
	setup   func(*Room) error
	params  pattern.Params
	room    *Room
	record  bool
	spoiled func(testroom.Spoiled)
	turn    turn
	posted  *slab // what is taken out of the mailbox
	next    int   // the first of it that was not returned
}

func newTestRoom(server any, name string, log *slog.Logger) (testroom.Room, error) {
	srv, err := server.(*Server).copyForTest(log)
	if err != nil {
		return nil, err
	}
	setup, params, err := srv.setupFor(name)
	if err != nil {
		return nil, err
	}
	t := &testRoom{actor: srv.newActor(name), setup: setup, params: params}
	t.actor.isLobby = name == srv.opts.Lobby
	t.actor.mailbox.running = true // what is posted waits for Posted
	srv.rooms.add(t.actor)
	srv.surface = new(testroom.Surface)
	return t, nil
}

// copyForTest returns a server whose rooms are those of s. It traces nothing.
func (s *Server) copyForTest(log *slog.Logger) (*Server, error) {
	opts := s.opts
	opts.Logger, opts.Trace, opts.Engine, opts.Record = log, nil, nil, nil
	c, err := New(&opts)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	c.patterns, c.coded, c.lobbyCode, c.around = s.patterns, s.coded, s.lobbyCode, s.around
	return c, nil
}

// Record implements [testroom.Room].
func (t *testRoom) Record(spoiled func(testroom.Spoiled)) { t.record, t.spoiled = true, spoiled }

// NoteChanges implements [testroom.Room].
func (t *testRoom) NoteChanges(enabled bool) { t.record = enabled }

// Durable implements [testroom.Room].
func (t *testRoom) Durable() bool { return t.room.isDurable() }

// Limits implements [testroom.Room].
func (t *testRoom) Limits() testroom.Limits {
	o := &t.actor.srv.opts
	return testroom.Limits{
		History:      room.HistoryLimits{Messages: o.HistoryMessages, Bytes: o.HistoryBytes, Age: o.HistoryAge},
		Resumes:      !o.DisableResume,
		ResumeWindow: o.ResumeWindow,
		ClientInfo:   o.ClientInfo,
	}
}

// Open implements [testroom.Room].
func (t *testRoom) Open(o testroom.Opening) *room.Output {
	t.room = t.newRoom()
	cfg := t.room.config()
	cfg.Epoch, cfg.Seed, cfg.Opened = o.Epoch, o.Seed, o.Time
	if o.Config != nil {
		plain := cfg.Plain
		cfg = *o.Config
		cfg.Plain = plain
	}
	_, out := room.Open(cfg, t.hooks())
	return t.ended(out)
}

// Snapshot implements [testroom.Room].
func (t *testRoom) Snapshot() ([]byte, error) { return t.room.core.Snapshot(nil) }

// Restore implements [testroom.Room].
func (t *testRoom) Restore(snapshot []byte) error {
	t.Discard()
	t.room = t.newRoom()
	_, err := room.Restore(snapshot, t.hooks())
	return ownError(err)
}

func (t *testRoom) newRoom() *Room {
	r := t.actor.srv.newRoom(t.actor, t.setup, t.params)
	r.turn = &t.turn
	return r
}

func (t *testRoom) hooks() room.Hooks {
	h := (*hooks)(t.room)
	switch {
	case t.spoiled != nil:
		return &watchedHooks{recordedHooks{h}, t.spoiled}
	case t.record:
		return recordedHooks{h}
	default:
		return h
	}
}

// Machine implements [testroom.Room].
func (t *testRoom) Machine() *room.Machine { return t.room.core }

// Apply implements [testroom.Room].
func (t *testRoom) Apply(e *room.Entry) *room.Output {
	t.room.core.Lend(&t.turn.out)
	return t.ended(t.room.core.Apply(e))
}

// Refuse implements [testroom.Room].
func (t *testRoom) Refuse(e *room.Entry, why error) *room.Output {
	t.room.core.Lend(&t.turn.out)
	return t.ended(t.room.core.Refuse(e, why))
}

// ended ends what a closed room has started.
func (t *testRoom) ended(out *room.Output) *room.Output {
	if out.Closed {
		t.Discard()
	}
	return out
}

// Surface implements [testroom.Room].
func (t *testRoom) Surface() *testroom.Surface {
	s := t.actor.srv.surface
	s.AnyAction = t.room.catchAll != nil || t.room.core.Relaying()
	s.Direct = t.room.onDirect != nil || t.room.core.Relaying()
	s.Ephemeral = t.room.chosen && t.room.durability == DurabilityEphemeral
	return s
}

// RunTask implements [testroom.Room].
func (t *testRoom) RunTask(name string, query json.RawMessage) (json.RawMessage, *room.Failure) {
	return t.room.tasks[name].perform(t.room.ctx, query, t.room)
}

// Failure implements [testroom.Room].
func (t *testRoom) Failure(err error) *room.Failure { return taskFailure(digest(err)) }

// Posted implements [testroom.Room].
func (t *testRoom) Posted() (e room.Entry, settle func(*room.Output) (heard bool), ok bool) {
	if t.posted == nil {
		t.posted, t.next = t.actor.mailbox.take(), 0
	}
	if t.posted == nil {
		return e, nil, false
	}
	it := t.posted.entries[t.next]
	if t.next++; t.next == len(t.posted.entries) {
		t.actor.mailbox.done(t.posted)
		t.posted = nil
	}
	return it.entry, func(out *room.Output) bool {
		a := answer{err: ErrRoomClosed}
		if out != nil {
			a = answer{body: out.Reply.Body, err: ownError(out.Reply.Err)}
		}
		if it.source.call != nil {
			it.source.call <- a
		}
		return it.source.call != nil
	}, true
}

// Discard implements [testroom.Room].
func (t *testRoom) Discard() {
	if t.room != nil {
		t.room.cleanUp()
	}
}
