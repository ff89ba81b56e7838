package simplysocket

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// receive routes a message of the client, or answers the error of reading it.
func (c *Client) receive(env *protocol.Envelope, err error) {
	if c.isEnded() {
		return
	}
	var bad *protocol.ParseError
	if err != nil {
		bad = asParseError(err)
		env.ID = bad.ID
	}
	if !c.allowed(env) || c.isDuplicate(env) {
		return
	}
	last := c.lastID
	c.lastID = max(last, env.ID)
	switch {
	case bad != nil:
		c.sendError(newError(protocol.CodeBadMessage, "%s", bad.Message), "", env.ID)
		return
	case env.ID != 0 && env.ID <= last:
		c.refuseStale(env.ID, string(env.Action), "does not grow")
		return
	}
	err = c.routeOrWait(env)
	switch {
	case c.connection.Load().gaveUp: // as if it had never come
		c.lastID = last
		c.session.forgetAsked(env.ID)
	case err != nil:
		c.sendError(wireError(err), string(env.Action), env.ID)
	}
}

// asParseError returns the error of Parse.
func asParseError(err error) *protocol.ParseError {
	var bad *protocol.ParseError
	errors.As(err, &bad)
	return bad
}

// wireError returns the error that clients see for an error that Go callers see.
func wireError(err error) error {
	if isContained(err) {
		return err // of the application's code, or known to clients already
	}
	for _, known := range []struct {
		err  error
		code protocol.Code
	}{
		{ErrBadName, protocol.CodeBadName},
		{ErrTooManyRooms, protocol.CodeLimitExceeded},
		{ErrInfoTooLarge, protocol.CodeTooLarge},
		{errTooFast, protocol.CodeRateLimited},
		{ErrMailboxFull, protocol.CodeBusy},
		{ErrRoomClosed, protocol.CodeUnknownRoom},
		{ErrServerClosed, protocol.CodeBusy},
		{ErrClientGone, protocol.CodeUnknownClient},
	} {
		if errors.Is(err, known.err) {
			return &Error{Code: known.code, Message: strings.TrimPrefix(err.Error(), "simplysocket: ")}
		}
	}
	return err
}

// route puts a message into the mailbox of its room, or answers it.
func (c *Client) route(env *protocol.Envelope) error {
	action := string(env.Action)
	toLobby := len(env.Target) == 0 || string(env.Target) == c.srv.opts.Lobby
	switch {
	case env.IsTargetClient && ofRooms(action):
		return newError(protocol.CodeBadMessage, "%q goes to a room, not to a client", action)
	case action == protocol.ActionListRooms && !toLobby:
		return newError(protocol.CodeBadMessage, "%q goes to the lobby", action)
	case action == protocol.ActionJoinRoom && !toLobby:
		return c.routeJoin(env)
	case action == protocol.ActionLeaveRoom && !toLobby:
		return c.routeLeave(env)
	case action == protocol.ActionListRooms:
		reply, err := c.srv.listRooms(env.Body)
		if err == nil && env.ID != 0 {
			c.send(&protocol.Header{Action: protocol.ActionAck, Ref: env.ID, Re: action}, reply)
		}
		return err
	case action == protocol.ActionListMembers:
		return c.deliver(env, room.KindMembers, action)
	case action == protocol.ActionHistory:
		return c.deliver(env, room.KindHistory, action)
	case action == protocol.ActionHello || protocol.ServerAction(action):
		return newError(protocol.CodeForbidden, "%q is not for clients to send", action)
	case action == protocol.ActionSetInfo && toLobby && !env.IsTargetClient:
		return c.routeInfo(env)
	case protocol.ReservedAction(action), action == protocol.ActionFindRoom, action == protocol.ActionWatchRooms:
		return newError(protocol.CodeUnknownAction, "this server does not know %q", action)
	case env.IsTargetClient:
		return c.routeDirect(env, action)
	default:
		return c.deliver(env, room.KindMessage, action)
	}
}

// ofRooms reports whether the server answers the action for a room.
func ofRooms(action string) bool {
	switch action {
	case protocol.ActionJoinRoom, protocol.ActionLeaveRoom, protocol.ActionListRooms, protocol.ActionListMembers,
		protocol.ActionHistory:
		return true
	default:
		return false
	}
}

func (c *Client) routeJoin(env *protocol.Envelope) error {
	req := joinRequest{room: string(env.Target), id: env.ID, body: compact(env.Body)}
	var create *bool
	if err := room.ReadParams(req.body, room.Params{"create": &create}); err != nil {
		return err
	}
	switch {
	case create == nil:
	case *create:
		req.flags |= room.FlagCreate
	default:
		req.flags |= room.FlagExisting
	}
	return c.join(req)
}

func (c *Client) routeLeave(env *protocol.Envelope) error {
	err := c.leave(string(env.Target), env.ID)
	if errors.Is(err, ErrRoomClosed) {
		return c.notMemberError(string(env.Target))
	}
	return err
}

// deliver puts a message into the mailbox of its room.
func (c *Client) deliver(env *protocol.Envelope, kind room.Kind, action string) error {
	a := c.roomOf(env.Target)
	if a == nil {
		return c.notMemberError(string(env.Target))
	}
	it := item{
		entry:  room.Entry{Kind: kind, Member: c.id, ID: env.ID, Action: action, Body: compact(env.Body)},
		source: source{client: c},
	}
	if kind == room.KindMessage {
		var err error
		if it.source.charge, err = c.reserve(a); err != nil {
			return err
		}
	}
	return c.post(a, &it)
}

// compact copies a body without white space between its tokens, because clients may split
// what they read at newlines.
func compact(body []byte) json.RawMessage {
	return protocol.Compact(make([]byte, 0, len(body)), body)
}

func (c *Client) post(a *actor, it *item) error {
	c.recordAsked(a, it.entry.ID)
	err := a.post(it)
	if err != nil {
		it.source.charge.settle(0)
	}
	c.countBusy(err)
	if errors.Is(err, ErrRoomClosed) && c.srv.closing.Load() {
		return ErrServerClosed // the client may try again elsewhere
	}
	return err
}

func (c *Client) countBusy(err error) {
	if errors.Is(err, ErrMailboxFull) {
		c.srv.stats.busy.Add(1)
	}
}

// roomOf returns the room of that name if the client is in it or has a join on its way.
func (c *Client) roomOf(target []byte) *actor {
	if len(target) == 0 || string(target) == c.srv.opts.Lobby {
		return c.srv.theLobby()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.membership(string(target)); m != nil {
		return m.room
	}
	return nil
}

// notMemberError is the answer to a message for a room that the client is not in.
func (c *Client) notMemberError(name string) error {
	if err := protocol.ValidName(name); err != nil {
		return newError(protocol.CodeBadName, "%v", err)
	}
	if c.srv.closing.Load() {
		return ErrServerClosed
	}
	if r := c.srv.rooms.find(name); r != nil && !r.info.Load().Hidden {
		return newError(protocol.CodeNotAMember, "not a member of room %q", name)
	}
	return unknownRoom(name)
}

// routeDirect routes a message to another client through a room: the one it names, or the
// first that both are in.
func (c *Client) routeDirect(env *protocol.Envelope, action string) error {
	to := c.srv.clients.find(string(env.Target))
	if to == nil || to == c {
		return unknownClient(string(env.Target))
	}
	a := c.sharedRoom(to, env.Room)
	if a == nil && len(env.Room) > 0 && c.roomOf(env.Room) == nil {
		return c.notMemberError(string(env.Room))
	}
	if a == nil {
		return unknownClient(to.id)
	}
	return c.post(a, &item{
		entry:  room.Entry{Kind: room.KindDirect, Member: c.id, ID: env.ID, Action: action, Body: compact(env.Body), Target: to.id},
		source: source{client: c},
	})
}

func (c *Client) sharedRoom(to *Client, name []byte) *actor {
	c.mu.Lock()
	mine := make([]*actor, 0, len(c.rooms))
	for _, m := range c.rooms {
		if len(name) == 0 || string(name) == m.room.name {
			mine = append(mine, m.room)
		}
	}
	c.mu.Unlock()
	to.mu.Lock()
	defer to.mu.Unlock()
	for _, r := range mine {
		for _, m := range to.rooms {
			if m.room == r {
				return r
			}
		}
	}
	return nil
}
