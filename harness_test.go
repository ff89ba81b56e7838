package simplysocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const patience = servertest.Patience

// host is a server that listens.
type host struct {
	*servertest.Server
	t testing.TB
}

// serve starts a server on loopback, or in memory, and ends it with the test.
func serve(t testing.TB, inMemory bool, o *simplysocket.Options, configure ...func(*simplysocket.Server)) *host {
	t.Helper()
	if o == nil {
		o = &simplysocket.Options{}
	}
	address := servertest.Loopback
	if inMemory {
		address = ""
	}
	return &host{servertest.Serve(t, address, *o, configure...), t}
}

func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	servertest.WaitFor(t, what, holds)
}

// waitForClients waits until the server has so many clients.
func (h *host) waitForClients(n int) {
	h.t.Helper()
	waitFor(h.t, fmt.Sprint(n, " clients"), func() bool { return h.Stats().Clients == n })
}

// message is an envelope as a client sees it.
type message struct {
	Action         string
	Body           json.RawMessage
	IsTargetClient bool
	Target         string
	Sender         string
	Ref            uint64
	Re             string
	Room           string
	Seq            uint64
	N              uint64
	Time           int64
}

func (m message) String() string {
	return fmt.Sprintf("%s to %s from %s room=%s re=%s ref=%d seq=%d %s", m.Action, m.Target, m.Sender, m.Room, m.Re, m.Ref, m.Seq, m.Body)
}

// Field returns a string of the body.
func (m message) Field(name string) string {
	var body map[string]any
	_ = json.Unmarshal(m.Body, &body)
	s, _ := body[name].(string)
	return s
}

func (m message) Code() string { return m.Field("code") }

// client is a WebSocket client that keeps what it receives, in order.
type client struct {
	t      testing.TB
	id     string
	Conn   *socket.Conn
	LastID uint64

	reading  sync.Mutex // held by whoever keeps the client from reading
	paused   bool
	mu       sync.Mutex
	inbox    []message
	next     int // the first message that no Expect has looked at
	answered int // ... and no answer
	came     chan struct{}
	closed   *socket.CloseError
	done     chan struct{}
	pongs    atomic.Int32
}

type (
	dialOptions = socket.DialOptions
	dialOption  func(*dialOptions)
)

func v1(o *socket.DialOptions) { o.Subprotocols = append(o.Subprotocols, protocol.Subprotocol) }

func header(key, value string) dialOption {
	return func(o *socket.DialOptions) {
		if o.Header == nil {
			o.Header = http.Header{}
		}
		o.Header.Add(key, value)
	}
}

// try connects and returns the error of a handshake that fails. The connection
// ends with the test.
func (h *host) try(query string, opts ...dialOption) (*client, error) {
	c, err := h.open(query, opts...)
	if err == nil {
		h.t.Cleanup(c.CutOff)
	}
	return c, err
}

func (h *host) open(query string, opts ...dialOption) (*client, error) {
	o := socket.DialOptions{NetDial: h.Dial, ReadLimit: 1 << 20}
	for _, opt := range opts {
		opt(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := socket.Dial(ctx, h.URL+query, o)
	if err != nil {
		return nil, err
	}
	c := &client{t: h.t, Conn: conn, came: make(chan struct{}, 1), done: make(chan struct{})}
	go c.read()
	return c, nil
}

// raw connects and waits for nothing.
func (h *host) raw(query string, opts ...dialOption) *client {
	h.t.Helper()
	c, err := h.try(query, opts...)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// connect connects a plain client and waits for its welcome.
func (h *host) connect(opts ...dialOption) *client {
	h.t.Helper()
	c := h.raw("", opts...)
	c.id = c.Expect("welcome").Field("client")
	return c
}

// member connects a client and has it join a room.
func (h *host) member(room string, opts ...dialOption) *client {
	h.t.Helper()
	c := h.connect(opts...)
	c.Call(protocol.ActionJoinRoom, room, nil)
	return c
}

func (c *client) read() {
	defer close(c.done)
	err := c.Conn.Read(c)
	closed := &socket.CloseError{Code: 1006}
	if errors.As(err, &closed) && closed.Peer {
		_ = c.Conn.WriteClose(closed.Code, "")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = closed
}

// Pause has the client read nothing more until Resume, or the end of the test.
func (c *client) Pause() {
	c.reading.Lock()
	c.paused = true
	c.t.Cleanup(c.Resume)
}

func (c *client) Resume() {
	if c.paused {
		c.paused = false
		c.reading.Unlock()
	}
}

// Forget frees what has come.
func (c *client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inbox, c.next, c.answered = nil, 0, 0
}

func (c *client) Message(payload []byte) {
	c.reading.Lock()
	defer c.reading.Unlock()
	env, err := protocol.ParseServer(payload)
	if err != nil {
		c.t.Errorf("server sent %q: %v", payload, err)
		return
	}
	m := message{
		Action:         string(env.Action),
		Body:           append(json.RawMessage(nil), env.Body...),
		IsTargetClient: env.IsTargetClient,
		Target:         string(env.Target),
		Sender:         string(env.Sender),
		Ref:            env.Ref,
		Re:             string(env.Re),
		Room:           string(env.Room),
		Seq:            env.Seq,
		N:              env.N,
		Time:           env.Time,
	}
	c.mu.Lock()
	c.inbox = append(c.inbox, m)
	c.mu.Unlock()
	select {
	case c.came <- struct{}{}:
	default:
	}
}

func (c *client) Ping(payload []byte) { _ = c.Conn.WritePong(payload) }
func (c *client) Pong()               { c.pongs.Add(1) }

func (c *client) Pongs() int { return int(c.pongs.Load()) }

// Until waits for the next message that the test wants; others are passed over.
func (c *client) Until(what string, want func(message) bool) message {
	c.t.Helper()
	return c.scan(&c.next, what, want)
}

// scan looks at what comes from *next on.
func (c *client) scan(next *int, what string, want func(message) bool) message {
	c.t.Helper()
	deadline := time.NewTimer(patience)
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

// Expect waits for the next message of that action, answers aside.
func (c *client) Expect(action string) message {
	c.t.Helper()
	return c.Until(action, func(m message) bool { return m.Action == action && m.Ref == 0 })
}

// Recent is the end of what has come, for messages of failures.
func (c *client) Recent() []message {
	all := c.Received()
	return all[max(0, len(all)-5):]
}

// Received returns all that has come so far.
func (c *client) Received() []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]message(nil), c.inbox...)
}

// CutOff ends the connection without a word.
func (c *client) CutOff() {
	_ = c.Conn.CloseNow()
	<-c.done
}

// Done is closed when the connection has ended.
func (c *client) Done() <-chan struct{} { return c.done }

func (c *client) Ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Closing waits for the end of the connection.
func (c *client) Closing() *socket.CloseError {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		c.t.Fatalf("connection was not closed; got %v", c.Recent())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Write sends text as it is.
func (c *client) Write(text string) {
	c.t.Helper()
	if err := c.Conn.WriteText([]byte(text)); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// Send sends a message that asks for no answer; nil is an empty body.
func (c *client) Send(action, target string, body any) {
	c.t.Helper()
	c.Write(envelope(0, action, target, body))
}

func envelope(id uint64, action, target string, body any) string {
	raw, err := protocol.MarshalObject(body)
	if err != nil {
		panic(err)
	}
	return string(protocol.AppendEnvelope(nil, &protocol.Header{Action: action, Target: target, ID: id}, raw))
}

// Ask sends a message and returns its answer, an ack or an error.
func (c *client) Ask(action, target string, body any) message {
	c.t.Helper()
	c.LastID++
	id := c.LastID
	c.Write(envelope(id, action, target, body))
	return c.Answer(id)
}

// Answer waits for the answer to an id; it passes over nothing that Expect
// could look for.
func (c *client) Answer(id uint64) message {
	c.t.Helper()
	return c.scan(&c.answered, fmt.Sprintf("the answer to %d", id), func(m message) bool { return m.Ref == id })
}

// First waits for the first message. It is false if the connection ends before.
func (c *client) First() (message, bool) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		ended := c.Ended()
		if all := c.Received(); len(all) > 0 {
			return all[0], true
		}
		if ended {
			return message{}, false
		}
		select {
		case <-c.came:
		case <-c.done:
		case <-deadline.C:
			return message{}, false
		}
	}
}

// AnswerOf finds the answer to an id among all that has come.
func (c *client) AnswerOf(id uint64) message {
	c.t.Helper()
	from := 0
	return c.scan(&from, fmt.Sprint("the answer to ", id), func(m message) bool { return m.Ref == id })
}

// Call is Ask for what must succeed.
func (c *client) Call(action, target string, body any) message {
	c.t.Helper()
	m := c.Ask(action, target, body)
	if m.Action != protocol.ActionAck {
		c.t.Fatalf("%s %s: %v", action, target, m)
	}
	return m
}

// Refused is ask for what must fail.
func (c *client) Refused(action, target string, body any, code string) {
	c.t.Helper()
	if m := c.Ask(action, target, body); m.Action != protocol.ActionError || m.Code() != code {
		c.t.Errorf("%s to %q: got %v, want error %s", action, target, m, code)
	}
}

// byHeader authenticates by a header, as only a test may.
func byHeader(r *http.Request) (simplysocket.Identity, error) {
	user := r.Header.Get("X-User")
	if user == "" {
		return simplysocket.Identity{}, errors.New("no user")
	}
	return simplysocket.Identity{User: user}, nil
}
