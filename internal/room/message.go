package room

import (
	"encoding/json"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// BelongsToProtocol reports whether an application can neither send nor handle the action. In
// a lobby it can handle joins and leaves.
func BelongsToProtocol(action string) bool {
	switch action {
	case protocol.ActionHello, protocol.ActionJoinRoom, protocol.ActionLeaveRoom, protocol.ActionListRooms,
		protocol.ActionListMembers, protocol.ActionHistory, protocol.ActionFindRoom, protocol.ActionWatchRooms:
		return true
	default:
		return protocol.ServerAction(action) || protocol.ReservedAction(action)
	}
}

// message handles a member's message.
func (m *Machine) message(e *Entry) (json.RawMessage, error) {
	member := m.order.find(e.Member)
	switch {
	case member == nil:
		return nil, m.notAMember()
	case m.relaying && !m.wrapped && !(m.cfg.Lobby && (e.Action == protocol.ActionJoinRoom || e.Action == protocol.ActionLeaveRoom)):
		m.Relay(e.Action, e.Body, e.Member)
		return nil, nil
	default:
		return m.hooks.Message(member, e)
	}
}

// Relay passes a message on to all members: its body is neither decoded nor encoded.
func (m *Machine) Relay(action string, body json.RawMessage, sender string) {
	m.count()
	s := Send{From: sender}
	m.broadcast(action, body, sender, &s)
}

// directMessage takes a message from one member to another.
func (m *Machine) directMessage(e *Entry) error {
	from, to := m.order.find(e.Member), m.order.find(e.Target)
	switch {
	case from == nil:
		return m.notAMember()
	case to == nil || to == from:
		return UnknownClient(e.Target)
	}
	if err := m.hooks.Direct(from, to, e); err != nil {
		return err
	}
	m.direct(to, e.Action, e.Body, from.ID)
	return nil
}

func (m *Machine) notAMember() error {
	if m.hidden {
		return UnknownRoom(m.cfg.Name)
	}
	return Errorf(protocol.CodeNotAMember, "not a member of room %q", m.cfg.Name)
}

// UnknownRoom is the error for a room that does not exist, or must not be known.
func UnknownRoom(name string) *Error {
	return Errorf(protocol.CodeUnknownRoom, "no room %q", name)
}

// UnknownClient is the error for a client that shares no room with the sender.
func UnknownClient(id string) *Error {
	return Errorf(protocol.CodeUnknownClient, "no client %q in a room with you", id)
}

// sender is the name that a message carries.
func (m *Machine) sender(from string) string {
	if from != "" {
		return from
	}
	return m.cfg.Server
}

// Broadcast yields a message of the application to the members that s names. Its error
// is that of a lobby whose code sends more than it may.
func (m *Machine) Broadcast(action string, body json.RawMessage, s *Send) error {
	if err := m.spend(); err != nil {
		return err
	}
	m.broadcast(action, body, m.sender(s.From), s)
	return nil
}

// SendTo yields a message of the application to one member.
func (m *Machine) SendTo(member *Member, action string, body json.RawMessage, from string) {
	m.direct(member, action, body, m.sender(from))
}

// count adds a broadcast to the deliveries that a member's message causes. What a client
// may cause is limited at the door.
func (m *Machine) count() {
	if m.out.handling != nil && m.out.handling.Kind == KindMessage {
		m.out.Deliveries += m.order.live
	}
}

// spend counts a broadcast. What a lobby's code sends of itself has a limit here, since no
// door sees it. What comes from outside the room has none: its sender is not waiting,
// and would not learn of a refusal.
func (m *Machine) spend() error {
	m.count()
	e := m.out.handling
	if m.lobby == nil || e != nil && (e.Kind == KindMessage || e.Kind == KindServer || e.Kind == KindBroadcast) {
		return nil
	}
	if !m.lobby.take(m.now, m.order.live, m.cfg.DeliveriesPerSecond) {
		return Errorf(protocol.CodeRateLimited, "too many deliveries per second")
	}
	return nil
}

// bucket is a token bucket in room time, so that it is part of the room's state.
type bucket struct {
	tokens float64
	filled time.Time
}

func (b *bucket) take(now time.Time, n, perSecond int) bool {
	rate := float64(perSecond)
	b.tokens = min(b.tokens+now.Sub(b.filled).Seconds()*rate, rate)
	b.filled = now
	want := min(float64(n), rate)
	if b.tokens < want {
		return false
	}
	b.tokens -= want
	return true
}
