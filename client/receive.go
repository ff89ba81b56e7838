package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// takeAnswer gives an ack or error to whoever waits for it: at once, whatever
// waits for callbacks. The lock is held.
//
// What was sent again may be answered from the server's memory, under an old
// number, while what was missed is still on its way. So such an answer does not
// count as received, or what is on its way would pass for a duplicate.
func (c *Conn) takeAnswer(env *protocol.Envelope) {
	m := c.outbox.sent[env.Ref]
	if m == nil {
		return
	}
	delete(c.outbox.sent, env.Ref)
	c.toSend.Signal()
	if !m.again {
		c.fresh(c.rooms[string(env.Room)], env)
	}
	if string(env.Action) != protocol.ActionError {
		c.settle(m, bytes.Clone(env.Body), nil)
		return
	}
	refused := readError(env.Body)
	if m.again && refused.Code == protocol.CodeStaleID {
		refused = outcomeUnknown("the server has the message and not its answer", refused)
	}
	c.settle(m, nil, refused)
}

// fresh reports whether a message was not received before, and notes that it
// now is. Nil is no room, or one whose numbers mean nothing. The lock is held.
func (c *Conn) fresh(r *Room, env *protocol.Envelope) bool {
	last, number := &c.directs, env.N
	if env.N == 0 {
		if r == nil || r == c.lobby || env.Seq == 0 {
			return true
		}
		last, number = &r.seq, env.Seq
	}
	if number <= *last {
		return false
	}
	*last = number
	return true
}

// roomOf returns the room that a message comes from, the lobby for any that is
// not known. The lock is held.
func (c *Conn) roomOf(env *protocol.Envelope) *Room {
	name := env.Room
	if !env.IsTargetClient {
		name = env.Target
	}
	if r := c.rooms[string(name)]; r != nil {
		return r
	}
	return c.lobby
}

// takeMessage takes what is no answer. The lock is held.
func (c *Conn) takeMessage(env *protocol.Envelope) error {
	r := c.roomOf(env)
	action := string(env.Action)
	switch action {
	case protocol.ActionHeartbeat:
		return nil
	case protocol.ActionGap:
		return c.takeGap(r, env)
	case protocol.ActionJoinedRoom:
		return c.takeJoined(string(env.Room), env)
	}
	if !c.fresh(r, env) || protocol.ReservedAction(action) {
		return nil
	}
	switch action {
	case protocol.ActionLeftRoom, protocol.ActionRoomClosed:
		return c.takeLeft(r, env)
	case protocol.ActionClientJoinedRoom, protocol.ActionClientLeftRoom, protocol.ActionRoomCount:
		if c.takeNews(r, env) {
			return nil
		}
	case protocol.ActionClientPresence:
		if c.takePresence(r, env) {
			return nil
		}
	case protocol.ActionError:
		refused, re := readError(env.Body), string(env.Re)
		c.post(r, env, func() { r.tellError(re, refused) })
		return nil
	}
	m := newMessage(env)
	c.post(r, env, func() { r.tell(m) })
	return nil
}

// takeGap goes on behind what is lost. The lock is held.
func (c *Conn) takeGap(r *Room, env *protocol.Envelope) error {
	var body struct {
		Epoch uint64 `json:"epoch"`
		From  uint64 `json:"from"`
		To    uint64 `json:"to"`
	}
	if err := json.Unmarshal(env.Body, &body); err != nil {
		return fmt.Errorf("gap: %w", err)
	}
	g := Gap{Epoch: cmp.Or(body.Epoch, r.epoch), From: body.From, To: body.To}
	switch {
	case len(env.Room) == 0:
		g.Epoch, g.Direct = 0, true
		c.directs = max(c.directs, g.To)
	case r == c.lobby:
	case g.Whole():
		r.epoch, r.seq = 0, 0 // what follows is of another
	case g.Epoch != r.epoch:
		r.epoch, r.seq = g.Epoch, g.To
	default:
		r.seq = max(r.seq, g.To)
	}
	c.pushGap(r, g)
	return nil
}

// takeJoined learns the state of a room that the client is now in. The lock is
// held.
func (c *Conn) takeJoined(name string, env *protocol.Envelope) error {
	var body struct {
		Epoch   uint64       `json:"epoch"`
		Seq     uint64       `json:"seq"`
		Count   int          `json:"count"`
		Members []memberItem `json:"members"`
	}
	if err := json.Unmarshal(env.Body, &body); err != nil {
		return fmt.Errorf("joined-room: %w", err)
	}
	r := c.rooms[name]
	if r == nil {
		r = newRoom(c, name, nil)
		r.status = joined
		c.add(r)
		if f := c.opts.OnRoom; f != nil {
			c.push(event{call: func() { f(r) }})
		}
	}
	if r.epoch == body.Epoch && body.Seq <= r.seq {
		return nil
	}
	if r.status == rejoining {
		r.status = joined
	}
	r.epoch, r.seq = body.Epoch, body.Seq
	r.welcome = bytes.Clone(env.Body)
	r.count = body.Count
	r.members = membersOf(body.Members)
	return nil
}

// takeLeft takes the client out of a room. The lock is held.
func (c *Conn) takeLeft(r *Room, env *protocol.Envelope) error {
	body := struct {
		Reason Reason `json:"reason"`
	}{ReasonClosed}
	if err := json.Unmarshal(env.Body, &body); err != nil {
		return fmt.Errorf("%s: %w", env.Action, err)
	}
	if r != c.lobby { // otherwise it was told already
		c.remove(r, body.Reason)
	}
	return nil
}

// takeNews notes who came or went. It reports false for what handlers of
// messages shall have. The lock is held.
func (c *Conn) takeNews(r *Room, env *protocol.Envelope) bool {
	var body struct {
		memberItem
		Reason Reason `json:"reason"`
		Count  *int   `json:"count"`
	}
	if err := json.Unmarshal(env.Body, &body); err != nil {
		return false // the application's own words
	}
	switch {
	case string(env.Action) == protocol.ActionRoomCount:
		if body.Count != nil {
			r.count = *body.Count
		}
		return false
	case body.Client == "":
		return false
	case string(env.Action) == protocol.ActionClientJoinedRoom:
		if r.place(body.Client) < 0 {
			r.members = append(r.members, body.member())
			r.count++
		}
		c.post(r, env, func() { r.tellJoin(body.Client) })
	default:
		r.members = slices.DeleteFunc(r.members, func(m Member) bool { return m.ID == body.Client })
		r.count = max(0, r.count-1)
		c.post(r, env, func() { r.tellLeave(body.Client, body.Reason) })
	}
	return true
}
