package simplysocket

import (
	"container/list"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/ring"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// session lets a client outlive its connections. Plain clients have none.
type session struct {
	receiving sync.Mutex   // held by the one connection whose message is taken
	wanted    atomic.Int32 // connections that wait to take it over

	// Guarded by the client's lock.

	token   string        // resumes the session
	offered string        // replaces token once the client has shown that it has it
	away    bool          // there is no connection
	window  *time.Timer   // ends the disconnected session
	place   *list.Element // among the disconnected sessions of its address
	retired *connection   // the connection that was replaced last
	resumes *rate.Limiter // nil until the first

	// Guarded by the client's numbering.

	directs ring.Ring[*fanout.Frame] // the newest frames that carry n
	bytes   int

	memory   sync.Mutex          // guards what follows
	asked    ring.Ring[asked]    // what was received and not answered yet
	answers  answers             // the newest of what was answered
	removals *ring.Ring[removal] // the newest rooms that have removed the client; nil: none has
}

// removal is a room that has removed the client, and the reason.
type removal struct {
	room   string
	reason LeaveReason
}

// Bounds of what a session remembers besides its rooms.
const (
	keptDirects     = 64
	keptDirectBytes = 64 << 10
	keptRemovals    = 32
)

// hello is the first message of a v1 client.
type hello struct {
	session string
	rooms   map[string][2]uint64 // epoch and seq
	direct  uint64
}

// readHello reads a hello. The features that it names matter to the client alone: the
// server uses none on its own.
func readHello(body json.RawMessage) (h hello, err error) {
	var features []string
	return h, room.ReadParams(body, room.Params{
		"session":  &h.session,
		"rooms":    &h.rooms,
		"direct":   &h.direct,
		"features": &features,
	})
}

// resumes reports whether sessions outlive their connections.
func (s *Server) resumes() bool { return !s.opts.DisableResume }

// offer returns a new token, or "" if sessions end with their connection. The previous
// token still resumes the session until the client shows, by a message, that it has
// received the new one. The caller holds the lock.
func (c *Client) offer() string {
	if !c.srv.resumes() || c.ended {
		return ""
	}
	token := newSlug()
	c.srv.forgetToken(c.session.offered)
	c.session.offered = token
	c.srv.sessions.update(token, func(*Client, bool) (*Client, bool) { return c, true })
	return token
}

// confirm replaces the token by the offered one, if there is one. The caller holds the
// lock.
func (c *Client) confirm() {
	if s := c.session; s.offered != "" {
		c.srv.forgetToken(s.token)
		s.token, s.offered = s.offered, ""
	}
}

func (s *Server) forgetToken(token string) {
	if token != "" {
		s.sessions.update(token, func(*Client, bool) (*Client, bool) { return nil, false })
	}
}

// outcome is the result of a hello with a token.
type outcome uint8

const (
	unknown  outcome = iota // there is no such session
	resumed                 // it continues over this connection
	outdated                // a newer connection has it
	tooOften                // it was resumed too often lately
)

// resume takes over a session if its token is valid: the newest, or the previous one as
// long as the client may not have received the newest.
func (conn *connection) resume(h *hello) (token string, became outcome) {
	if h.session == "" || !conn.srv.resumes() {
		return "", unknown
	}
	c := conn.srv.sessions.find(h.session)
	if c == nil || !conn.srv.sameIdentity(c.Identity(), identityOf(conn.identity)) {
		return "", unknown
	}
	c.session.wanted.Add(1)
	c.session.receiving.Lock() // the previous connection finishes its message
	c.session.wanted.Add(-1)
	defer c.session.receiving.Unlock()
	c.numbering.Lock() // nothing overtakes the missed frames
	defer c.numbering.Unlock()
	before, token, became := c.attach(conn, h)
	if became != resumed {
		return "", became
	}
	c.replayDirects(conn.out, h.direct)
	if before != nil {
		before.out.CloseDiscarding(uint16(protocol.CloseTaken), takenOver) // what waits is replayed
	}
	return token, resumed
}

// sameIdentity reports whether a request may resume a session. Claims do not count: a
// fresh token of the same user has others.
func (s *Server) sameIdentity(session, request Identity) (same bool) {
	if s.opts.SameIdentity == nil {
		return session.User == request.User
	}
	err := s.contain("SameIdentity", func() error { same = s.opts.SameIdentity(session, request); return nil })
	return same && err == nil
}

const takenOver = "a newer connection has the session"

// attach makes conn the client's connection and has the rooms send what it has missed. It
// returns the replaced connection, if that is still open, and a new token: the newest
// token belongs to the connection that took the session last.
func (c *Client) attach(conn *connection, h *hello) (before *connection, token string, became outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	switch {
	case c.ended || h.session != s.token && h.session != s.offered:
		return nil, "", unknown
	case conn.number < c.connection.Load().number: // a hello that was delayed
		return nil, "", outdated
	case !s.mayResume():
		return nil, "", tooOften
	}
	if h.session == s.offered {
		c.confirm()
	}
	if s.away {
		s.window.Stop()
		c.endAway()
	} else {
		before = c.connection.Load()
	}
	if s.retired != nil {
		_ = s.retired.ws.Abort() // it has had its time; a client that reads nothing must not pile them up
	}
	s.retired = before
	conn.client = c
	c.connection.Store(conn)
	c.identity.Store(c.renewed(conn.identity))
	for _, m := range c.rooms {
		_ = m.room.post(c.returning(conn, h, m.room.name)) // if that has closed, the client knows
	}
	_ = c.srv.theLobby().post(c.returning(conn, h, c.srv.opts.Lobby))
	c.announceRemovals(conn, h)
	return before, c.offer(), resumed
}

// renewed is the identity of a session that continues over another connection: the claims
// are new; the user, under which the session is registered, stays.
func (c *Client) renewed(request *Identity) *Identity {
	if user := c.Identity().User; user != identityOf(request).User {
		return &Identity{User: user, Claims: identityOf(request).Claims}
	}
	return request
}

func (c *Client) returning(conn *connection, h *hello, name string) *item {
	seen := h.rooms[name]
	return &item{
		entry: room.Entry{
			Kind: room.KindResume, Member: c.id, Conn: conn.number, Who: c.arrivingBy(conn),
			Seen: room.Position{Epoch: seen[0], Seq: seen[1]},
		},
		source: source{client: c, conn: conn},
	}
}

// announceRemovals tells the client which of the rooms in its hello it is no longer in.
// The caller holds the lock.
func (c *Client) announceRemovals(conn *connection, h *hello) {
	var news []*fanout.Frame
	for name := range h.rooms {
		in := slices.ContainsFunc(c.rooms, func(m *membership) bool { return m.room.name == name })
		if !in && name != c.srv.opts.Lobby && len(news) < c.srv.opts.MaxRoomsPerClient {
			news = append(news, c.leftFrame(name))
		}
	}
	conn.out.Replay(news)
}

func (c *Client) leftFrame(name string) *fanout.Frame {
	reason := room.LeaveReason(c.session.removalReason(name))
	return makeFrame(func(dst []byte) []byte { return room.EncodeLeft(dst, c.srv.name, name, c.id, reason) })
}

// sendLeft tells a client that resumes over conn that it is no longer in a room.
func (c *Client) sendLeft(conn *connection, name string) {
	conn.out.Replay([]*fanout.Frame{c.leftFrame(name)})
}

// recordRemoval remembers that a room has removed the client, and why.
func (s *session) recordRemoval(name string, reason LeaveReason) {
	s.memory.Lock()
	defer s.memory.Unlock()
	if s.removals == nil {
		s.removals = new(ring.Ring[removal])
	}
	if s.removals.Len() == keptRemovals {
		s.removals.Pop()
	}
	s.removals.Push(removal{name, reason})
}

func (s *session) removalReason(name string) LeaveReason {
	s.memory.Lock()
	defer s.memory.Unlock()
	if s.removals == nil {
		return LeaveReasonClosed
	}
	for _, g := range s.removals.Backward() {
		if g.room == name {
			return g.reason
		}
	}
	return LeaveReasonClosed
}

// drop keeps a session for another connection. It reports whether the session is kept.
func (c *Client) drop(conn *connection) bool {
	if c.session == nil || !c.srv.resumes() || c.srv.closing.Load() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	switch {
	case c.ended:
		return false
	case c.connection.Load() != conn || s.away: // a newer one has it, or it was dropped before
		return true
	case c.srv.stats.kept.Add(1) > int64(c.srv.opts.MaxDisconnectedSessions):
		c.srv.stats.kept.Add(-1)
		return false
	}
	s.away = true
	place, over := c.srv.addresses.keep(network(conn.address), c, c.srv.opts.keptPerAddress())
	s.place = place
	if over {
		go c.srv.evict(network(conn.address), Unlimited) // ends others, and that may call a Trace
	}
	s.window = time.AfterFunc(c.srv.opts.ResumeWindow, func() { c.expire(conn) })
	for _, m := range c.rooms {
		_ = m.room.post(c.dropping(conn))
	}
	_ = c.srv.theLobby().post(c.dropping(conn))
	return true
}

func (c *Client) dropping(conn *connection) *item {
	return &item{entry: room.Entry{Kind: room.KindDrop, Member: c.id, Conn: conn.number}, source: source{client: c}}
}

// expire ends a session whose client has not returned since conn was lost.
func (c *Client) expire(conn *connection) {
	how := ending{why: LeaveReasonDropped, code: 1006}
	if c.endIf(how, func() bool { return c.session.away && c.connection.Load() == conn }) {
		c.reportEnd(how)
	}
}

// forget removes what the server holds of a session. The caller holds the lock.
func (c *Client) forget() {
	s := c.session
	if s == nil {
		return
	}
	c.srv.forgetToken(s.token)
	c.srv.forgetToken(s.offered)
	if s.away {
		s.window.Stop()
		c.endAway()
	}
}

// endAway ends the disconnected state of a session. The caller holds the lock, and the
// client still has the connection that was lost.
func (c *Client) endAway() {
	c.session.away = false
	c.srv.stats.kept.Add(-1)
	c.srv.addresses.release(network(c.connection.Load().address), c.session.place)
	c.session.place = nil
}

// A session may resume this often at once, and this many times a second after that: each
// time costs a replay.
const (
	resumeBurst = 60
	resumeRate  = 2
)

func (s *session) mayResume() bool {
	if s.resumes == nil {
		s.resumes = rate.NewLimiter(resumeRate, resumeBurst)
	}
	return s.resumes.Allow()
}

// remember keeps a frame that carries n. The caller holds the numbering.
func (s *session) remember(f *fanout.Frame) {
	s.directs.Push(f)
	s.bytes += f.Len()
	for s.directs.Len() > keptDirects || s.bytes > keptDirectBytes && s.directs.Len() > 1 {
		s.bytes -= s.directs.Pop().Len()
	}
}

// replayDirects sends the frames with n that the client has not seen, and reports those
// that are lost. The caller holds the numbering.
func (c *Client) replayDirects(out *fanout.Outlet, seen uint64) {
	kept := &c.session.directs
	first := c.directs - uint64(kept.Len()) //nolint:gosec // a count. n of the newest that is gone
	if seen < first {
		gap := c.frame(&protocol.Header{Action: protocol.ActionGap}, room.EncodeBody(directGap{From: seen + 1, To: first}))
		out.Replay([]*fanout.Frame{gap})
		seen = first
	}
	missed := make([]*fanout.Frame, 0, kept.Len())
	for i, f := range kept.All() {
		if first+uint64(i) >= seen { //nolint:gosec // a count
			missed = append(missed, *f)
		}
	}
	out.Replay(missed)
}

type directGap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// ask remembers a message that was received, and the room that will answer it.
func (s *session) ask(id uint64, a *actor) {
	s.memory.Lock()
	defer s.memory.Unlock()
	if n := s.asked.Len(); n > 0 && id <= s.asked.At(n-1).id { // ids grow, but for one that is tried again
		if i := s.find(id); i >= 0 {
			s.asked.At(i).room = a
			return
		}
	}
	s.asked.Push(asked{id: id, room: a})
	s.answers.receive(id)
}

// answer remembers the answer to a message.
func (s *session) answer(id uint64, reply *answered) {
	s.memory.Lock()
	defer s.memory.Unlock()
	a := asked{id: id}
	if i := s.find(id); i >= 0 {
		a = *s.asked.At(i)
		s.asked.Remove(i)
	}
	a.reply = reply
	s.answers.add(a)
}

// forgetAsked forgets a message that no room has accepted.
func (s *session) forgetAsked(id uint64) {
	s.memory.Lock()
	defer s.memory.Unlock()
	if i := s.find(id); i >= 0 {
		s.asked.Remove(i)
	}
}

// find returns the position of an unanswered message, or -1.
func (s *session) find(id uint64) int {
	for i, a := range s.asked.All() {
		if a.id == id {
			return i
		}
	}
	return -1
}

// recall returns what is known of a message that was received.
func (s *session) recall(id uint64) (known asked, ok bool) {
	s.memory.Lock()
	defer s.memory.Unlock()
	if i := s.find(id); i >= 0 {
		return *s.asked.At(i), true
	}
	return s.answers.find(id)
}
