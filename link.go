package simplysocket

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// link is one connection: of a plain client the only one, of a session the one
// that it has now. It implements [socket.Handler] on one goroutine at a
// time, and [fanout.Owner]. It takes 128 bytes, of which the runtime has a size
// class; the next is 144.
type link struct {
	srv      *Server
	number   uint64 // in the order in which the handshakes came
	conn     *socket.Conn
	out      *fanout.Outlet
	identity *Identity // nil: the zero Identity
	address  string
	client   *Client // nil until it is let in
	v1       bool

	// Of the reading goroutine.

	begun    bool     // its welcome was written
	shown    bool     // something came after it
	gaveUp   bool     // it takes nothing more: another connection wants the session
	patience int32    // messages that still wait where others are refused
	rooms    []string // to join once it is let in
	last     uint64   // the id that came last

	hello *time.Timer // v1: closes the connection unless hello comes; whoever stops it goes on
	beat  pulse       // of the heartbeat
}

func (s *Server) newLink(conn *socket.Conn, response []byte, number uint64, identity Identity, address string, v1 bool, rooms []string) *link {
	l := &link{srv: s, number: number, conn: conn, address: address, v1: v1, rooms: rooms}
	if identity.User != "" || identity.Claims != nil {
		l.identity = &identity
	}
	l.out = fanout.NewOutlet(conn, response, l, s.writers)
	return l
}

// serve lets the client in, on the goroutine of its request: one of its own has to
// grow its stack first, which takes 5% of a handshake's CPU time, as does growing
// this one beyond the 4 KiB that net/http leaves it with. The reading is for a fresh
// one: with a stack that has grown, waiting costs 4 KiB in place of 2.
func (l *link) serve() {
	err := errUnwound
	defer func() {
		if err == nil {
			go l.attend()
		} else {
			go l.depart(err) // waits for the peer, and the request must not
		}
	}()
	defer l.contain(&err)
	err = l.open()
}

// open lets a plain client in, or waits for a v1 client's hello.
func (l *link) open() error {
	if !l.v1 {
		return l.begin()
	}
	l.awaitHello()
	return nil
}

// attend reads what the client sends and sees it out, or leaves that to a fresh
// goroutine.
func (l *link) attend() {
	err := errUnwound
	defer func() {
		if errors.Is(err, socket.ErrRested) {
			go l.attend()
			return
		}
		l.depart(err)
	}()
	defer l.contain(&err)
	err = l.conn.Read(l)
}

// errUnwound is the end of a connection whose goroutine the application's code
// has ended.
var errUnwound error = &socket.CloseError{Code: uint16(protocol.CloseInternal), Reason: "internal error"}

// contain, deferred, turns a panic into the end of the connection. Who waits has two
// frames less on the stack than with a function around the call, and each collection
// of garbage walks through the stacks of all who wait.
func (l *link) contain(err *error) {
	if v := recover(); v != nil {
		l.srv.log.Error("panic in a connection", "client", l.Member(), "panic", v, "stack", string(debug.Stack()))
		*err = errUnwound
	}
}

// depart sees the connection out and gives its place free.
func (l *link) depart(err error) {
	if l.hello != nil {
		l.hello.Stop()
	}
	l.finish(err)
	l.srv.beats.remove(l)
	l.srv.vacate(l.address)
	l.srv.connected.leave(l)
}

// Ping implements [socket.Handler].
func (l *link) Ping(payload []byte) { l.out.Pong(payload) }

// Pong implements [socket.Handler]. That something was read is enough for the
// heartbeat. It comes from whoever was silent, and so is the time to give back the
// stack that messages have grown.
func (l *link) Pong() { l.conn.Rest() }

// Message implements [socket.Handler].
func (l *link) Message(payload []byte) {
	if l.conn.Ending() {
		return // a client that was told to go must not cost what one that stays does
	}
	l.srv.stats.received.Add(1)
	env, err := protocol.Parse(payload)
	c := l.client
	if c == nil {
		l.greet(&env, err)
		l.conn.Rest() // letting a client in has grown the stack to 4 KiB
		return
	}
	if c.session == nil {
		c.receive(&env, err)
		return
	}
	c.session.receiving.Lock()
	defer c.session.receiving.Unlock()
	if c.link.Load() != l || l.gaveUp {
		return // a newer connection has the session, or is about to
	}
	if !l.shown {
		l.shown = true
		c.mu.Lock()
		c.confirm()
		c.mu.Unlock()
	}
	c.receive(&env, err)
}

// awaitHello has the connection close unless a v1 client's `hello` comes in time
// and before the server shuts down.
func (l *link) awaitHello() {
	l.hello = time.AfterFunc(min(helloTimeout, l.srv.opts.HandshakeTimeout), func() {
		l.turnAway(protocol.ClosePolicy, "no hello")
	})
	l.srv.greeting.enter(l)
	if l.srv.closing.Load() && l.hello.Stop() {
		l.turnAway(protocol.CloseGoingAway, shuttingDown)
	}
}

// helloTimeout is how long a v1 client may take for its first message.
const helloTimeout = 5 * time.Second

// greet takes a v1 client's first message.
func (l *link) greet(env *protocol.Envelope, err error) {
	if !l.hello.Stop() {
		return
	}
	l.srv.greeting.leave(l)
	l.conn.SetReadLimit(int64(l.srv.opts.MaxMessageBytes)) // it was that of a hello
	if err != nil || string(env.Action) != protocol.ActionHello {
		l.turnAway(protocol.ClosePolicy, "the first message must be hello")
		return
	}
	h, err := readHello(env.Body)
	if err != nil {
		l.turnAway(protocol.ClosePolicy, "the hello is malformed")
		return
	}
	if !l.srv.closing.Load() {
		switch token, became := l.resume(&h); became {
		case resumed:
			l.srv.beats.add(l)
			l.out.Open(l.welcome(token, true))
			l.begun, l.rooms, l.patience = true, nil, patience
			l.srv.stats.resumes.Add(1)
			return
		case outdated:
			l.turnAway(protocol.CloseTaken, takenOver)
			return
		case tooOften:
			l.turnAway(protocol.CloseTryLater, "the session was resumed too often just now")
			return
		case unknown:
		}
	}
	if err := l.begin(); err != nil {
		var refused *socket.CloseError
		errors.As(err, &refused)
		l.client.end(ending{why: LeaveReasonLeft, code: protocol.CloseCode(refused.Code), reason: refused.Reason})
		l.turnAway(protocol.CloseCode(refused.Code), refused.Reason)
	}
}

// turnAway closes a connection that was not let in.
func (l *link) turnAway(code protocol.CloseCode, reason string) {
	l.out.Open(nil)
	l.out.Close(uint16(code), reason)
}

// begin lets a new client in. From here on messages to it are taken, but none is
// written before `welcome`.
func (l *link) begin() error {
	s := l.srv
	c := l.newClient()
	l.client = c
	s.evict(network(l.address), s.opts.MaxClientsPerAddress)
	c.register()
	if s.closing.Load() {
		return &socket.CloseError{Code: uint16(protocol.CloseGoingAway), Reason: shuttingDown}
	}
	if err := l.askConnect(); err != nil {
		if room.AsPanic(err) != nil {
			return errUnwound
		}
		public, internal := publicError(err)
		if internal {
			s.log.Error("OnConnect failed", "client", c.id, "error", err)
		}
		return &socket.CloseError{Code: uint16(protocol.CloseDisconnected), Reason: public.Error()}
	}
	s.beats.add(l)
	token, ok := c.letIn()
	if !ok {
		l.out.Open(nil)
		return nil // it is told why already
	}
	l.out.Open(l.welcome(token, false))
	l.begun = true
	if s.trace.Connect != nil {
		s.observe(func() {
			s.trace.Connect(ConnectInfo{Client: c.id, Identity: c.Identity(), Address: l.address})
		})
	}
	l.joinRooms()
	return nil
}

// joinRooms joins the rooms that the URL has named, as messages would.
func (l *link) joinRooms() {
	c := l.client
	for _, name := range l.rooms {
		err := c.mayAsk()
		if err == nil {
			err = c.join(joinRequest{room: name, body: emptyBody})
		}
		if err != nil {
			c.sendError(wireError(err), protocol.ActionJoinRoom, 0)
		}
		if errors.Is(err, ErrTooManyRooms) || errors.Is(err, errTooFast) {
			break // and so would be all that follow
		}
	}
	l.rooms = nil
}

func (l *link) askConnect() error {
	s := l.srv
	s.mu.RLock()
	ask := s.onConnect
	s.mu.RUnlock()
	if ask == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.HandshakeTimeout)
	defer cancel()
	return s.contain("OnConnect", func() error { return ask(ctx, l.client) })
}

// finish sees the connection out after its reading has ended.
func (l *link) finish(err error) {
	closed := &socket.CloseError{Code: 1006}
	isClose := errors.As(err, &closed)
	l.srv.greeting.leave(l)
	if l.client != nil {
		l.part(closed)
	}
	if !isClose { // who ends a connection without a word reads nothing more
		_ = l.conn.Abort()
		return
	}
	l.out.Open(nil)
	l.out.Hangup(closed.Code, closed.Reason)
	l.out.Flush()
	if !closed.Peer {
		l.conn.Drain(l.srv.opts.CloseTimeout)
	}
	_ = l.conn.CloseNow()
}

// part has the session wait for another connection, or end.
func (l *link) part(closed *socket.CloseError) {
	code := protocol.CloseCode(closed.Code)
	if l.begun && code.KeepsSession(closed.Peer) && l.client.drop(l) {
		return
	}
	why := LeaveReasonDropped
	if closed.Peer {
		why = LeaveReasonLeft
	}
	l.client.endBy(l, ending{why: why, code: code, reason: closed.Reason})
}

// Member implements [fanout.Owner].
func (l *link) Member() string {
	if l.client == nil {
		return ""
	}
	return l.client.id
}

// Overflow implements [fanout.Owner].
func (l *link) Overflow() {
	l.srv.stats.overflows.Add(1)
	l.srv.log.Info("client too slow", "client", l.Member())
	how := ending{why: LeaveReasonDropped, code: protocol.CloseTooSlow, reason: "too slow"}
	gone := !l.client.drop(l) && l.client.endIf(how, l.client.isHadBy(l))
	go func() { // the numbering may be held, and a Trace may send
		if gone {
			l.client.gone(how)
		}
		l.traceDrop(DropInfo{Client: l.Member(), Overflow: true})
	}()
}

// Dropped implements [fanout.Owner].
func (l *link) Dropped(messages int) {
	l.srv.stats.dropped.Add(uint64(messages)) //nolint:gosec // a count
	if l.srv.trace.Drop != nil {
		go l.traceDrop(DropInfo{Client: l.Member(), Messages: messages}) // as in Overflow
	}
}

func (l *link) traceDrop(info DropInfo) {
	if l.srv.trace.Drop != nil {
		l.srv.observe(func() { l.srv.trace.Drop(info) })
	}
}
