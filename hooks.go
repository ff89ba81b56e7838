package simplysocket

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// hooks is a Room as its machine calls it: the application's code, each call of it
// contained. It implements [room.Hooks].
type hooks Room

// Setup runs the application's setup and sees what it has registered.
func (h *hooks) Setup(m *room.Machine) error {
	r := (*Room)(h)
	r.core = m
	if r.stage.epoch == 0 {
		r.stage.epoch = r.epoch()
	}
	m.Lend(&r.turn.out)
	m.Record(r.actor.journal != nil)
	r.turn.misdeclared = nil
	return r.run(func() error {
		if err := r.setup(r); err != nil {
			return err
		}
		if err := r.turn.misdeclared; err != nil {
			return err
		}
		relaying := !r.handlesMessages() && !r.mute
		err := r.wrapHandlers(relaying)
		m.SetRelaying(relaying, r.relayHandler != nil)
		if r.tasks != nil {
			r.lifetime() // tasks start outside of the turn
		}
		if r.durable = r.recorded(); !r.durable {
			m.Record(false)
		}
		return err
	})
}

// run runs code of the application. While the room closes, the code must not end the
// turn: there is nobody to finish what it began.
func (r *Room) run(f func() error) error {
	before := r.inTurn
	r.inTurn = true
	defer func() { r.inTurn = before }()
	if r.core.IsClosing() {
		return aside(f)
	}
	return digest(f())
}

// Join implements [room.Hooks].
func (h *hooks) Join(j *room.Join) error {
	r := (*Room)(h)
	if r.onJoin == nil {
		return nil
	}
	return r.run(func() error { return r.onJoin(&Join{Member: r.member(j.Member), join: j}) })
}

// Leave implements [room.Hooks].
func (h *hooks) Leave(m *room.Member, reason room.LeaveReason) error {
	r := (*Room)(h)
	if r.onLeave == nil {
		return nil
	}
	return r.run(func() error { return r.onLeave(r.member(m), LeaveReason(reason)) })
}

// Drop implements [room.Hooks].
func (h *hooks) Drop(m *room.Member) error {
	r := (*Room)(h)
	if r.onDrop == nil {
		return nil
	}
	return r.run(func() error { return r.onDrop(r.member(m)) })
}

// Resume implements [room.Hooks].
func (h *hooks) Resume(m *room.Member) error {
	r := (*Room)(h)
	if r.onResume == nil {
		return nil
	}
	return r.run(func() error { return r.onResume(r.member(m)) })
}

// Message implements [room.Hooks].
func (h *hooks) Message(m *room.Member, e *room.Entry) (json.RawMessage, error) {
	r := (*Room)(h)
	handler := r.byAction[e.Action]
	switch {
	case handler != nil:
	case r.actor.isLobby && r.core.Relaying() && (e.Action == protocol.ActionJoinRoom || e.Action == protocol.ActionLeaveRoom):
		return nil, room.Errorf(protocol.CodeUnknownAction, "every client is in the lobby for as long as it is connected")
	case r.catchAll != nil:
		handler = r.catchAll
	case r.relayHandler != nil:
		handler = r.relayHandler
	default:
		return nil, room.Errorf(protocol.CodeUnknownAction, "room %q has no action %q", r.actor.name, e.Action)
	}
	return r.invoke(handler, &Request{Room: r, Member: r.member(m), Action: e.Action, ID: e.ID, Body: e.Body})
}

// Server implements [room.Hooks].
func (h *hooks) Server(e *room.Entry) (json.RawMessage, error) {
	r := (*Room)(h)
	handler := r.byServer[e.Action]
	switch {
	case handler != nil:
		return r.invoke(handler, &Request{Room: r, Action: e.Action, Body: e.Body})
	case r.core.Relaying():
		r.core.Relay(e.Action, e.Body, r.core.Config().Server)
		return nil, nil
	default:
		return nil, room.Errorf(protocol.CodeUnknownAction, "room %q has no action %q for the server", r.actor.name, e.Action)
	}
}

// Direct implements [room.Hooks].
func (h *hooks) Direct(from, to *room.Member, e *room.Entry) error {
	r := (*Room)(h)
	switch {
	case r.onDirect != nil:
		sender := r.member(from)
		return r.run(func() error {
			return r.onDirect(sender, r.member(to), &Request{Room: r, Member: sender, Action: e.Action, ID: e.ID, Body: e.Body})
		})
	case !r.core.Relaying():
		return room.Errorf(protocol.CodeForbidden, "room %q does not pass on direct messages", r.actor.name)
	}
	return nil
}

// Timer implements [room.Hooks].
func (h *hooks) Timer(name string, body json.RawMessage) error {
	r := (*Room)(h)
	t := r.timers[name]
	if t == nil {
		return nil
	}
	return r.run(func() error { return t(body) })
}

// Tick implements [room.Hooks].
func (h *hooks) Tick(index int) error {
	r := (*Room)(h)
	return r.run(r.ticks[index])
}

// Task implements [room.Hooks].
func (h *hooks) Task(name string, query, result json.RawMessage, failed *room.Failure, interrupted bool) error {
	r := (*Room)(h)
	t := r.tasks[name]
	if t == nil {
		return nil
	}
	var err error
	switch {
	case interrupted:
		err = ErrInterrupted
	case failed != nil:
		err = taskError(failed)
	}
	return r.run(func() error { return t.done(query, result, err) })
}

// Restore implements [room.Hooks].
func (h *hooks) Restore(down time.Duration) error {
	r := (*Room)(h)
	if r.onRestore == nil {
		return nil
	}
	return r.run(func() error { return r.onRestore(down) })
}

// Close implements [room.Hooks].
func (h *hooks) Close() error {
	r := (*Room)(h)
	if r.onClose == nil {
		return nil
	}
	return r.run(r.onClose)
}

// invoke runs a handler and encodes its reply.
func (r *Room) invoke(h Handler, req *Request) (json.RawMessage, error) {
	r.inTurn = true
	defer func() { r.inTurn = false }()
	reply, err := h(req)
	if err != nil || reply == nil {
		return nil, digest(err)
	}
	body, err := encodeBody(reply)
	if err != nil {
		return nil, digest(fmt.Errorf("reply to %q: %w", req.Action, err))
	}
	return body, nil
}
