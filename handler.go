package simplysocket

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Request is a message on its way to its handler.
type Request struct {
	// Room is the room that handles the message.
	Room *Room
	// Member sent the message; nil for a message from the server's own code.
	Member *Member
	// Action names the task.
	Action string
	// ID is the number under which the client waits for an answer, or 0.
	ID uint64
	// Body is the JSON object that was sent, digit for digit. It must not be changed.
	Body json.RawMessage
}

// Handler handles a message: the untyped core of [On] and [OnCall]. Its result, which
// encodes to a JSON object, is the reply; nil stands for {}. An error goes to the sender,
// see [Error], and drops the output of the handler.
type Handler func(*Request) (any, error)

// None is the body of a message without content: {}.
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

	onRestore func(down time.Duration) error

	relayHandler Handler // relayRequest inside the middleware, if there is any
	timers       map[string]func(json.RawMessage) error
	tasks        map[string]*task
	ticks        []func() error
}

func (h *handlers) handlesMessages() bool { return h.byAction != nil || h.catchAll != nil }

// On registers a handler for messages with the given action; bodies are decoded into T
// with encoding/json. Call it during setup. It panics if called later, if the action
// already has a handler, or if the action is reserved.
func On[T any](r *Room, action string, handle func(*Member, T) error) {
	r.register(&r.byAction, "On", action, reflect.TypeFor[T](), func(req *Request) (any, error) {
		body, err := decode[T](req)
		if err != nil {
			return nil, err
		}
		return nil, handle(req.Member, body)
	})
}

// OnCall is [On] for handlers with a reply, which the `ack` carries to the caller.
func OnCall[Req, Res any](r *Room, action string, handle func(*Member, Req) (Res, error)) {
	r.register(&r.byAction, "OnCall", action, reflect.TypeFor[Req](), func(req *Request) (any, error) {
		body, err := decode[Req](req)
		if err != nil {
			return nil, err
		}
		return handle(req.Member, body)
	})
}

// OnServer registers a handler for what the server's own code sends with [RoomRef.Send]
// and [RoomRef.Call]. Clients cannot reach it. Call it during setup.
func OnServer[T any](r *Room, action string, handle func(T) error) {
	r.register(&r.byServer, "OnServer", action, reflect.TypeFor[T](), func(req *Request) (any, error) {
		body, err := decode[T](req)
		if err != nil {
			return nil, err
		}
		return nil, handle(body)
	})
}

// OnServerCall is [OnServer] for handlers with a reply, which [RoomRef.Call] returns.
func OnServerCall[Req, Res any](r *Room, action string, handle func(Req) (Res, error)) {
	r.register(&r.byServer, "OnServerCall", action, reflect.TypeFor[Req](), func(req *Request) (any, error) {
		body, err := decode[Req](req)
		if err != nil {
			return nil, err
		}
		return handle(body)
	})
}

// OnMessage registers a handler for every message that has no other handler. The server
// sets the message's Sender. Call it during setup.
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
			Target:      r.actor.name,
			Sender:      req.Member.ID(),
		})
	}
}

// OnDirect registers a hook that decides whether a message from one member to another is
// delivered; nil delivers it unchanged. Without it, rooms with handlers refuse direct
// messages. Call it during setup.
func (r *Room) OnDirect(decide func(from, to *Member, req *Request) error) {
	r.mustSetUp("OnDirect")
	r.onDirect = decide
}

// OnJoin registers a hook that decides whether a client may join. An error refuses the
// join and undoes what the hook did. An admitted client is welcomed and announced, in the
// words of [Join.Welcome] and [Join.Announce] if those are used. Call it during setup.
func (r *Room) OnJoin(decide func(*Join) error) {
	r.mustSetUp("OnJoin")
	r.onJoin = decide
}

// OnLeave registers a hook that runs once for each member that has left, after the others
// were told. The member's identity and properties are still available. The hook cannot
// keep the member: an error is logged and drops the hook's output. Call it during setup.
func (r *Room) OnLeave(handle func(*Member, LeaveReason) error) {
	r.mustSetUp("OnLeave")
	r.onLeave = handle
}

// OnDrop registers a hook that runs when a member's connection breaks and its session can
// resume. The client stays a member until it resumes or its resume window ends. An error
// is logged and drops the output. Call it during setup.
func (r *Room) OnDrop(handle func(*Member) error) {
	r.mustSetUp("OnDrop")
	r.onDrop = handle
}

// OnResume registers a hook that runs when a member has resumed after OnDrop and was sent
// what it missed. An error is logged and drops the output. Call it during setup.
func (r *Room) OnResume(handle func(*Member) error) {
	r.mustSetUp("OnResume")
	r.onResume = handle
}

// OnClose registers a hook that runs once when the room closes, while its members can
// still be reached. No room of the same name is set up before it has returned. After a
// panic it is the only hook that runs. An error is logged and drops the output. Call it
// during setup.
func (r *Room) OnClose(handle func() error) {
	r.mustSetUp("OnClose")
	r.onClose = handle
}

// OnRestore registers a hook that runs when the room has been restored after its process
// ended, before anything else happens in it. Its state, members, timers and properties are
// those of the last turn that was written down; down is how long the room was away. Then
// OnDrop runs for members whose session may resume, OnLeave with [LeaveReasonDropped] for the
// others, and tasks that were at work end with [ErrInterrupted]. If OnRestore returns an
// error, the room stays closed and what is stored of it is kept. Call it during setup.
func (r *Room) OnRestore(handle func(down time.Duration) error) {
	r.mustSetUp("OnRestore")
	r.onRestore = handle
}

// Use wraps the room's message handlers. The first wrapper is the outermost; those of
// [Server.Use] are around them. Direct messages, which [Room.OnDirect] decides about, are
// not wrapped, nor is what the server's own code sends to a relay room. Call it during
// setup.
func (r *Room) Use(wrap func(next Handler) Handler) {
	r.mustSetUp("Use")
	if wrap == nil {
		panic("simplysocket: Room.Use: nil wrapper")
	}
	r.wrappers = append(r.wrappers, wrap)
}

func (r *Room) register(table *map[string]Handler, what, action string, body reflect.Type, h Handler) {
	r.mustSetUp(what)
	if err := r.checkHandled(action); err != nil {
		panic("simplysocket: " + what + ": " + err.Error())
	}
	if *table == nil {
		*table = map[string]Handler{}
	}
	if (*table)[action] != nil {
		panic(fmt.Sprintf("simplysocket: room %s handles %q already", r.actor.name, action))
	}
	(*table)[action] = h
	if s := r.srv.surface; s != nil {
		s.Note(table == &r.byServer, action, body)
	}
}

// checkHandled accepts the actions that a handler can be reached by.
func (r *Room) checkHandled(action string) error {
	if err := protocol.ValidAction(action); err != nil {
		return err
	}
	lobbyHandles := r.actor.isLobby && (action == protocol.ActionJoinRoom || action == protocol.ActionLeaveRoom)
	if lobbyHandles || !room.BelongsToProtocol(action) {
		return nil
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
