package client

import (
	"context"
	"log/slog"
	"sync"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Conn is a session with a server, over one connection after the other. All its methods,
// and those of its rooms, may be called concurrently and from callbacks.
type Conn struct {
	url  string
	opts Options
	log  *slog.Logger

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	done     chan struct{} // closed once the session is over
	farewell error         // why the server does not know that it is; valid after done

	mu    sync.Mutex // guards all that follows
	state State
	end   *CloseError // nil until the session is over, or Close was called
	link  *link       // nil while offline

	session Session
	begun   bool   // there is a session that a connection could take up
	token   string // of that session
	directs uint64 // the last n
	lobby   *Room
	rooms   map[string]*Room
	entered uint64 // numbers the rooms in joining order

	outbox outbox
	pace   *rate.Limiter // of what is sent; nil before the first welcome

	inbox   inbox
	awaited int        // messages whose answer somebody waits for
	space   *sync.Cond // the inbox has a place, or the reader has to go on
	arrived *sync.Cond // the inbox has an event, or the session is over
	toSend  *sync.Cond // the outbox has a message, or the writer has to end
}

// Dial connects to the ws:// or wss:// URL of a server and waits until the server admits
// the client. It keeps the session from then on, until Close or until the server ends it.
// With nil options, every option has its default. The context limits Dial alone, and so do
// 15 seconds.
//
// Dial tries once. If the server refuses the handshake, the error is a [*RefusedError]; if
// it closes the connection, a [*CloseError]. Invalid options are an [*OptionError].
func Dial(ctx context.Context, url string, o *Options) (*Conn, error) {
	opts, err := o.resolved()
	if err != nil {
		return nil, err
	}
	c := &Conn{url: url, opts: opts, log: opts.Logger, done: make(chan struct{}), rooms: map[string]*Room{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.space, c.arrived, c.toSend = sync.NewCond(&c.mu), sync.NewCond(&c.mu), sync.NewCond(&c.mu)
	c.outbox.sent = map[uint64]*message{}
	c.lobby = newRoom(c, "", nil)
	if opts.Lobby != nil {
		opts.Lobby(c.lobby)
	}
	l, err := c.connect(ctx)
	if err != nil {
		c.cancel()
		return nil, err
	}
	go c.dispatch()
	go c.run(l)
	return c, nil
}

// ID returns the client's public name (its slug, on the wire), which is never used again.
// It changes when a session is lost.
func (c *Conn) ID() string { return c.Session().Client }

// Session returns what the server said when it last admitted the client.
func (c *Conn) Session() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// State returns whether the client is connected.
func (c *Conn) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Lobby returns the room that every client is in. Its handlers also get what the server
// sends to this client from outside of any room. It has no known members and cannot be
// left; SendTo goes through any room that both clients are in.
//
// A lobby whose code welcomes the client looks like any other room that the server has put
// it into: [Options.OnRoom] reports it, and its messages arrive there.
func (c *Conn) Lobby() *Room { return c.lobby }

// Done returns a channel that is closed once the session is over: after Close, or if the
// server does not want the client to return. Callbacks for what was received before may
// still run; the last is OnState with [Closed].
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the session is over; nil until Done is closed. After Close it has the
// code [protocol.CloseNormal].
func (c *Conn) Err() *CloseError {
	select {
	case <-c.done:
	default:
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// Close ends the session: the client leaves its rooms, calls that wait for an answer
// return an error, and no further callback runs except OnState. If Close returns
// [ErrOffline], the server could not be reached; it may keep the session for a while.
// Closing again has no effect.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.end == nil {
		c.end = &CloseError{Code: protocol.CloseNormal, Reason: "closed by this client"}
		c.inbox.clear()
		c.wake()
		c.cancel()
	}
	c.mu.Unlock()
	<-c.done
	return c.farewell
}

// wake makes every goroutine of the session check its state again. The caller holds the
// lock.
func (c *Conn) wake() {
	c.space.Broadcast()
	c.arrived.Broadcast()
	c.toSend.Broadcast()
}
