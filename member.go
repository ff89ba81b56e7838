package simplysocket

import (
	"encoding/json"
	"iter"
	"sort"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Member is a client as one room sees it. It is what handlers get and is valid
// in this room's turns only; for code outside rooms there is [Client].
type Member struct {
	room     *Room
	client   *Client
	identity *Identity // nil: the zero Identity
	port     fanout.Port
	number   uint64          // its place in the order of joining, never given again
	slot     int32           // in the roster
	away     bool            // its connection has broken
	stirred  bool            // the others are to be told of it
	since    uint64          // seq behind which it is entitled to the room's output
	info     json.RawMessage // what it shows of itself
	props    map[string]any
}

// ID is the client's slug: its public name, unique for ever.
func (m *Member) ID() string { return m.client.id }

// Identity is what [Options.Authenticate] said of the client; the zero Identity is
// an anonymous client. Its User is fixed for the session. Its Claims are those of
// the connection over which the client joined or, from [Room.OnResume] on, came
// back.
func (m *Member) Identity() Identity { return identityOf(m.identity) }

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
	o := r.options(opts)
	if err := o.checkSender(); err != nil {
		return err
	}
	r.direct(m, action, raw, r.sender(o))
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
	client := m.client
	m.room.after(func() {
		if err := client.join(joinRequest{room: name, body: body}); err != nil {
			client.sendError(wireError(err), protocol.ActionJoinRoom, 0)
		}
	})
	return nil
}

// roster is the members of a room in the order of their joining. Removal
// leaves an empty place, which is closed up when half of the places are empty:
// ten thousand members who leave at once must not each move all the others.
type roster struct {
	slots []*Member
	live  int
	next  uint64
}

func (r *roster) add(m *Member) {
	r.next++
	m.number, m.slot = r.next, int32(len(r.slots)) //nolint:gosec // a room has no 2^31 members
	r.slots = append(r.slots, m)
	r.live++
}

func (r *roster) remove(m *Member) {
	r.slots[m.slot] = nil
	r.live--
	if r.live < len(r.slots)/2 {
		r.compact()
	}
}

func (r *roster) compact() {
	slots := make([]*Member, 0, r.live)
	for m := range r.all() {
		m.slot = int32(len(slots)) //nolint:gosec // as in add
		slots = append(slots, m)
	}
	if len(slots) == 0 {
		slots = nil
	}
	r.slots = slots
}

// all iterates over the members in joining order.
func (r *roster) all() iter.Seq[*Member] {
	return func(yield func(*Member) bool) {
		for _, m := range r.slots {
			if m != nil && !yield(m) {
				return
			}
		}
	}
}

// after iterates over the members who joined after the one of that number.
func (r *roster) after(number uint64) iter.Seq[*Member] {
	if r.live < len(r.slots) {
		r.compact()
	}
	first := sort.Search(len(r.slots), func(i int) bool { return r.slots[i].number > number })
	rest := roster{slots: r.slots[first:]}
	return rest.all()
}
