package client

import (
	"bytes"
	"encoding/json"
)

// Room is a room as the client in it sees it. It stays the same over lost
// connections, until the client is out of the room; what is sent after that the
// server refuses.
type Room struct {
	conn *Conn
	name string

	// Guarded by the lock of conn.

	status  status
	muted   bool            // nobody wants to hear of it any more
	params  json.RawMessage // of the join; nil: the client did not ask for it
	entered uint64          // its number among the client's rooms
	epoch   uint64          // 0: not known
	seq     uint64          // the last received of the epoch
	welcome json.RawMessage
	count   int
	members []Member
	gap     *Gap // the last event that waits for the room, if it tells of a gap

	handlers handlers
}

// status is how far the client is in a room.
type status uint8

const (
	joining status = iota
	joined
	rejoining // in a new session
	leaving
	gone
)

// Reason says why somebody is not in a room any more.
type Reason string

const (
	// ReasonLeft: the client left the room or the server.
	ReasonLeft Reason = "left"
	// ReasonDropped: its connection broke and it did not come back.
	ReasonDropped Reason = "dropped"
	// ReasonKicked: the room removed it.
	ReasonKicked Reason = "kicked"
	// ReasonClosed: the room closed.
	ReasonClosed Reason = "closed"
	// ReasonRefused: the session was lost, and the room did not let this client
	// in again.
	ReasonRefused Reason = "refused"
	// ReasonLost: the session was lost, and with it a room that this client had
	// not asked for.
	ReasonLost Reason = "lost"
)

func newRoom(c *Conn, name string, params json.RawMessage) *Room {
	return &Room{conn: c, name: name, params: params}
}

// Name is the room's name; "" for the lobby.
func (r *Room) Name() string { return r.name }

// Count is how many are in the room, as far as known.
func (r *Room) Count() int {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return r.count
}

// Welcome is what the room said when it last let the client in: a JSON object,
// of which the keys epoch, seq, count, members and next belong to the protocol.
func (r *Room) Welcome() json.RawMessage {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return bytes.Clone(r.welcome)
}
