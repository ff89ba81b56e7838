package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// link is one connection of a session. It implements [socket.Handler] on its
// reading goroutine.
type link struct {
	conn   *Conn
	ws     *socket.Conn
	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	tasks  sync.WaitGroup // the writer and the watch

	welcomed chan struct{} // closed by `welcome`
	done     chan struct{} // closed once nothing of the connection is left
	end      error         // why; valid after done
	since    time.Time     // of the welcome
	pace     *rate.Limiter // valid after welcomed
	held     atomic.Bool   // the reader waits for the callbacks
	parting  atomic.Bool   // our close frame is on its way

	// Guarded by the lock of conn.

	greeted bool       // `welcome` has come
	over    bool       // nothing that comes is taken any more
	cause   error      // why we gave the connection up; nil if we did not
	again   []*message // to be sent again before anything else
	omitted []*Room    // rooms for which the hello had no space
}

const (
	// connectTimeout bounds an attempt, from the dialling to the welcome.
	connectTimeout = 15 * time.Second
	// closeTimeout is how long the server may take to answer a close.
	closeTimeout = 5 * time.Second
	// readLimit is more than any server has a reason to send at once.
	readLimit = 16 << 20
)

// connect makes a connection and waits for its welcome.
func (c *Conn) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	header, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	ws, err := within(ctx, func() (*socket.Conn, error) {
		return socket.Dial(ctx, c.url, socket.DialOptions{
			Subprotocols: []string{protocol.Subprotocol},
			Header:       header,
			ReadLimit:    readLimit,
			TLS:          c.opts.TLS,
			NetDial:      c.opts.NetDial,
		})
	}, func(late *socket.Conn) { _ = late.CloseNow() })
	if err != nil {
		return nil, closeErrorOf(err)
	}
	if ws.Subprotocol() != protocol.Subprotocol {
		_ = ws.CloseNow()
		return nil, ErrNoSubprotocol
	}
	l := &link{conn: c, ws: ws, welcomed: make(chan struct{}), done: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	go l.read()
	stop := context.AfterFunc(ctx, func() { l.giveUp(ctx.Err()) })
	defer stop()
	_ = ws.WriteText(l.hello()) // Read finds out, and may find a close frame that says why
	select {
	case <-l.welcomed:
	case <-l.done:
	}
	if l.letIn() && stop() {
		return l, nil
	}
	<-l.done // of itself, or because the context has ended
	return nil, l.end
}

// letIn reports whether the server has admitted the client, even if it has closed the
// connection since.
func (l *link) letIn() bool {
	select {
	case <-l.welcomed:
		return true
	default:
		return false
	}
}

// header returns the header of the next handshake.
func (c *Conn) header(ctx context.Context) (http.Header, error) {
	header := c.opts.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if c.opts.Token != nil {
		token, err := within(ctx, func() (string, error) { return c.opts.Token(ctx) }, func(string) {})
		if err != nil {
			return nil, fmt.Errorf("client: token: %w", err)
		}
		if token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
	}
	return header, nil
}

// giveUp cuts the connection for a reason of the client's own.
func (l *link) giveUp(cause error) {
	l.conn.mu.Lock()
	if !l.over {
		l.over, l.cause = true, cause
		l.conn.space.Broadcast()
	}
	l.conn.mu.Unlock()
	_ = l.ws.CloseNow()
}

// refuse closes the connection because of what the server has sent. The client does not
// return, so the server must not keep the session.
func (l *link) refuse(err error) {
	c := l.conn
	c.mu.Lock()
	if !l.over {
		l.over, l.cause = true, &CloseError{Code: protocol.CloseProtocolError, Reason: err.Error()}
		c.wake()
	}
	c.mu.Unlock()
	l.ws.EndWithin(closeTimeout)
	l.cancel()
	l.tasks.Wait() // nothing may follow our close frame
	_ = l.ws.WriteClose(uint16(protocol.CloseProtocolError), "")
	_ = l.ws.CloseNow()
}

// read runs on the connection's goroutine until the connection ends.
func (l *link) read() {
	defer close(l.done)
	err := l.retire(l.ws.Read(l))
	l.cancel()
	var closed *socket.CloseError
	if errors.As(err, &closed) && !l.parting.Load() {
		l.ws.EndWithin(closeTimeout)
		l.tasks.Wait() // nothing may follow our close frame
		_ = l.ws.WriteClose(closed.Code, "")
		if !closed.Peer {
			l.ws.Drain(closeTimeout)
		}
	}
	_ = l.ws.CloseNow()
	l.tasks.Wait()
}

// goodbye closes the connection for good. It returns an error if the server does not
// confirm it.
func (l *link) goodbye() error {
	l.ws.EndWithin(closeTimeout)
	l.cancel()
	l.tasks.Wait() // nothing may follow our close frame
	l.parting.Store(true)
	_ = l.ws.WriteClose(uint16(protocol.CloseNormal), "") // Read finds out
	<-l.done
	var closed *CloseError
	if errors.As(l.end, &closed) {
		return nil
	}
	return fmt.Errorf("%w: the server has not confirmed the end of the session: %w", ErrOffline, l.end)
}

// Ping implements [socket.Handler].
func (l *link) Ping(payload []byte) { _ = l.ws.WritePong(payload) } // Read finds out

// Pong implements [socket.Handler].
func (l *link) Pong() {}

// Message implements [socket.Handler].
func (l *link) Message(payload []byte) {
	env, err := protocol.ParseServer(payload)
	received := false
	if err == nil {
		received, err = l.take(&env)
	}
	switch {
	case err != nil:
		l.refuse(err)
	case received:
		l.trace(&env)
	}
}

// take handles a message, and reports whether it counts as received: if not, it will be
// sent again. An error is for a message that no server sends.
func (l *link) take(env *protocol.Envelope) (received bool, err error) {
	c := l.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if protocol.ReservedAction(string(env.Action)) && !l.greeted {
		return false, nil
	}
	if !l.greeted {
		err := c.takeWelcome(l, env)
		return l.greeted, err
	}
	if isAnswer(env) {
		c.takeAnswer(env)
		return true, nil
	}
	c.hold(l)
	if l.over || c.end != nil {
		return false, nil
	}
	return true, c.takeMessage(env)
}

// trace reports a received message. A slow trace holds the reader back, as slow callbacks
// do.
func (l *link) trace(env *protocol.Envelope) {
	f := l.conn.opts.OnReceive
	if f == nil {
		return
	}
	if string(env.Action) == protocol.ActionWelcome {
		env.Body = without(env.Body, "session")
	}
	l.held.Store(true)
	f(env)
	l.held.Store(false)
}
