package client

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join joins a room and waits until it has let the client in or refused.
// Params are an object for the room; nil is {}. Each setup registers handlers
// with the room before anything of it is received; those that are registered
// later may miss what came before. Join of a room that the client is in asks
// nobody and returns it. A refusal is an [*Error].
//
// When a session is lost the room is joined again, with the same parameters but
// for `create`, which speaks of the first time.
//
// If the context ends before the answer, the client leaves the room again,
// should it have been let in.
func (c *Conn) Join(ctx context.Context, name string, params any, setup ...func(*Room)) (*Room, error) {
	if err := protocol.ValidName(name); err != nil {
		return nil, &Error{Code: protocol.CodeBadName, Message: err.Error()}
	}
	r := newRoom(c, name, nil)
	m, err := r.newMessage(protocol.ActionJoinRoom, params)
	if err != nil {
		return nil, err
	}
	r.params, m.purpose, m.settled = without(m.body, "create"), toEnter, r.entering
	known, err := c.find(name)
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
		r.turnBack()
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

// find returns the room if the client is in it.
func (c *Conn) find(name string) (*Room, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r := c.rooms[name]; {
	case r == nil:
		return nil, nil
	case r.status == joining || r.status == leaving:
		return nil, ErrRoomBusy
	default:
		return r, nil
	}
}

// enter puts a join on its way.
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

// add makes the room one of the client's. The lock is held.
func (c *Conn) add(r *Room) {
	c.entered++
	r.entered = c.entered
	c.rooms[r.name] = r
}

// remove ends the client's being in the room. The lock is held.
func (c *Conn) remove(r *Room, reason Reason) {
	if r.status == gone {
		return
	}
	delete(c.rooms, r.name)
	told := r.status != joining && !r.muted
	r.status = gone
	if told {
		c.push(event{room: r, call: func() { r.tellClosed(reason) }})
	}
}

// entering is what the answer to a join means. The lock is held.
func (r *Room) entering(err error) {
	switch {
	case err != nil && r.status == joining:
		r.conn.remove(r, ReasonRefused)
	case r.status == joining:
		r.status = joined
	}
}

// turnBack leaves a room that nobody waits for any more, if the client is in it
// or on its way.
func (r *Room) turnBack() {
	c := r.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.status == gone {
		return
	}
	r.status, r.muted = leaving, true
	c.outbox.push(r.leave()) // it always has a place: there is one for a room
	c.toSend.Signal()
}

// leave is the message that takes the client out of the room.
func (r *Room) leave() *message {
	return &message{
		header:  protocol.Header{Action: protocol.ActionLeaveRoom, Target: r.name},
		purpose: toGetOut,
		settled: r.departing,
	}
}

// departing is what the answer to a leave means. The lock is held.
func (r *Room) departing(err error) {
	switch {
	case r.status != leaving:
	case err == nil || hasCode(err, protocol.CodeNotAMember, protocol.CodeUnknownRoom):
		r.conn.remove(r, ReasonLeft)
	default:
		r.status = joined
	}
}

// Leave leaves the room and waits until the client is out of it. If the context
// ends first, it may be left all the same.
func (r *Room) Leave(ctx context.Context) error {
	c := r.conn
	m := r.leave()
	c.mu.Lock()
	err := r.depart(m)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = c.wait(ctx, m)
	return err
}

// depart puts a leave on its way. The lock is held.
func (r *Room) depart(m *message) error {
	switch r.status {
	case joined, rejoining:
		if err := r.conn.enqueue(m); err != nil {
			return err
		}
		r.status = leaving
		return nil
	case leaving:
		return ErrRoomBusy
	default:
		return &Error{Code: protocol.CodeNotAMember, Message: "not a member of room " + r.name}
	}
}

// rejoin is the message that takes the client into the room in a new session.
func (r *Room) rejoin() *message {
	return &message{
		header:  protocol.Header{Action: protocol.ActionJoinRoom, Target: r.name},
		body:    r.params,
		purpose: toReenter,
		settled: r.reentering,
	}
}

// reentering is what the answer to a rejoin means. The lock is held.
func (r *Room) reentering(err error) {
	if r.status != rejoining && r.status != joined {
		return
	}
	r.status = joined
	var refused *Error
	if errors.As(err, &refused) && refused.Code != CodeOutcomeUnknown {
		c := r.conn
		c.push(event{room: r, call: func() { r.tellError(protocol.ActionJoinRoom, refused) }})
		c.remove(r, ReasonRefused)
	}
}
