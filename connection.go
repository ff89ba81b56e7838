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

// connection is one connection: the only one of a plain client, the current one of a
// session. It implements [socket.Handler], on one goroutine at a time, and
// [fanout.Observer]. It takes 128 bytes, a size class of the allocator; the next class is
// 144.
type connection struct {
	srv      *Server
	number   uint64 // in the order in which the handshakes came
	ws       *socket.Conn
	out      *fanout.Outlet
	identity *Identity // nil: the zero Identity
	address  string
	client   *Client // nil until it is admitted
	v1       bool

	// Of the reading goroutine.

	welcomed        bool     // its welcome was written
	confirmed       bool     // a message has followed
	gaveUp          bool     // it accepts nothing more: another connection wants the session
	resendAllowance int32    // messages that may still wait instead of being refused
	rooms           []string // to join once it is admitted
	last            uint64   // the newest id

	hello    *time.Timer // v1: closes the connection unless hello arrives; stopping it wins the race
	liveness liveness    // of the heartbeat
}

func (s *Server) newConnection(ws *socket.Conn, response []byte, number uint64, identity Identity, address string, v1 bool, rooms []string) *connection {
	conn := &connection{srv: s, number: number, ws: ws, address: address, v1: v1, rooms: rooms}
	if identity.User != "" || identity.Claims != nil {
		conn.identity = &identity
	}
	conn.out = fanout.NewOutlet(ws, response, conn, s.writers)
	return conn
}

// serve admits the client on the goroutine of its request. A new goroutine would have to
// grow its stack first, which takes 5% of a handshake's CPU time, as does growing this one
// beyond the 4 KiB that net/http leaves it with. A fresh goroutine reads: waiting with a
// grown stack costs 4 KiB instead of 2.
func (conn *connection) serve() {
	err := errUnwound
	defer func() {
		if err == nil {
			go conn.readLoop()
		} else {
			go conn.teardown(err) // waits for the peer, and the request must not
		}
	}()
	defer conn.contain(&err)
	err = conn.open()
}

// open admits a plain client, or waits for the hello of a v1 client.
func (conn *connection) open() error {
	if !conn.v1 {
		return conn.admit()
	}
	conn.awaitHello()
	return nil
}

// readLoop reads what the client sends until the connection ends, or continues on a fresh
// goroutine.
func (conn *connection) readLoop() {
	err := errUnwound
	defer func() {
		if errors.Is(err, socket.ErrRested) {
			go conn.readLoop()
			return
		}
		conn.teardown(err)
	}()
	defer conn.contain(&err)
	err = conn.ws.Read(conn)
}

// errUnwound ends a connection whose goroutine was ended by the application's code.
var errUnwound error = &socket.CloseError{Code: uint16(protocol.CloseInternal), Reason: "internal error"}

// contain must be deferred; it converts a panic into a connection error. A plain defer,
// rather than a wrapper function, saves two stack frames per idle connection, which the
// garbage collector scans in each cycle.
func (conn *connection) contain(err *error) {
	if v := recover(); v != nil {
		conn.srv.log.Error("panic in a connection", "client", conn.Member(), "panic", v, "stack", string(debug.Stack()))
		*err = errUnwound
	}
}

// teardown ends the connection and releases its place.
func (conn *connection) teardown(err error) {
	if conn.hello != nil {
		conn.hello.Stop()
	}
	conn.finish(err)
	conn.srv.beats.remove(conn)
	conn.srv.vacate(conn.address)
	conn.srv.connected.leave(conn)
}

// Ping implements [socket.Handler].
func (conn *connection) Ping(payload []byte) { conn.out.Pong(payload) }

// Pong implements [socket.Handler]. For the heartbeat it is enough that something was
// read. A pong comes from a client that was silent, so this is the time to give back the
// stack that messages have grown.
func (conn *connection) Pong() { conn.ws.Rest() }

// Message implements [socket.Handler].
func (conn *connection) Message(payload []byte) {
	if conn.ws.Ending() {
		return // a client that was told to go must not cost what one that stays does
	}
	conn.srv.stats.received.Add(1)
	env, err := protocol.Parse(payload)
	c := conn.client
	if c == nil {
		conn.handleHello(&env, err)
		conn.ws.Rest() // letting a client in has grown the stack to 4 KiB
		return
	}
	if c.session == nil {
		c.receive(&env, err)
		return
	}
	c.session.receiving.Lock()
	defer c.session.receiving.Unlock()
	if c.connection.Load() != conn || conn.gaveUp {
		return // a newer connection has the session, or is about to
	}
	if !conn.confirmed {
		conn.confirmed = true
		c.mu.Lock()
		c.confirm()
		c.mu.Unlock()
	}
	c.receive(&env, err)
}

// awaitHello closes the connection unless the `hello` of a v1 client arrives in time and
// before the server shuts down.
func (conn *connection) awaitHello() {
	conn.hello = time.AfterFunc(min(helloTimeout, conn.srv.opts.HandshakeTimeout), func() {
		conn.reject(protocol.ClosePolicy, "no hello")
	})
	conn.srv.awaitingHello.enter(conn)
	if conn.srv.closing.Load() && conn.hello.Stop() {
		conn.reject(protocol.CloseGoingAway, shuttingDown)
	}
}

// helloTimeout is how long a v1 client may take to send its first message.
const helloTimeout = 5 * time.Second

// handleHello handles the first message of a v1 client.
func (conn *connection) handleHello(env *protocol.Envelope, err error) {
	if !conn.hello.Stop() {
		return
	}
	conn.srv.awaitingHello.leave(conn)
	conn.ws.SetReadLimit(int64(conn.srv.opts.MaxMessageBytes)) // so far it was that of a hello
	if err != nil || string(env.Action) != protocol.ActionHello {
		conn.reject(protocol.ClosePolicy, "the first message must be hello")
		return
	}
	h, err := readHello(env.Body)
	if err != nil {
		conn.reject(protocol.ClosePolicy, "the hello is malformed")
		return
	}
	if !conn.srv.closing.Load() {
		switch token, became := conn.resume(&h); became {
		case resumed:
			conn.srv.beats.add(conn)
			conn.out.Open(conn.welcome(token, true))
			conn.welcomed, conn.rooms, conn.resendAllowance = true, nil, resendAllowance
			conn.srv.stats.resumes.Add(1)
			return
		case outdated:
			conn.reject(protocol.CloseTaken, takenOver)
			return
		case tooOften:
			conn.reject(protocol.CloseTryLater, "the session was resumed too often just now")
			return
		case unknown:
		}
	}
	if err := conn.admit(); err != nil {
		var refused *socket.CloseError
		errors.As(err, &refused)
		conn.client.end(ending{why: LeaveReasonLeft, code: protocol.CloseCode(refused.Code), reason: refused.Reason})
		conn.reject(protocol.CloseCode(refused.Code), refused.Reason)
	}
}

// reject closes a connection whose client was not admitted.
func (conn *connection) reject(code protocol.CloseCode, reason string) {
	conn.out.Open(nil)
	conn.out.Close(uint16(code), reason)
}

// admit makes a new client. From here on messages to it are accepted, but none is written
// before `welcome`.
func (conn *connection) admit() error {
	s := conn.srv
	c := conn.newClient()
	conn.client = c
	s.evict(network(conn.address), s.opts.MaxClientsPerAddress)
	c.register()
	if s.closing.Load() {
		return &socket.CloseError{Code: uint16(protocol.CloseGoingAway), Reason: shuttingDown}
	}
	if err := conn.askConnect(); err != nil {
		if room.AsPanic(err) != nil {
			return errUnwound
		}
		public, internal := publicError(err)
		if internal {
			s.log.Error("OnConnect failed", "client", c.id, "error", err)
		}
		return &socket.CloseError{Code: uint16(protocol.CloseDisconnected), Reason: public.Error()}
	}
	s.beats.add(conn)
	token, ok := c.admit()
	if !ok {
		conn.out.Open(nil)
		return nil // the client has its reason already
	}
	conn.out.Open(conn.welcome(token, false))
	conn.welcomed = true
	if s.trace.Connect != nil {
		s.observe(func() {
			s.trace.Connect(ConnectInfo{Client: c.id, Identity: c.Identity(), Address: conn.address})
		})
	}
	conn.joinRooms()
	return nil
}

// joinRooms joins the rooms that the URL names, as messages would.
func (conn *connection) joinRooms() {
	c := conn.client
	for _, name := range conn.rooms {
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
	conn.rooms = nil
}

func (conn *connection) askConnect() error {
	s := conn.srv
	s.mu.RLock()
	ask := s.onConnect
	s.mu.RUnlock()
	if ask == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.HandshakeTimeout)
	defer cancel()
	return s.contain("OnConnect", func() error { return ask(ctx, conn.client) })
}

// finish closes the connection after reading has ended.
func (conn *connection) finish(err error) {
	closed := &socket.CloseError{Code: 1006}
	isClose := errors.As(err, &closed)
	conn.srv.awaitingHello.leave(conn)
	if conn.client != nil {
		conn.endSession(closed)
	}
	if !isClose { // a peer that is gone without a close frame reads nothing more
		_ = conn.ws.Abort()
		return
	}
	conn.out.Open(nil)
	conn.out.CloseDiscarding(closed.Code, closed.Reason)
	conn.out.Flush()
	if !closed.Peer {
		conn.ws.Drain(conn.srv.opts.CloseTimeout)
	}
	_ = conn.ws.CloseNow()
}

// endSession keeps the session for another connection, or ends it.
func (conn *connection) endSession(closed *socket.CloseError) {
	code := protocol.CloseCode(closed.Code)
	if conn.welcomed && code.KeepsSession(closed.Peer) && conn.client.drop(conn) {
		return
	}
	why := LeaveReasonDropped
	if closed.Peer {
		why = LeaveReasonLeft
	}
	conn.client.endBy(conn, ending{why: why, code: code, reason: closed.Reason})
}

// Member implements [fanout.Observer].
func (conn *connection) Member() string {
	if conn.client == nil {
		return ""
	}
	return conn.client.id
}

// Overflow implements [fanout.Observer].
func (conn *connection) Overflow() {
	conn.srv.stats.overflows.Add(1)
	conn.srv.log.Info("client too slow", "client", conn.Member())
	how := ending{why: LeaveReasonDropped, code: protocol.CloseTooSlow, reason: "too slow"}
	gone := !conn.client.drop(conn) && conn.client.endIf(how, conn.client.isHadBy(conn))
	go func() { // the numbering may be held, and a Trace may send
		if gone {
			conn.client.reportEnd(how)
		}
		conn.traceDrop(DropInfo{Client: conn.Member(), Overflow: true})
	}()
}

// Dropped implements [fanout.Observer].
func (conn *connection) Dropped(messages int) {
	conn.srv.stats.dropped.Add(uint64(messages)) //nolint:gosec // a count
	if conn.srv.trace.Drop != nil {
		go conn.traceDrop(DropInfo{Client: conn.Member(), Messages: messages}) // as in Overflow
	}
}

func (conn *connection) traceDrop(info DropInfo) {
	if conn.srv.trace.Drop != nil {
		conn.srv.observe(func() { conn.srv.trace.Drop(info) })
	}
}
