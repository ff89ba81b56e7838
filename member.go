package simplysocket

import (
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Member is a client as one room sees it. It is what handlers get and is valid
// in this room's turns only; for code outside rooms there is [Client].
type Member struct {
	room  *Room
	core  *room.Member
	props map[string]any
}

// member returns the application's view of a member, which is made on first use.
func (r *Room) member(core *room.Member) *Member {
	if m, ok := core.Face.(*Member); ok {
		return m
	}
	m := &Member{room: r, core: core}
	core.Face = m
	return m
}

// ID is the client's slug: its public name, unique for ever.
func (m *Member) ID() string { return m.core.ID }

// Identity is what [Options.Authenticate] said of the client; the zero Identity is
// an anonymous client. Its User is fixed for the session. Its Claims are those of
// the connection over which the client joined or, from [Room.OnResume] on, came
// back.
func (m *Member) Identity() Identity { return identityOf((*Identity)(m.core.Identity)) }

// Send sends a message to this member alone. It is part of the entry's output:
// released when the handler returns nil. Frames to one member are never
// dropped; a member whose outbox can not take them is disconnected. It returns
// an error for an action or a body that can not be sent. Of the options only
// [From] has a meaning here.
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

// Kick removes the member from the room when the handler has returned nil. The
// member gets `left-room` with the reason kicked; its connection stays.
func (m *Member) Kick() { m.room.Kick(m) }

// JoinRoom lets the member's client join another room when the handler has
// returned nil. It waits for nothing: the join is an entry of that room, and if
// it is refused the client gets the error. Params are the join's body; nil is
// {}. It returns an error if params do not encode to an object.
func (m *Member) JoinRoom(name string, params any) error {
	body, err := encodeBody(params)
	if err != nil {
		return err
	}
	m.room.mustTurn("Member.JoinRoom")
	m.room.core.JoinRoom(m.core, name, body)
	return nil
}

// Info is what the member shows of itself, see [Client.SetInfo], or nil. It must
// not be changed.
func (m *Member) Info() json.RawMessage { return m.core.Info }

// Away reports whether the member's connection has broken and its session waits
// for it.
func (m *Member) Away() bool { return m.core.Away() }
