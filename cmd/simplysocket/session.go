package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// session is a connection in use. It implements [socket.Handler].
type session struct {
	conn     *socket.Conn
	console  console
	welcomed chan struct{} // closed by `welcome`
	done     chan struct{} // closed once the connection has ended
	end      error         // why; valid after done
	pace     *rate.Limiter // of what is sent; valid after welcomed

	// Of the connection's goroutine.

	self string

	mu      sync.Mutex // guards the four below
	rooms   []string   // that we are in or on the way to, the current one last
	lastID  uint64
	pending map[uint64]string // what is not answered; the room if it asks to join one
	settled chan struct{}     // closed when nothing is pending; nil while nobody waits
}

func newSession(conn *socket.Conn, console console) *session {
	return &session{
		conn:     conn,
		console:  console,
		welcomed: make(chan struct{}),
		done:     make(chan struct{}),
		pace:     rate.NewLimiter(rate.Inf, 1),
		pending:  map[uint64]string{},
	}
}

const (
	welcomeTimeout = 10 * time.Second
	answerTimeout  = 10 * time.Second
	closeTimeout   = 5 * time.Second
)

// run joins the rooms, sends what the user types and returns when there is
// nothing more of it, the context ends or the server closes. It leaves a
// goroutine behind where that waits for the user.
func (s *session) run(ctx context.Context, rooms []string) error {
	go func() {
		defer close(s.done)
		s.end = s.conn.Read(s)
	}()
	if err := s.wait(ctx, s.welcomed, welcomeTimeout); err != nil {
		s.console.close()
		return s.finish(ctx, fmt.Errorf("no welcome from the server: %w", err))
	}
	typed := make(chan struct{})
	go func() {
		defer close(typed)
		s.take(ctx, rooms)
	}()
	select {
	case <-typed:
	case <-s.done:
	case <-ctx.Done():
	}
	s.console.close() // from here on Ctrl-C is a signal, which ends the waiting
	return s.finish(ctx, s.settle(ctx))
}

// wait waits for c, but not for longer than d and not beyond the session's end.
func (s *session) wait(ctx context.Context, c <-chan struct{}, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-c:
		return nil
	case <-s.done:
		return nil // finish tells why
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take sends what the user types, until that ends or nothing can be sent.
func (s *session) take(ctx context.Context, rooms []string) {
	for _, name := range rooms {
		if s.join(ctx, name, nil) != nil {
			return
		}
	}
	for {
		s.console.prompt(s.room())
		line, err := s.console.readLine()
		if err != nil && !errors.Is(err, io.EOF) {
			s.console.say("standard input: " + err.Error())
		}
		if err != nil || s.obey(ctx, line) != nil {
			return
		}
	}
}

// settle waits until what was sent is answered.
func (s *session) settle(ctx context.Context) error {
	s.mu.Lock()
	settled := make(chan struct{})
	if len(s.pending) == 0 {
		close(settled)
	} else {
		s.settled = settled
	}
	s.mu.Unlock()
	if err := s.wait(ctx, settled, answerTimeout); err != nil && ctx.Err() == nil {
		return fmt.Errorf("not all that was sent was answered within %s", answerTimeout)
	}
	return nil
}

// finish ends the connection, unless the server has. The error is err, or how
// the server ended it.
func (s *session) finish(ctx context.Context, err error) error {
	select {
	case <-s.done:
		return s.closed()
	default:
	}
	s.conn.EndWithin(closeTimeout)
	if s.conn.WriteClose(uint16(protocol.CloseNormal), "") == nil {
		<-s.done
	}
	_ = s.conn.CloseNow()
	<-s.done
	if ctx.Err() != nil {
		return nil // the user wants no more
	}
	return err
}

// closed answers the server's close and returns nil if that was in good order.
func (s *session) closed() error {
	defer s.conn.CloseNow()
	var end *socket.CloseError
	if !errors.As(s.end, &end) {
		return fmt.Errorf("connection lost: %w", s.end)
	}
	s.conn.EndWithin(closeTimeout)
	_ = s.conn.WriteClose(end.Code, "") // the server may be gone
	if !end.Peer {
		return fmt.Errorf("the server broke the protocol: %s", end.Reason)
	}
	code := protocol.CloseCode(end.Code)
	text := "closed by the server: " + code.String()
	if end.Reason != "" {
		text += ": " + end.Reason
	}
	if code == protocol.CloseNormal || code == protocol.CloseGoingAway {
		s.console.say(text)
		return nil
	}
	return errors.New(text)
}

// room is where lines go: the room joined last, or "", the lobby.
func (s *session) room() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current()
}

func (s *session) current() string {
	if len(s.rooms) == 0 {
		return ""
	}
	return s.rooms[len(s.rooms)-1]
}

// forget takes the room off the list. The lock is held.
func (s *session) forget(name string) {
	s.rooms = slices.DeleteFunc(s.rooms, func(room string) bool { return room == name })
}

// Ping implements [socket.Handler].
func (s *session) Ping(payload []byte) { _ = s.conn.WritePong(payload) } // Read finds out

// Pong implements [socket.Handler].
func (s *session) Pong() {}

// Message implements [socket.Handler].
func (s *session) Message(payload []byte) {
	env, err := protocol.ParseServer(payload)
	if err != nil {
		s.console.say(fmt.Sprintf("%v: %s", err, payload))
		return
	}
	if string(env.Action) == protocol.ActionWelcome {
		s.welcome(&env)
	}
	s.note(&env)
	s.console.prompt(s.room())
	s.console.show(&incoming{raw: payload, env: env, self: s.self})
}

// welcome learns who we are and how fast we may send. Half of the burst is for
// what the network holds up and delivers at once.
func (s *session) welcome(env *protocol.Envelope) {
	select {
	case <-s.welcomed:
		return
	default:
	}
	var body struct {
		Client string `json:"client"`
		Limits struct {
			Rate  float64 `json:"messages_per_second"`
			Burst int     `json:"burst"`
		} `json:"limits"`
	}
	if json.Unmarshal(env.Body, &body) == nil && body.Limits.Rate > 0 {
		s.pace = rate.NewLimiter(rate.Limit(body.Limits.Rate), max(1, body.Limits.Burst/2))
	}
	s.self = body.Client
	close(s.welcomed)
}

// note keeps account of answers and rooms.
func (s *session) note(env *protocol.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, asked := s.pending[env.Ref]
	if asked {
		delete(s.pending, env.Ref)
		if len(s.pending) == 0 && s.settled != nil {
			close(s.settled)
			s.settled = nil
		}
	}
	switch string(env.Action) {
	case protocol.ActionError:
		if asked && room != "" {
			s.forget(room)
		}
	case protocol.ActionRoomClosed:
		s.forget(string(env.Target))
	case protocol.ActionLeftRoom:
		// One that we have left is forgotten already, and may be joined again.
		var d details
		if json.Unmarshal(env.Body, &d) == nil && d.Reason != "left" {
			s.forget(string(env.Room))
		}
	}
}
