package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join joins a room and waits until the room admits the client or refuses it. params is an
// object for the room; nil stands for {}. Each setup registers handlers with the room
// before anything from it is received; handlers that are registered later may miss
// messages. If the client is in the room already, Join sends nothing and returns the room,
// after calling the setups for it; [On] panics for an action that already has a handler. A
// refusal is an [*Error]. If the room removes the client while it joins, the error is a
// [*RemovedError].
//
// When a session is lost, the client joins the room again with the same parameters, except
// `create`, which is about the first time.
//
// If the context ends before the answer, the client leaves the room again, in case it was
// admitted.
func (c *Conn) Join(ctx context.Context, name string, params any, setup ...func(*Room)) (*Room, error) {
	if err := protocol.ValidName(name); err != nil {
		return nil, &Error{Code: protocol.CodeBadName, Message: err.Error()}
	}
	r := newRoom(c, name, nil)
	m, err := r.newMessage(protocol.ActionJoinRoom, params)
	if err != nil {
		return nil, err
	}
	r.params, m.kind, m.settled = without(m.body, "create"), kindJoin, r.onJoinAnswer
	known, err := c.find(name, r.params)
	switch {
	case err != nil:
		return nil, err
	case known != nil:
		known.set(setup)
		return known, nil
	}
	r.set(setup)
	if err := c.enter(r, m); err != nil {
		return nil, err
	}
	if _, err := c.wait(ctx, m); err != nil {
		r.cancelJoin()
		return nil, err
	}
	return r, nil
}

// without returns the object without that key.
func without(object json.RawMessage, key string) json.RawMessage {
	var keys map[string]json.RawMessage
	if json.Unmarshal(object, &keys) != nil || keys[key] == nil {
		return object
	}
	delete(keys, key)
	rest, err := protocol.MarshalObject(keys)
	if err != nil {
		panic(err) // of what was JSON already
	}
	return rest
}

func (r *Room) set(setup []func(*Room)) {
	for _, f := range setup {
		f(r)
	}
}

// find returns the room if the client is in it. A room that the server has put the client
// into counts as requested by the application from then on.
func (c *Conn) find(name string, params json.RawMessage) (*Room, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r := c.rooms[name]; {
	case r == nil:
		return nil, nil
	case r.status == joining || r.status == leaving:
		return nil, ErrRoomBusy
	default:
		if r.params == nil {
			r.params = params
		}
		return r, nil
	}
}

// enter sends a join.
func (c *Conn) enter(r *Room, m *message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms[r.name] != nil {
		return ErrRoomBusy
	}
	if err := c.enqueue(m); err != nil {
		return err
	}
	c.add(r)
	return nil
}

// add adds the room to the client's rooms. The caller holds the lock.
func (c *Conn) add(r *Room) {
	c.entered++
	r.entered = c.entered
	c.rooms[r.name] = r
}

// remove ends the membership. What waits to be sent for it is given up, so that
// it reaches no later membership of the same name. The lock is held.
func (c *Conn) remove(r *Room, reason LeaveReason) {
	if r.status == gone {
		return
	}
	delete(c.rooms, r.name)
	r.status, r.reason = gone, reason
	out := r.usable()
	for _, m := range c.outbox.takeSent(func(m *message) bool { return m.room == r && m.kind == kindLeave }) {
		c.settle(m, nil, nil)
	}
	for _, m := range c.outbox.takeWaiting(func(m *message) bool { return m.room == r }) {
		c.settle(m, nil, out)
	}
	c.toSend.Signal()
	if r.in && !r.muted {
		c.push(event{room: r, call: func() { r.tellClosed(reason) }})
	}
}

// onJoinAnswer is what the answer to a join means. The lock is held.
func (r *Room) onJoinAnswer(_ json.RawMessage, err error) error {
	refused := err != nil && !hasCode(err, CodeOutcomeUnknown)
	switch {
	case refused && r.status != joining:
		return err
	case r.status == joining && err != nil:
		r.conn.remove(r, LeaveReasonRefused)
		return err
	case r.status == joining && r.epoch == 0 && r.reason != "":
		r.conn.remove(r, r.reason)
	case r.status == joining:
		r.status, r.in = joined, true
		return nil
	}
	return &RemovedError{Room: r.name, Reason: r.reason}
}

// cancelJoin leaves a room that nobody waits for any more, if the client is in it
// or on its way.
func (r *Room) cancelJoin() {
	c := r.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.status == gone || r.status == leaving {
		return
	}
	r.status, r.muted, r.reason = leaving, true, LeaveReasonLeft
	c.pushOut(r.leave())
}

// leave is the message that takes the client out of the room.
func (r *Room) leave() *message {
	return &message{
		header:  protocol.Header{Action: protocol.ActionLeaveRoom, Target: r.name},
		room:    r,
		kind:    kindLeave,
		settled: r.onLeaveAnswer,
	}
}

// onLeaveAnswer handles the answer to a leave. A leave that the server refuses is sent
// again: the application can do nothing more about it. The caller holds the lock.
func (r *Room) onLeaveAnswer(_ json.RawMessage, err error) error {
	c := r.conn
	switch {
	case r.status != leaving:
		return nil
	case err == nil || hasCode(err, protocol.CodeNotAMember, protocol.CodeUnknownRoom):
		c.remove(r, LeaveReasonLeft)
		return nil
	}
	c.later(func() {
		if r.status == leaving {
			c.pushOut(r.leave())
		}
	})
	return err
}

// retryPause is how long the client waits before it repeats a request that the server was
// too busy for.
const retryPause = time.Second

// later runs f under the lock after a pause, unless the session is over by then.
func (c *Conn) later(f func()) {
	time.AfterFunc(retryPause, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.end == nil {
			f()
		}
	})
}

// Leave leaves the room and waits until the server has confirmed it. The room is dead as
// soon as Leave is called, whatever Leave returns. Messages that were sent before still go
// out, and callbacks for what the server sent before its confirmation still run, OnClosed
// last.
//
// A leave always has a place in the queue. If the context ends first, or if there is no
// connection and [Options.OfflineSends] is [Reject], Leave returns an error, and the
// server still learns of it: with the next connection that resumes the session. In a new
// session the room is not joined again.
func (r *Room) Leave(ctx context.Context) error {
	m := r.leave()
	if err := r.depart(m); err != nil {
		return err
	}
	_, err := r.conn.wait(ctx, m)
	return err
}

// depart sends a leave.
func (r *Room) depart(m *message) error {
	c := r.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if r == c.lobby {
		return &Error{Code: protocol.CodeNotAMember, Message: "the lobby cannot be left"}
	}
	if err := r.usable(); err != nil {
		return err
	}
	if c.end != nil {
		return c.end
	}
	r.status, r.reason = leaving, LeaveReasonLeft
	for _, join := range c.outbox.takeWaiting(func(m *message) bool {
		return m.room == r && (m.kind == kindJoin || m.kind == kindRejoin)
	}) {
		c.settle(join, nil, nil)
	}
	c.await(m)
	c.pushOut(m)
	if c.link == nil && c.opts.OfflineSends == Reject {
		c.release(m, nil, ErrOffline)
	}
	return nil
}

// rejoin returns the message with which the client joins the room again.
func (r *Room) rejoin() *message {
	m := &message{
		header:  protocol.Header{Action: protocol.ActionJoinRoom, Target: r.name},
		body:    r.params,
		room:    r,
		kind:    kindRejoin,
		settled: r.onRejoinAnswer,
	}
	if m.body == nil { // the server has put the client there: the room must exist
		m.body = json.RawMessage(`{"create":false}`)
	}
	return m
}

// onRejoinAnswer handles the answer to a rejoin. The caller holds the lock.
func (r *Room) onRejoinAnswer(_ json.RawMessage, err error) error {
	c := r.conn
	if r.status != rejoining && r.status != joined {
		return err
	}
	if hasCode(err, protocol.CodeBusy, protocol.CodeRateLimited) {
		c.later(func() {
			if r.status == rejoining || r.status == joined {
				c.pushOut(r.rejoin())
			}
		})
		return err
	}
	r.status = joined
	var refused *Error
	if errors.As(err, &refused) && refused.Code != CodeOutcomeUnknown {
		c.push(event{room: r, call: func() { r.tellError(protocol.ActionJoinRoom, refused) }})
		c.remove(r, LeaveReasonRefused)
	}
	return err
}
