package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// isAnswer reports whether a message answers one of the client's.
func isAnswer(env *protocol.Envelope) bool {
	action := string(env.Action)
	return env.Ref != 0 && (action == protocol.ActionAck || action == protocol.ActionError)
}

// takeAnswer gives an ack or error to the call that waits for it: at once, ahead of
// waiting callbacks. The caller holds the lock.
//
// A message that was sent again may be answered from the server's memory, under an old
// number, while missed messages are still on their way. So such an answer does not count
// as received, or those messages would look like duplicates.
func (c *Conn) takeAnswer(env *protocol.Envelope) {
	m := c.outbox.sent[env.Ref]
	if m == nil {
		return
	}
	delete(c.outbox.sent, env.Ref)
	c.toSend.Signal()
	if r := c.rooms[string(env.Room)]; !m.again && (r == m.room || env.N != 0) {
		c.fresh(r, env) // the number of an earlier membership says nothing about this one
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

// fresh reports whether a message is new, and records that it was received. nil is no
// room, or one whose numbers mean nothing. The caller holds the lock.
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

// roomOf returns the room that a message comes from; the lobby if it is not known. The
// caller holds the lock.
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

// takeMessage handles a message that is not an answer. The caller holds the lock.
func (c *Conn) takeMessage(env *protocol.Envelope) error {
	r := c.roomOf(env)
	action := string(env.Action)
	switch action {
	case protocol.ActionHeartbeat:
		return nil
	case protocol.ActionGap:
		return c.takeGap(r, env)
	case protocol.ActionJoinedRoom:
		if len(env.Room) != 0 {
			return c.takeJoined(string(env.Room), env)
		}
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

// takeGap continues after the lost messages. The caller holds the lock.
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
		if r.past != 0 && r.past == g.Epoch {
			return nil // told before a connection broke that should have brought the rest
		}
		// What follows is of another epoch, which `joined-room` names. Until it
		// does, hello speaks of this one, so that the server tells again.
		r.epoch, r.past, r.seq = 0, g.Epoch, 0
	case g.Epoch != r.epoch:
		r.epoch, r.past, r.seq = g.Epoch, 0, g.To
		c.look(r)
	case g.To <= r.seq:
		return nil // all of it was received
	default:
		g.From = max(g.From, r.seq+1)
		r.seq = g.To
		c.look(r)
	}
	c.pushGap(r, g)
	return nil
}

// takeJoined records the state of a room that the client is now in. The caller holds the
// lock.
func (c *Conn) takeJoined(name string, env *protocol.Envelope) error {
	var body struct {
		Epoch   uint64
		Seq     uint64
		Count   int
		Members []memberItem
	}
	err := readKeys(env.Body, keys{"epoch": &body.Epoch, "seq": &body.Seq, "count": &body.Count, "members": &body.Members})
	if err != nil {
		return fmt.Errorf("joined-room: %w", err)
	}
	r := c.rooms[name]
	if r == nil {
		r = newRoom(c, name, nil)
		r.status, r.in = joined, true
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
	if r.in && r.status == joined && r.epoch != 0 && r.epoch != body.Epoch {
		c.pushGap(r, Gap{Epoch: r.epoch})
	}
	again := r.welcome != nil
	if r.status == joining {
		r.reason = "" // what was told before was of an earlier membership
	}
	r.epoch, r.past, r.seq = body.Epoch, 0, body.Seq
	r.welcome = bytes.Clone(env.Body)
	r.gaps++ // members that are being asked for are outdated
	if !again || r.status != joined {
		r.count, r.members = body.Count, membersOf(body.Members)
		return nil
	}
	welcome := r.welcome
	c.push(event{room: r, call: func() { r.tellRejoin(welcome) }})
	r.setMembers(body.Members, body.Count)
	return nil
}

// takeLeft removes the client from a room. The caller holds the lock.
func (c *Conn) takeLeft(r *Room, env *protocol.Envelope) error {
	body := struct {
		Reason LeaveReason `json:"reason"`
	}{LeaveReasonClosed}
	if err := json.Unmarshal(env.Body, &body); err != nil {
		return fmt.Errorf("%s: %w", env.Action, err)
	}
	switch {
	case r == c.lobby: // it was told already
	case r.status == joining && r.epoch == 0:
		r.reason = body.Reason // of an earlier membership, unless no joined-room comes
	case body.Reason == LeaveReasonLost && r.params != nil && (r.status == joined || r.status == rejoining):
		c.outbox.pushFront([]*message{c.reenter(r)})
		c.toSend.Signal()
	default:
		c.remove(r, body.Reason)
	}
	return nil
}

// reenter prepares a room that the server has lost for the join that it returns. The
// caller holds the lock.
func (c *Conn) reenter(r *Room) *message {
	if r.status == joined {
		c.pushGap(r, Gap{Epoch: cmp.Or(r.epoch, r.past)})
	}
	r.status = rejoining
	r.epoch, r.past, r.seq = 0, 0, 0
	return r.rejoin()
}

// takeNews records joins and leaves. It reports false for messages that belong to the
// handlers. The caller holds the lock.
func (c *Conn) takeNews(r *Room, env *protocol.Envelope) bool {
	var who memberItem
	var reason LeaveReason
	var count *int
	action := string(env.Action)
	known := keys{"client": &who.Client}
	switch action {
	case protocol.ActionRoomCount:
		known = keys{"count": &count}
	case protocol.ActionClientJoinedRoom:
		known["info"] = &who.Info
	default:
		known["reason"] = &reason
	}
	if err := readKeys(env.Body, known); err != nil {
		return false // the application's own words
	}
	switch {
	case action == protocol.ActionRoomCount:
		if count != nil {
			r.count, r.stale = *count, true
		}
		return false
	case who.Client == "":
		return false
	case action == protocol.ActionClientJoinedRoom:
		if r.place(who.Client) < 0 {
			r.members = append(r.members, who.member())
			r.count++
		}
		c.post(r, env, func() { r.tellJoin(who.Client) })
	default:
		r.members = slices.DeleteFunc(r.members, func(m Member) bool { return m.ID == who.Client })
		r.count = max(0, r.count-1)
		c.post(r, env, func() { r.tellLeave(who.Client, reason) })
	}
	if r.stale { // the room is small again, and has not named all who came and went
		r.stale = false
		c.look(r)
	}
	return true
}
