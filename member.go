package simplysocket

import (
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Member is a client as one room sees it. Handlers get members; they are valid in this
// room's turns only. Code outside of rooms uses [Client].
type Member struct {
	room  *Room
	core  *room.Member
	props room.Properties
}

// member returns the application's view of a member, which is made on first use.
func (r *Room) member(core *room.Member) *Member {
	if face, ok := core.Face.(*memberFace); ok {
		return (*Member)(face)
	}
	m := &Member{room: r, core: core}
	if core.Face != nil {
		m.props = *core.Face.Properties() // it was restored
	}
	core.Face = (*memberFace)(m)
	return m
}

// memberFace is a Member as its room's machine sees it.
type memberFace Member

// Properties implements [room.Face].
func (m *memberFace) Properties() *room.Properties { return &m.props }

// ID returns the client's ID: its public name, which is never used again.
func (m *Member) ID() string { return m.core.ID }

// Identity returns the result of [Options.Authenticate]; the zero Identity is an anonymous
// client. Its User is fixed for the session. Its Claims are those of the connection over
// which the client joined or, from [Room.OnResume] on, resumed.
func (m *Member) Identity() Identity { return identityOf((*Identity)(m.core.Identity)) }

// Send sends a message to this member only. It is part of the entry's output: released
// when the handler returns nil. Frames to a single member are never dropped; a member
// whose outbox cannot take them is disconnected. The errors are those of [Room.Broadcast].
// The only option that has an effect is [From].
func (m *Member) Send(action string, body any, opts ...SendOption) error {
	r := m.room
	r.mustTurn("Member.Send")
	raw, err := r.encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	from := r.options(opts).From
	if err := checkSender(from); err != nil {
		return err
	}
	r.core.SendTo(m.core, action, raw, from)
	return nil
}

// Kick removes the member from the room once the handler has returned nil. The member gets
// `left-room` with the reason kicked; its connection stays.
func (m *Member) Kick() { m.room.Kick(m) }

// JoinRoom makes the member's client join another room once the handler has returned nil.
// It does not wait: the join is an entry of that room, and if the room refuses it, the
// client gets the error. params is the join's body; nil stands for {}. JoinRoom returns an
// error if params does not encode to an object.
func (m *Member) JoinRoom(name string, params any) error {
	body, err := encodeBody(params)
	if err != nil {
		return err
	}
	m.room.mustTurn("Member.JoinRoom")
	m.room.core.JoinRoom(m.core, name, body)
	return nil
}

// Info returns the member's profile, see [Client.SetInfo], or nil. It must not be changed.
func (m *Member) Info() json.RawMessage { return m.core.Info }

// Away reports whether the member's connection has broken and its session can still
// resume.
func (m *Member) Away() bool { return m.core.Away() }
