package simplysocket

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Client is one session of one user, for code outside of rooms; code inside uses [Member].
// All methods may be called concurrently, and none waits for the network.
type Client struct {
	srv        *Server
	id         string
	identity   atomic.Pointer[Identity]   // of the newest connection; nil: the zero Identity
	connection atomic.Pointer[connection] // its connection, or the last that it had
	session    *session                   // nil: it ends with its connection

	mu       sync.Mutex
	rooms    []*membership   // in joining order, without the lobby
	info     json.RawMessage // its profile; nil: none
	admitted bool            // it counts as connected
	ended    bool

	numbering sync.Mutex // orders the frames that carry n
	directs   uint64

	// Of the reading goroutine.

	lastID uint64
	quota  *quota // nil until the first message

	deliveries deliveries // nil until the first that counts
}

// membership is a client's place in a room, as the client sees it. It exists from the
// moment a join is on its way.
type membership struct {
	room    *actor
	waiting int // joins and leaves on their way
	joined  bool
	leaving bool // the last of them is a leave
}

// newClient makes the client of a connection. Nobody can find it yet.
func (conn *connection) newClient() *Client {
	c := &Client{srv: conn.srv, id: newSlug()}
	c.identity.Store(conn.identity)
	c.connection.Store(conn)
	if conn.v1 {
		c.session = &session{}
	}
	return c
}

// ID returns the client's public name, which is never used again.
func (c *Client) ID() string { return c.id }

// Identity returns the result of [Options.Authenticate]. Its User is fixed for the
// session; its Claims are those of the newest connection.
func (c *Client) Identity() Identity { return identityOf(c.identity.Load()) }

func identityOf(i *Identity) Identity {
	if i == nil {
		return Identity{}
	}
	return *i
}

// Send sends a message to this client only, from outside of any room. Frames to a single
// client are never dropped; a client whose outbox cannot take them is disconnected. The
// error is that of a message that cannot be sent, or [ErrClientGone].
func (c *Client) Send(action string, body any) error {
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	if c.isEnded() {
		return ErrClientGone
	}
	c.send(&protocol.Header{Action: action}, raw)
	return nil
}

// send writes a frame that belongs to no room.
func (c *Client) send(h *protocol.Header, body json.RawMessage) {
	if c.session == nil {
		c.connection.Load().out.Send(c.frame(h, body))
		return
	}
	c.numbering.Lock()
	defer c.numbering.Unlock()
	c.directs++
	h.N = c.directs
	f := c.frame(h, body)
	c.session.remember(f)
	c.connection.Load().out.Send(f)
}

// frame encodes a message of the server to the client alone.
func (c *Client) frame(h *protocol.Header, body []byte) *fanout.Frame {
	h.Target, h.IsTargetClient, h.Sender = c.id, true, c.srv.name
	return makeFrame(func(dst []byte) []byte { return protocol.AppendEnvelope(dst, h, body) })
}

func (c *Client) sendError(err error, re string, ref uint64) {
	public, internal := publicError(err)
	if internal {
		c.srv.log.Error("request failed", "client", c.id, "action", re, "error", err)
	}
	c.answer(re, ref, protocol.ActionError, errorBody(public))
}

func (c *Client) sendAck(re string, ref uint64, reply json.RawMessage) {
	c.answer(re, ref, protocol.ActionAck, reply)
}

// answer answers a message of the client that no room answers.
func (c *Client) answer(re string, ref uint64, action string, body json.RawMessage) {
	if c.session != nil && ref != 0 {
		c.session.answer(ref, &answered{action: action, body: body})
	}
	c.send(&protocol.Header{Action: action, Ref: ref, Re: re}, body)
}

// Join makes the client join a room, which opens if necessary. params is the join's body;
// nil stands for {}. A nil error means that the join is on its way: if the room refuses
// it, the client gets the error. Otherwise the error is [ErrBadName], [ErrTooManyRooms],
// [ErrMailboxFull], [ErrClientGone], or of type [*Error].
func (c *Client) Join(room string, params any) error {
	body, err := encodeBody(params)
	if err != nil {
		return err
	}
	return c.join(joinRequest{room: room, body: body})
}

// Leave makes the client leave a room. It returns [ErrRoomClosed] if the client is not in
// it.
func (c *Client) Leave(room string) error { return c.leave(room, 0) }

// Rooms returns the names of the rooms that the client is in, in joining order and without
// the lobby.
func (c *Client) Rooms() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]string, 0, len(c.rooms))
	for _, m := range c.rooms {
		if m.joined {
			names = append(names, m.room.name)
		}
	}
	return names
}

// Disconnect ends the session. The client leaves its rooms and gets what already waits for
// it, then the close code, which says whether to return; see [protocol.CloseCode].
// Applications may use 1000 (goodbye), 1001 and 1012 (return), 1008 and 1011, 3000 to
// 3999, 4001 (log in again), 4003 (do not return) and 4100 to 4999. For any other code,
// 4003 is sent and an error is logged. The reason is for people; it is cut after 123 bytes
// of UTF-8.
func (c *Client) Disconnect(code protocol.CloseCode, reason string) {
	if !protocol.ApplicationCloseCode(code) {
		c.srv.log.Error("an application cannot close with this code", "client", c.id, "code", int(code), "sent", int(protocol.CloseDisconnected))
		code = protocol.CloseDisconnected
	}
	c.disconnect(code, reason)
}

// disconnect is Disconnect with any code.
func (c *Client) disconnect(code protocol.CloseCode, reason string) {
	c.end(ending{why: LeaveReasonKicked, code: code, reason: reason})
	c.connection.Load().out.Close(uint16(code), reason)
}

func (c *Client) isEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// joinRequest asks for a room.
type joinRequest struct {
	room  string
	body  json.RawMessage
	id    uint64
	flags room.Flags
}

// join posts a join. The client's lock keeps its joins, leaves and end in order.
func (c *Client) join(req joinRequest) error {
	if err := protocol.ValidName(req.room); err != nil || req.room == c.srv.opts.Lobby {
		return fmt.Errorf("%w: %q", ErrBadName, req.room)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return ErrClientGone
	}
	m := c.membership(req.room)
	if m == nil && len(c.rooms) >= c.srv.opts.MaxRoomsPerClient {
		return ErrTooManyRooms
	}
	for {
		a, err := c.srv.actorFor(req.room, req.flags)
		if err != nil {
			return err
		}
		if m == nil || m.room != a {
			m = &membership{room: a}
		}
		c.recordAsked(a, req.id)
		it := c.joining(req)
		it.source.pending = m
		err = a.post(it)
		if errors.Is(err, ErrRoomClosed) {
			continue // it has ended since it was found
		}
		if err != nil {
			c.countBusy(err)
			return err
		}
		m.waiting++
		m.leaving = false
		if !slices.Contains(c.rooms, m) {
			c.rooms = append(c.rooms, m)
		}
		return nil
	}
}

// joining returns the item of a join. The caller holds the lock, so that the client's
// state is in order with its drops and resumes.
func (c *Client) joining(req joinRequest) *item {
	if c.session != nil && c.session.away {
		req.flags |= room.FlagAway
	}
	conn := c.connection.Load()
	who := c.arrivingBy(conn)
	who.Info, who.Attempts = c.info, c.srv.passwordAttempts.count(who.Network)
	return &item{
		entry:  room.Entry{Kind: room.KindJoin, Flags: req.flags, Member: c.id, ID: req.id, Body: req.body, Conn: conn.number, Who: who},
		source: source{client: c, conn: conn},
	}
}

// arrivingBy returns what a room has to know about the client that comes over conn.
func (c *Client) arrivingBy(conn *connection) *room.Arrival {
	return &room.Arrival{
		Identity:  (*room.Identity)(c.identity.Load()),
		Resumable: c.session != nil,
		Network:   network(conn.address),
	}
}

// arriving returns the join of the lobby that comes with connecting. The caller holds the
// lock.
func (c *Client) arriving() *item {
	return c.joining(joinRequest{body: emptyBody, flags: room.FlagConnect})
}

// arrival is arriving for a lobby that opens again; it returns nil for a client that has
// ended.
func (c *Client) arrival() *item {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || !c.admitted {
		return nil
	}
	return c.arriving()
}

func (c *Client) leave(name string, id uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.membership(name)
	if m == nil || m.leaving { // a mailbox always has a place for a leave, but not for many
		return ErrRoomClosed
	}
	c.recordAsked(m.room, id)
	err := m.room.post(&item{entry: room.Entry{Kind: room.KindLeave, Member: c.id, ID: id}, source: source{client: c, pending: m}})
	if err == nil {
		m.waiting++
		m.leaving = true
	}
	return err
}

// recordAsked records which room will answer a message. Call it before the message is
// posted, so that the answer comes later.
func (c *Client) recordAsked(a *actor, id uint64) {
	if c.session != nil && id != 0 {
		c.session.ask(id, a)
	}
}

// membership returns the client's place in the room of that name, or nil. The caller holds
// the lock.
func (c *Client) membership(name string) *membership {
	for _, m := range c.rooms {
		if m.room.name == name {
			return m
		}
	}
	return nil
}

// settle records the result of a join or leave that was on its way.
func (c *Client) settle(m *membership, joined bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.waiting--
	m.joined = joined
	c.forgetIfGone(m)
}

// left records that a room has removed the client.
func (c *Client) left(a *actor, reason LeaveReason) {
	if c.session != nil && !a.isLobby {
		c.session.recordRemoval(a.name, reason)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.rooms {
		if m.room == a {
			m.joined = false
			c.forgetIfGone(m)
			return
		}
	}
}

func (c *Client) forgetIfGone(m *membership) {
	if !m.joined && m.waiting == 0 {
		c.rooms = slices.DeleteFunc(c.rooms, func(other *membership) bool { return other == m })
	}
	if len(c.rooms) == 0 {
		c.rooms = nil
	}
}

// ending is how a session ends.
type ending struct {
	why    LeaveReason
	code   protocol.CloseCode
	reason string
}

// end takes the client off the server: nobody finds it from here on, and its rooms get a
// leave. Ending again has no effect.
func (c *Client) end(how ending) {
	if c.endIf(how, func() bool { return true }) {
		c.reportEnd(how)
	}
}

// endBy is end for an event of one connection: it has no effect if another connection has
// the session, or if the session waits for one.
func (c *Client) endBy(conn *connection, how ending) {
	if c.endIf(how, c.isHadBy(conn)) {
		c.reportEnd(how)
	}
}

// isHadBy returns the condition that conn is the client's current connection and is open.
func (c *Client) isHadBy(conn *connection) func() bool {
	return func() bool { return c.connection.Load() == conn && (c.session == nil || !c.session.away) }
}

// endIf ends a client if a condition holds, which is evaluated under the lock. It reports
// whether an admitted client has ended; the caller then reports the end.
func (c *Client) endIf(how ending, still func() bool) bool {
	c.mu.Lock()
	if c.ended || !still() {
		c.mu.Unlock()
		return false
	}
	c.ended = true
	rooms, here := c.rooms, c.admitted
	c.rooms = nil
	c.forget()
	c.mu.Unlock()
	if c.srv.clients.find(c.id) != c {
		return false // it never got as far as being a client
	}
	c.srv.clients.update(c.id, func(*Client, bool) (*Client, bool) { return nil, false })
	c.srv.users.remove(c)
	gone := item{entry: room.Entry{Kind: room.KindLeave, Member: c.id, Reason: room.LeaveReason(how.why)}, source: source{client: c}}
	for _, m := range rooms {
		_ = m.room.post(&gone) // a room that has ended needs not be told
	}
	_ = c.srv.theLobby().post(&gone)
	return here
}

// register makes the client known by its ID and by its user. Code that finds it by one of
// them and ends it removes both: the lock makes that come later.
func (c *Client) register() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.srv.clients.update(c.id, func(*Client, bool) (*Client, bool) { return c, true })
	c.srv.users.add(c)
}

// admit takes the client into the lobby, unless it has ended meanwhile, and returns its
// first token.
func (c *Client) admit() (token string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return "", false
	}
	c.admitted = true
	c.srv.stats.connects.Add(1)
	if c.session != nil {
		token = c.offer()
	}
	_ = c.srv.theLobby().post(c.arriving()) // one that has ended does so with the server
	return token, true
}

var emptyBody = json.RawMessage("{}")

// reportEnd counts and traces the end of an admitted client.
func (c *Client) reportEnd(how ending) {
	c.srv.stats.disconnects.Add(1)
	if c.srv.trace.Disconnect != nil {
		info := DisconnectInfo{Client: c.id, Code: uint16(how.code), Reason: how.reason}
		c.srv.observe(func() { c.srv.trace.Disconnect(info) })
	}
}
