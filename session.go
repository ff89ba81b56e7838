package simplysocket

import (
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// session is what lets a client outlive its connections. Plain clients have
// none.
type session struct {
	receiving sync.Mutex // held by the one link whose message is taken

	// Guarded by the client's lock.

	token   string      // resumes the session
	offered string      // takes its place once the client has shown that it got it
	away    bool        // there is no connection
	window  *time.Timer // ends the session that is away

	// Guarded by the client's numbering.

	directs []*fanout.Frame // the newest frames that carry n
	bytes   int

	memory  sync.Mutex // guards what follows
	asked   []asked    // the newest messages that want an answer
	replies int        // bytes of the replies in them
	out     []gone     // the newest rooms that have removed the client
}

// gone is a room that has removed the client, and why.
type gone struct {
	room   string
	reason LeaveReason
}

// asked is a message that was received, and where its answer is to be had.
type asked struct {
	id    uint64
	room  *Room // knows it; nil: it is reply
	reply *answered
}

func (a *asked) bytes() int {
	if a.reply == nil {
		return 0
	}
	return len(a.reply.body)
}

// Bounds of what a session remembers beside its rooms.
const (
	keptDirects     = 64
	keptDirectBytes = 64 << 10
	keptAsked       = protocol.MaxUnanswered
	keptReplyBytes  = 64 << 10
	keptGone        = 32
)

// hello is what a v1 client says first.
type hello struct {
	Session string               `json:"session"`
	Rooms   map[string][2]uint64 `json:"rooms"` // epoch and seq
	Direct  uint64               `json:"direct"`
}

func readHello(body json.RawMessage) (h hello, err error) {
	if err := json.Unmarshal(body, &h); err != nil {
		return h, badBody(err)
	}
	return h, nil
}

// resumes reports whether sessions outlive their connections.
func (s *Server) resumes() bool { return !s.opts.NoResume }

// offer returns a new token. The one before it resumes the session until the
// client shows by a message that it has got this one.
func (c *Client) offer() string {
	token := newSlug()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.srv.forgetToken(c.session.offered)
	c.session.offered = token
	if !c.ended {
		c.srv.sessions.update(token, func(*Client, bool) (*Client, bool) { return c, true })
	}
	return token
}

// confirm has the token that was offered take over, if there is one. The lock is
// held.
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

// outcome is what became of a hello that has a token.
type outcome uint8

const (
	unknown  outcome = iota // there is no such session
	resumed                 // it goes on over this connection
	outdated                // a connection that was made later has it
)

// resume takes a session over, if its token is good: the newest, or the one
// before it while the client may not have got that.
func (l *link) resume(h *hello) outcome {
	c := l.srv.sessions.find(h.Session)
	if c == nil || h.Session == "" || !reflect.DeepEqual(c.identity, l.identity) {
		return unknown
	}
	c.session.receiving.Lock() // what the link before is receiving is received
	defer c.session.receiving.Unlock()
	c.numbering.Lock() // nothing newer overtakes what is missing
	defer c.numbering.Unlock()
	before, became := c.attach(l, h)
	if became != resumed {
		return became
	}
	c.replayDirects(l.out, h.Direct)
	if before != nil {
		before.out.Close(uint16(protocol.CloseTaken), takenOver)
	}
	return resumed
}

const takenOver = "a newer connection has the session"

// attach makes l the client's link and has the rooms send what it has missed.
// It returns the link that it replaces, if that still stands.
func (c *Client) attach(l *link, h *hello) (before *link, became outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	switch {
	case c.ended || h.Session != s.token && h.Session != s.offered:
		return nil, unknown
	case l.number < c.link.Load().number: // a hello that was long on its way
		return nil, outdated
	}
	if h.Session == s.offered {
		c.confirm()
	}
	if s.away {
		s.window.Stop()
		s.away = false
		c.srv.stats.kept.Add(-1)
	} else {
		before = c.link.Load()
	}
	l.client = c
	c.link.Store(l)
	for _, m := range c.rooms {
		_ = m.room.post(c.returning(l, h, m.room.name)) // of one that has closed it is told already
	}
	_ = c.srv.theLobby().post(c.returning(l, h, c.srv.opts.Lobby))
	c.tellGone(l, h)
	return before, resumed
}

func (c *Client) returning(l *link, h *hello, room string) *entry {
	return &entry{kind: entryResume, member: c.id, client: c, link: l, seen: h.Rooms[room]}
}

// tellGone tells which of the rooms that the client speaks of it is not in any
// more. The lock is held.
func (c *Client) tellGone(l *link, h *hello) {
	var news []*fanout.Frame
	for name := range h.Rooms {
		in := slices.ContainsFunc(c.rooms, func(m *membership) bool { return m.room.name == name })
		if !in && name != c.srv.opts.Lobby && len(news) < c.srv.opts.MaxRoomsPerClient {
			news = append(news, c.leftFrame(name, c.session.whyGone(name)))
		}
	}
	l.out.Replay(news)
}

func (c *Client) leftFrame(room string, reason LeaveReason) *fanout.Frame {
	return encodeFrame(&protocol.Header{
		Action:         protocol.ActionLeftRoom,
		Target:         c.id,
		IsTargetClient: true,
		Sender:         c.srv.name,
		Room:           room,
	}, mustEncode(leftBody{reason.String()}))
}

// removed remembers why a room has removed the client.
func (s *session) removed(room string, reason LeaveReason) {
	s.memory.Lock()
	defer s.memory.Unlock()
	if len(s.out) == keptGone {
		s.out = slices.Delete(s.out, 0, 1)
	}
	s.out = append(s.out, gone{room, reason})
}

func (s *session) whyGone(room string) LeaveReason {
	s.memory.Lock()
	defer s.memory.Unlock()
	for _, g := range slices.Backward(s.out) {
		if g.room == room {
			return g.reason
		}
	}
	return Closed
}

// drop lets a session wait for another connection. It reports whether the
// session is kept.
func (c *Client) drop(l *link) bool {
	if c.session == nil || !c.srv.resumes() || c.srv.closing.Load() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	switch {
	case c.ended:
		return false
	case c.link.Load() != l || s.away: // a newer one has it, or it was dropped before
		return true
	case c.srv.stats.kept.Add(1) > int64(c.srv.opts.MaxKeptSessions):
		c.srv.stats.kept.Add(-1)
		return false
	}
	s.away = true
	s.window = time.AfterFunc(c.srv.opts.ResumeWindow, func() { c.expire(l) })
	for _, m := range c.rooms {
		_ = m.room.post(&entry{kind: entryDrop, member: c.id, client: c, link: l})
	}
	_ = c.srv.theLobby().post(&entry{kind: entryDrop, member: c.id, client: c, link: l})
	return true
}

// without reports whether the session goes on without l: another link has it, or
// it was dropped.
func (c *Client) without(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended && (c.link.Load() != l || c.session.away)
}

// expire ends a session whose client has not come back since l.
func (c *Client) expire(l *link) {
	c.endIf(Dropped, func() bool { return c.session.away && c.link.Load() == l })
}

// forget ends what the server holds of a session, and reports whether that was
// away. The lock is held.
func (c *Client) forget() (away bool) {
	s := c.session
	if s == nil {
		return false
	}
	c.srv.forgetToken(s.token)
	c.srv.forgetToken(s.offered)
	if s.away {
		s.window.Stop()
		c.srv.stats.kept.Add(-1)
	}
	return s.away
}

// remember keeps a frame that carries n. The numbering is held.
func (s *session) remember(f *fanout.Frame) {
	s.directs = append(s.directs, f)
	s.bytes += f.Len()
	for len(s.directs) > keptDirects || s.bytes > keptDirectBytes && len(s.directs) > 1 {
		s.bytes -= s.directs[0].Len()
		s.directs = slices.Delete(s.directs, 0, 1)
	}
}

// replayDirects sends the frames that carry n which the client has not seen, or
// says which of them are lost. The numbering is held.
func (c *Client) replayDirects(out *fanout.Outlet, seen uint64) {
	kept := c.session.directs
	first := c.directs - uint64(len(kept)) // n of the newest that is gone
	if seen < first {
		out.Replay([]*fanout.Frame{encodeFrame(&protocol.Header{
			Action:         protocol.ActionGap,
			Target:         c.id,
			IsTargetClient: true,
			Sender:         c.srv.name,
		}, mustEncode(directGap{From: seen + 1, To: first}))})
		seen = first
	}
	if seen < c.directs {
		out.Replay(kept[seen-first:])
	}
}

type directGap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// note remembers where the answer to a message is to be had.
func (s *session) note(a asked) {
	s.memory.Lock()
	defer s.memory.Unlock()
	s.asked = append(s.asked, a)
	s.replies += a.bytes()
	gone := 0
	for n := len(s.asked); n-gone > keptAsked || s.replies > keptReplyBytes && n-gone > 1; gone++ {
		s.replies -= s.asked[gone].bytes()
	}
	s.asked = slices.Delete(s.asked, 0, gone)
}

func (s *session) recall(id uint64) (asked, bool) {
	s.memory.Lock()
	defer s.memory.Unlock()
	for _, a := range slices.Backward(s.asked) {
		if a.id == id {
			return a, true
		}
	}
	return asked{}, false
}
