package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// handlers are the callbacks of a room; nil for those that are not registered.
type handlers struct {
	actions  map[string]func(*Message) error
	message  func(*Message)
	join     func(slug string)
	leave    func(slug string, reason LeaveReason)
	presence func(Member)
	gap      func(Gap)
	rejoin   func(welcome json.RawMessage)
	members  func([]Member)
	err      func(action string, err *Error)
	closed   func(LeaveReason)
}

// On registers a callback for messages with the given action; it gets the sender and the
// body. A body that does not decode to T goes to OnError. A room has one handler for an
// action: On panics if the action already has one, as [net/http.ServeMux] does, and if f
// is nil.
func On[T any](room *Room, action string, f func(from string, body T)) {
	if f == nil {
		panic(fmt.Sprintf("client: On(%q): the handler is nil", action))
	}
	room.on(action, func(m *Message) error {
		var body T
		if err := m.Decode(&body); err != nil {
			return err
		}
		f(m.Sender, body)
		return nil
	})
}

func (r *Room) on(action string, f func(*Message) error) {
	r.register(func(h *handlers) {
		if h.actions[action] != nil {
			panic(fmt.Sprintf("client: room %q already has a handler for %q", r.name, action))
		}
		actions := maps.Clone(h.actions) // the callbacks read it without the lock
		if actions == nil {
			actions = map[string]func(*Message) error{}
		}
		actions[action] = f
		h.actions = actions
	})
}

// OnMessage registers a callback for every message that no [On] handles. Like the other
// hooks of a room, it replaces the callback that was registered before.
func (r *Room) OnMessage(f func(*Message)) { r.register(func(h *handlers) { h.message = f }) }

// OnJoin registers a callback for announced joins of others.
func (r *Room) OnJoin(f func(slug string)) { r.register(func(h *handlers) { h.join = f }) }

// OnLeave registers a callback for announced leaves of others.
func (r *Room) OnLeave(f func(slug string, reason LeaveReason)) {
	r.register(func(h *handlers) { h.leave = f })
}

// OnGap registers a callback for missing messages. It runs before any newer message is
// delivered.
func (r *Room) OnGap(f func(Gap)) { r.register(func(h *handlers) { h.gap = f }) }

// OnRejoin registers a callback that runs when this client has joined the room again
// without a Join of the application: after a lost session, or because the room was opened
// again. It follows the OnGap that reports the loss. [Room.Members] and [Room.Count] are
// those of the new membership, and welcome is what the room said, as in [Room.Welcome].
func (r *Room) OnRejoin(f func(welcome json.RawMessage)) {
	r.register(func(h *handlers) { h.rejoin = f })
}

// OnMembers registers a callback that runs when the complete list of members has become
// known: after OnRejoin, and some time after an OnGap that may have hidden changes of
// members. OnJoin, OnLeave and OnPresence report changes only.
func (r *Room) OnMembers(f func([]Member)) { r.register(func(h *handlers) { h.members = f }) }

// OnError registers a callback for refusals that no call waits for: of posted messages,
// and of a room that does not admit the client again after a lost session. Without it,
// such errors are logged.
func (r *Room) OnError(f func(action string, err *Error)) {
	r.register(func(h *handlers) { h.err = f })
}

// OnClosed registers a callback that runs when the client is out of the room, also after
// Leave. It is the last callback of this Room. It does not run if Join returns an error.
func (r *Room) OnClosed(f func(LeaveReason)) { r.register(func(h *handlers) { h.closed = f }) }

func (r *Room) register(set func(*handlers)) {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	set(&r.handlers)
}

func (r *Room) registered() handlers {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return r.handlers
}

func (r *Room) tell(m *Message) {
	h := r.registered()
	f := h.actions[m.Action]
	if f == nil {
		if h.message != nil {
			h.message(m)
		}
		return
	}
	if err := f(m); err != nil {
		r.tellError(m.Action, &Error{Code: protocol.CodeBadMessage, Message: err.Error(), cause: err})
	}
}

func (r *Room) tellJoin(slug string) {
	if f := r.registered().join; f != nil {
		f(slug)
	}
}

func (r *Room) tellLeave(slug string, reason LeaveReason) {
	if f := r.registered().leave; f != nil {
		f(slug, reason)
	}
}

func (r *Room) tellGap(g Gap) {
	if f := r.registered().gap; f != nil {
		f(g)
		return
	}
	r.conn.log.Warn("messages are lost", "room", r.name, "epoch", g.Epoch, "from", g.From, "to", g.To)
}

func (r *Room) tellMembers(members []Member) {
	if f := r.registered().members; f != nil {
		f(members)
	}
}

func (r *Room) tellRejoin(welcome json.RawMessage) {
	if f := r.registered().rejoin; f != nil {
		f(bytes.Clone(welcome))
	}
}

func (r *Room) tellError(action string, err *Error) {
	if f := r.registered().err; f != nil {
		f(action, err)
		return
	}
	r.conn.log.Warn("a message was refused", "room", r.name, "action", action, "error", err)
}

func (r *Room) tellClosed(reason LeaveReason) {
	if f := r.registered().closed; f != nil {
		f(reason)
	}
}
