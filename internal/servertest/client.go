package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TB is what a client needs from a test. A [testing.TB] is one. The examples on the package
// page have none and bring their own. Fatalf must not return.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Client is a raw WebSocket client: it answers pings and the close, and does nothing else
// by itself. It keeps the messages that it receives, in order, until the test looks at
// them. A message that breaks the protocol fails the test.
//
// A method that waits fails the test after [Patience], unless it says otherwise. Only one
// goroutine at a time may wait.
type Client struct {
	Conn   *socket.Conn // for what is not a message
	LastID uint64       // the id that Ask used last

	t     TB
	came  chan struct{}
	done  chan struct{}
	pongs atomic.Int32

	reading sync.Mutex // held by Pause
	paused  bool

	mu       sync.Mutex
	inbox    []Message
	next     int // where Until looks next
	answered int // where Answer looks next
	closed   *socket.CloseError
}

// DialOption changes how a client connects.
type DialOption = func(*socket.DialOptions)

// Header adds a header to the handshake.
func Header(key, value string) DialOption {
	return func(o *socket.DialOptions) {
		if o.Header == nil {
			o.Header = http.Header{}
		}
		o.Header.Add(key, value)
	}
}

// V1 offers the protocol's subprotocol. Without it the client is a plain one.
func V1(o *socket.DialOptions) { o.Subprotocols = append(o.Subprotocols, protocol.Subprotocol) }

// Dial connects a client to the URL of the server, followed by the query. The connection
// ends with the test. A failed handshake fails the test.
func Dial(t TB, s *Server, query string, opts ...DialOption) *Client {
	t.Helper()
	c, err := Open(t, s, query, opts...)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(c.CutOff)
	return c
}

// Open is Dial for a handshake that may fail, and for clients that end before the test. The
// caller ends the connection.
func Open(t TB, s *Server, query string, opts ...DialOption) (*Client, error) {
	o := socket.DialOptions{NetDial: s.Dial, ReadLimit: 1 << 20}
	for _, opt := range opts {
		opt(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	conn, err := socket.Dial(ctx, s.URL+query, o)
	if err != nil {
		return nil, err
	}
	c := &Client{t: t, Conn: conn, came: make(chan struct{}, 1), done: make(chan struct{})}
	go c.read()
	return c, nil
}

// Status returns the HTTP status of a handshake that ended with err: 101 for nil, 0 if the
// server did not answer.
func Status(err error) int {
	var refused *socket.DialError
	switch {
	case err == nil:
		return http.StatusSwitchingProtocols
	case errors.As(err, &refused):
		return refused.Status
	}
	return 0
}

func (c *Client) read() {
	defer close(c.done)
	err := c.Conn.Read((*handler)(c))
	closed := &socket.CloseError{Code: 1006}
	if errors.As(err, &closed) && closed.Peer {
		_ = c.Conn.WriteClose(closed.Code, "")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = closed
}

// handler is the client as its connection sees it.
type handler Client

func (h *handler) Message(payload []byte) {
	h.reading.Lock()
	defer h.reading.Unlock()
	if bytes.ContainsRune(payload, '\n') {
		h.t.Errorf("the server sent %q: some clients split it at the newline", payload)
	}
	m, err := parseMessage(payload)
	if err != nil {
		h.t.Errorf("the server sent %q: %v", payload, err)
		return
	}
	h.mu.Lock()
	h.inbox = append(h.inbox, m)
	h.mu.Unlock()
	select {
	case h.came <- struct{}{}:
	default:
	}
}

func (h *handler) Ping(payload []byte) { _ = h.Conn.WritePong(payload) }
func (h *handler) Pong()               { h.pongs.Add(1) }

// Pongs returns how many pongs were received.
func (c *Client) Pongs() int { return int(c.pongs.Load()) }

// Pause stops reading until Resume, or until the end of the test.
func (c *Client) Pause() {
	c.reading.Lock()
	c.paused = true
	c.t.Cleanup(c.Resume)
}

// Resume ends a Pause.
func (c *Client) Resume() {
	if c.paused {
		c.paused = false
		c.reading.Unlock()
	}
}

// Write sends text as it is.
func (c *Client) Write(text string) {
	c.t.Helper()
	if err := c.Conn.WriteText([]byte(text)); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// Send sends a message that asks for no answer. A nil body is an empty object.
func (c *Client) Send(action, target string, body any) {
	c.t.Helper()
	c.Write(Envelope(0, action, target, body))
}

// Ask sends a message and returns its answer, an ack or an error.
func (c *Client) Ask(action, target string, body any) Message {
	c.t.Helper()
	c.LastID++
	id := c.LastID
	c.Write(Envelope(id, action, target, body))
	return c.Answer(id)
}

// Call is Ask for a message that must succeed.
func (c *Client) Call(action, target string, body any) Message {
	c.t.Helper()
	m := c.Ask(action, target, body)
	if m.Action != protocol.ActionAck {
		c.t.Fatalf("%s %s: %v", action, target, m)
	}
	return m
}

// Refused is Ask for a message that must fail with that code.
func (c *Client) Refused(action, target string, body any, code string) {
	c.t.Helper()
	if m := c.Ask(action, target, body); m.Action != protocol.ActionError || m.Code() != code {
		c.t.Errorf("%s to %q: got %v, want error %s", action, target, m, code)
	}
}

// Expect waits for the next message with that action that is not an answer, and skips
// others.
func (c *Client) Expect(action string) Message {
	c.t.Helper()
	return c.Until(action, func(m Message) bool { return m.Action == action && m.Ref == 0 })
}

// Until waits for the next message for which want holds, and skips others. The failure
// says what did not come.
func (c *Client) Until(what string, want func(Message) bool) Message {
	c.t.Helper()
	return c.scan(&c.next, what, want)
}

// Answer waits for the next answer to an id, and skips answers to other ids. Expect and
// Until still find what it skips.
func (c *Client) Answer(id uint64) Message {
	c.t.Helper()
	return c.scanAnswers(&c.answered, id)
}

// AnswerOf waits for the first answer to an id, among all messages since the last Forget.
func (c *Client) AnswerOf(id uint64) Message {
	c.t.Helper()
	from := 0
	return c.scanAnswers(&from, id)
}

func (c *Client) scanAnswers(next *int, id uint64) Message {
	c.t.Helper()
	return c.scan(next, fmt.Sprintf("the answer to %d", id), func(m Message) bool { return m.Ref == id })
}

// scan looks at the messages from *next on.
func (c *Client) scan(next *int, what string, want func(Message) bool) Message {
	c.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		c.mu.Lock()
		for *next < len(c.inbox) {
			m := c.inbox[*next]
			*next++
			if want(m) {
				c.mu.Unlock()
				return m
			}
		}
		closed := c.closed
		c.mu.Unlock()
		if closed != nil {
			c.t.Fatalf("waiting for %s: connection closed with %d %s; got %v", what, closed.Code, closed.Reason, c.Recent())
		}
		select {
		case <-c.came:
		case <-c.done:
		case <-deadline.C:
			c.t.Fatalf("waiting for %s: it did not come; got %v", what, c.Recent())
		}
	}
}

// First waits for the first message. It reports false if the connection ends before that,
// or after [Patience], and never fails the test.
func (c *Client) First() (Message, bool) {
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		ended := c.Ended()
		if all := c.Received(); len(all) > 0 {
			return all[0], true
		}
		if ended {
			return Message{}, false
		}
		select {
		case <-c.came:
		case <-c.done:
		case <-deadline.C:
			return Message{}, false
		}
	}
}

// Received returns all messages since the last Forget.
func (c *Client) Received() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message(nil), c.inbox...)
}

// Recent returns the last few of Received, for failure messages.
func (c *Client) Recent() []Message {
	all := c.Received()
	return all[max(0, len(all)-5):]
}

// Forget frees all messages received so far.
func (c *Client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inbox, c.next, c.answered = nil, 0, 0
}

// CutOff ends the connection without a close frame.
func (c *Client) CutOff() {
	_ = c.Conn.CloseNow()
	<-c.done
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Ended reports whether the connection has ended.
func (c *Client) Ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Closing waits for the end of the connection and returns how the server closed it: with
// code 1006 if there was no close frame.
func (c *Client) Closing() *socket.CloseError {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(Patience):
		c.t.Fatalf("connection was not closed; got %v", c.Recent())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
