package simplysocket

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Request is a message on its way to its handler.
type Request struct {
	// Room is the room that handles the message.
	Room *Room
	// Member is who sent it; nil for a message of the server's own code.
	Member *Member
	// Action names the task.
	Action string
	// ID is the number under which the client waits for an answer, or 0.
	ID uint64
	// Body is the JSON object that was sent, to the digit. It must not be
	// changed.
	Body json.RawMessage
}

// Handler handles a message: the untyped core of [On] and [OnCall]. What it
// returns encodes to a JSON object and is the reply; nil is {}. An error goes
// to the sender, see [Error], and drops what the handler did to the output.
type Handler func(*Request) (any, error)

// None is the body of a message that has none: {}.
type None struct{}

// handlers is what a room's setup has registered.
type handlers struct {
	byAction map[string]Handler
	byServer map[string]Handler
	catchAll Handler
	wrappers []func(Handler) Handler

	onJoin   func(*Join) error
	onLeave  func(*Member, LeaveReason) error
	onDrop   func(*Member) error
	onResume func(*Member) error
	onClose  func() error
	onDirect func(from, to *Member, req *Request) error

	relayHandler Handler // relayRequest inside the middleware, if there is any
	timers       map[string]func(json.RawMessage) error
	tasks        map[string]*task
	ticks        []func() error
}

func (h *handlers) handlesMessages() bool { return h.byAction != nil || h.catchAll != nil }

// On handles a member's messages of that action, their body decoded into T as
// encoding/json does. It belongs in the room's setup and panics elsewhere, as
// for an action that is handled already or belongs to the protocol.
func On[T any](r *Room, action string, handle func(*Member, T) error) {
	r.register(&r.byAction, "On", action, func(req *Request) (any, error) {
		body, err := decode[T](req)
		if err != nil {
			return nil, err
		}
		return nil, handle(req.Member, body)
	})
}

// OnCall is [On] with a reply, which the `ack` carries to the caller.
func OnCall[Req, Res any](r *Room, action string, handle func(*Member, Req) (Res, error)) {
	r.register(&r.byAction, "OnCall", action, func(req *Request) (any, error) {
		body, err := decode[Req](req)
		if err != nil {
			return nil, err
		}
		return handle(req.Member, body)
	})
}

// OnServer handles what the server's own code sends with [RoomRef.Send] and
// [RoomRef.Call]. Clients can not reach it. It belongs in the room's setup.
func OnServer[T any](r *Room, action string, handle func(T) error) {
	r.register(&r.byServer, "OnServer", action, func(req *Request) (any, error) {
		body, err := decode[T](req)
		if err != nil {
			return nil, err
		}
		return nil, handle(body)
	})
}

// OnServerCall is [OnServer] with a reply for [RoomRef.Call].
func OnServerCall[Req, Res any](r *Room, action string, handle func(Req) (Res, error)) {
	r.register(&r.byServer, "OnServerCall", action, func(req *Request) (any, error) {
		body, err := decode[Req](req)
		if err != nil {
			return nil, err
		}
		return handle(body)
	})
}

// OnMessage handles every message for which there is no other handler. It
// belongs in the room's setup. The message's Sender is stamped by the server.
func (r *Room) OnMessage(handle func(*Member, *Message) error) {
	r.mustSetUp("OnMessage")
	r.catchAll = func(req *Request) (any, error) {
		body, err := decodeBody(req.Body)
		if err != nil {
			return nil, badBody(err)
		}
		return nil, handle(req.Member, &Message{
			Action:      req.Action,
			MessageBody: body,
			Target:      r.cfg.Name,
			Sender:      req.Member.ID(),
		})
	}
}

// OnDirect decides about the direct messages between members, which a room with
// handlers of its own otherwise refuses: nil delivers the message as it came.
// It belongs in the room's setup.
func (r *Room) OnDirect(decide func(from, to *Member, req *Request) error) {
	r.mustSetUp("OnDirect")
	r.onDirect = decide
}

// OnJoin decides who is let in, in the joiner's turn: an error refuses the join
// and undoes what this did. The joiner is welcomed and announced as ever, in the
// words of [Join.Welcome] and [Join.Announce]. It belongs in the room's setup.
func (r *Room) OnJoin(decide func(*Join) error) {
	r.mustSetUp("OnJoin")
	r.onJoin = decide
}

// OnLeave is called once when a member is gone and has been announced as such; the
// member can still be asked for its identity and properties. It cannot keep the
// member: an error is logged and drops its output. It belongs in the room's setup.
func (r *Room) OnLeave(handle func(*Member, LeaveReason) error) {
	r.mustSetUp("OnLeave")
	r.onLeave = handle
}

// OnDrop is called when a member's connection has broken, if its session can
// come back: it stays a member until it does or its resume window ends. An error
// is logged and drops the output. It belongs in the room's setup.
func (r *Room) OnDrop(handle func(*Member) error) {
	r.mustSetUp("OnDrop")
	r.onDrop = handle
}

// OnResume is called when a member has come back after OnDrop and has been sent
// what it missed. An error is logged and drops the output. It belongs in the
// room's setup.
func (r *Room) OnResume(handle func(*Member) error) {
	r.mustSetUp("OnResume")
	r.onResume = handle
}

// OnClose is called once when the room closes, while its members are still
// there to be told. No room of the same name is set up before it has returned. After
// a panic it is the only hook that is called. An error is logged and drops its output. It
// belongs in the room's setup.
func (r *Room) OnClose(handle func() error) {
	r.mustSetUp("OnClose")
	r.onClose = handle
}

// Use wraps the room's message handlers, the first wrapper outermost and those
// of [Server.Use] around them. Direct messages, which [Room.OnDirect] decides
// about, do not pass through; nor does what a relay room is sent by the server's
// own code. It belongs in the room's setup.
func (r *Room) Use(wrap func(next Handler) Handler) {
	r.mustSetUp("Use")
	if wrap == nil {
		panic("simplysocket: Room.Use: nil wrapper")
	}
	r.wrappers = append(r.wrappers, wrap)
}

func (r *Room) register(table *map[string]Handler, what, action string, h Handler) {
	r.mustSetUp(what)
	if err := r.checkHandled(action); err != nil {
		panic("simplysocket: " + what + ": " + err.Error())
	}
	if *table == nil {
		*table = map[string]Handler{}
	}
	if (*table)[action] != nil {
		panic(fmt.Sprintf("simplysocket: room %s handles %q already", r.cfg.Name, action))
	}
	(*table)[action] = h
}

// checkHandled accepts the actions that a handler can be reached by.
func (r *Room) checkHandled(action string) error {
	if err := protocol.ValidAction(action); err != nil {
		return err
	}
	switch action {
	case protocol.ActionJoinRoom, protocol.ActionLeaveRoom:
		if r.cfg.Lobby {
			return nil
		}
	case protocol.ActionHello, protocol.ActionListRooms, protocol.ActionListMembers,
		protocol.ActionHistory, protocol.ActionFindRoom, protocol.ActionWatchRooms:
	default:
		if !protocol.ServerAction(action) && !protocol.ReservedAction(action) {
			return nil
		}
	}
	return fmt.Errorf("%q belongs to the protocol", action)
}

// wrapHandlers puts the middleware around the handlers, once the setup is done.
func (r *Room) wrapHandlers(relaying bool) (err error) {
	wrappers := append(r.srv.wrappers(), r.wrappers...)
	wrap := func(h Handler) Handler {
		for i := len(wrappers) - 1; i >= 0 && h != nil; i-- {
			h = wrappers[i](h)
		}
		if h == nil {
			err = errors.New("a middleware returned a nil Handler")
		}
		return h
	}
	for _, table := range []map[string]Handler{r.byAction, r.byServer} {
		for action, h := range table {
			table[action] = wrap(h)
		}
	}
	if r.catchAll != nil {
		r.catchAll = wrap(r.catchAll)
	}
	if len(wrappers) > 0 && relaying {
		r.relayHandler = wrap(r.relayRequest)
	}
	return err
}

func decode[T any](req *Request) (body T, err error) {
	if _, none := any(body).(None); none {
		return body, nil
	}
	if err := json.Unmarshal(req.Body, &body); err != nil {
		return body, badBody(err)
	}
	return body, nil
}

func decodeReply(raw json.RawMessage, reply any) error {
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	return json.Unmarshal(raw, reply)
}
