package simplysockettest

import (
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join has a client with that ID join the room, and fails the test if it is refused. A
// client that has left joins again, with what it has not read yet. A room that has closed
// opens again, as it does on a server.
func (r *Room) Join(id string, opts ...JoinOption) *Client {
	c, err := r.join(id, opts)
	if err != nil {
		r.fatalf(" refused %s: %v", id, err)
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return c
}

// JoinRefused has a client try to join the room, and fails the test unless it is refused
// with that code. It returns the message of the error.
func (r *Room) JoinRefused(code protocol.Code, id string, opts ...JoinOption) (message string) {
	_, err := r.join(id, opts)
	message = r.refusal(code, "the join of "+id, err)
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return message
}

// TryJoin is [Room.Join] with the error of the room: an [*simplysocket.Error], or that of a
// setup.
func (r *Room) TryJoin(id string, opts ...JoinOption) (*Client, error) {
	c, err := r.join(id, opts)
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return c, err
}

func (r *Room) join(id string, opts []JoinOption) (*Client, error) {
	c := r.byID[id]
	if c == nil {
		c = &Client{room: r, id: id, session: r.limits.Resumes}
		c.connect()
	}
	if !r.mayJoin(c, opts) {
		return nil, nil
	}
	if r.kept != nil {
		if err := r.restore(); err != nil {
			return nil, err
		}
	}
	if r.closed {
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	if r.byID[id] == nil {
		r.byID[id] = c
		r.clients = append(r.clients, c)
	}
	e := c.entry(room.KindJoin)
	e.Body, e.Conn, e.Who = c.body, c.conn, c.arrival()
	if err := r.apply(c, &e).err; err != nil {
		return nil, err
	}
	return c, nil
}

// mayJoin reports whether there is sense in a join.
func (r *Room) mayJoin(c *Client, opts []JoinOption) bool {
	if err := protocol.ValidName(c.id); err != nil {
		r.fatalf(": %q cannot be the ID of a client: %v", c.id, err)
	}
	switch {
	case c.number != 0:
		r.fatalf(": %s is a member already", c.id)
	case c.ended:
		r.fatalf(": the session of %s has ended; a new one has another ID, so give it one", c.id)
	case c.away || c.cut:
		r.fatalf(": %s is away, and has to resume first", c.id)
	}
	c.body = json.RawMessage("{}")
	for _, opt := range opts {
		if err := opt(c); err != nil {
			r.fatalf(": the join of %s: %v", c.id, err)
		}
	}
	return !r.fatal
}
