package client

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Room is one membership of this client in a room. It stays the same over lost connections
// and sessions until the client is out of the room: it has left, was removed, or was not
// admitted again. From then on it is dead: its methods send nothing and return errors that
// wrap [ErrOutOfRoom], and after OnClosed no callback runs. A later Join of the same name
// returns another Room, which this one does not affect.
type Room struct {
	conn *Conn
	name string

	// Guarded by the lock of conn.

	status  status
	in      bool            // the application has it: Join returned it, or OnRoom was told
	muted   bool            // nobody wants to hear of it any more
	reason  LeaveReason     // why the client is out of it, or seems to be
	params  json.RawMessage // of the join; nil: the client did not ask for it
	entered uint64          // its number among the client's rooms
	epoch   uint64          // 0: not known
	past    uint64          // the epoch that a whole gap ended; 0 once the next one is known
	seq     uint64          // the last received of the epoch
	welcome json.RawMessage
	count   int
	members []Member
	gaps    int  // in what was received
	looking bool // the members are being asked for
	stale   bool // a large room has announced nobody since they were listed
	gap     *Gap // the last event that waits for the room, if it tells of a gap

	handlers handlers
}

// status is the state of a membership.
type status uint8

const (
	joining status = iota
	joined
	rejoining // in a new session
	leaving
	gone
)

// LeaveReason says why a member left a room.
type LeaveReason string

const (
	// LeaveReasonLeft: the client left the room or the server.
	LeaveReasonLeft LeaveReason = "left"
	// LeaveReasonDropped: its connection broke and it did not come back.
	LeaveReasonDropped LeaveReason = "dropped"
	// LeaveReasonKicked: the room removed it.
	LeaveReasonKicked LeaveReason = "kicked"
	// LeaveReasonClosed: the room closed.
	LeaveReasonClosed LeaveReason = "closed"
	// LeaveReasonRefused: the session was lost, and the room did not let this client
	// in again.
	LeaveReasonRefused LeaveReason = "refused"
	// LeaveReasonLost: the server has lost the session or the room, and this client
	// had not asked for the room, so that it is not joined again.
	LeaveReasonLost LeaveReason = "lost"
)

func newRoom(c *Conn, name string, params json.RawMessage) *Room {
	return &Room{conn: c, name: name, params: params}
}

// usable returns an error if the room may no longer act, or not yet. The caller holds the
// lock.
func (r *Room) usable() error {
	c := r.conn
	if r == c.lobby || c.rooms[r.name] == r && r.status != leaving {
		return nil
	}
	text := fmt.Sprintf("not a member of room %q", r.name)
	if r.reason != "" {
		text += ": " + string(r.reason)
	}
	return &Error{Code: protocol.CodeNotAMember, Message: text, cause: ErrOutOfRoom}
}

// Name returns the room's name; "" for the lobby.
func (r *Room) Name() string { return r.name }

// Count returns the number of members, as far as known.
func (r *Room) Count() int {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return r.count
}

// Welcome returns what the room said when it last admitted the client: a JSON object. Its
// keys epoch, seq, count, members and next belong to the protocol.
func (r *Room) Welcome() json.RawMessage {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return bytes.Clone(r.welcome)
}
