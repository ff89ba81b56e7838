package socket

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// Conn is one WebSocket connection. It takes 344 bytes; the runtime's size class is
// 352.
type Conn struct {
	nc          net.Conn
	direct      direct
	subprotocol string

	active   atomic.Bool   // something was read since the last TakeActive
	progress atomic.Uint32 // messages read << 1 | a message is incomplete
	closed   atomic.Bool
	end      atomic.Int64 // when every operation has to fail, in nanoseconds since started; 0: never

	writing sync.Mutex // client's role: orders the writers

	// Of the reader.

	early  []byte // bytes that came with the handshake
	client bool   // our role
	failed bool   // the stream of frames is lost
	rest   bool   // Read is to return
	frames frames
	flood  flood
	late   int64 // bytes that came after an end was set
	message
}

// newConn makes a connection of what a handshake has left.
func newConn(nc net.Conn, buffered *bufio.Reader, state ws.State, limit int64) *Conn {
	c := &Conn{nc: nc, client: state.ClientSide()}
	c.direct.open(nc)
	c.frames.state = state
	c.limit = limit
	if buffered != nil && buffered.Buffered() > 0 {
		early, _ := buffered.Peek(buffered.Buffered())
		c.early = append(c.early, early...)
	}
	return c
}

// SetReadLimit bounds the bytes of a message. It is for the Handler to call.
func (c *Conn) SetReadLimit(limit int64) { c.limit = limit }

// Subprotocol is the one that the handshake agreed on, or "".
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Deflate reports whether the peer takes frames made by [Deflate].
func (c *Conn) Deflate() bool { return c.deflate }

// Direct reports whether TryWrite can write to the connection.
func (c *Conn) Direct() bool { return c.direct.isOpen() }

// RemoteAddr is the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// TakeActive reports whether anything was read since it was last called. It may
// be called concurrently.
func (c *Conn) TakeActive() bool { return c.active.Swap(false) }

// Progress returns the number of messages that were read, modulo 2^31, and
// whether a further one has begun to arrive. It may be called concurrently.
func (c *Conn) Progress() (messages uint32, partial bool) {
	p := c.progress.Load()
	return p >> 1, p&1 != 0
}

// Handler takes what is read. Payloads are valid during the call only.
type Handler interface {
	Message(payload []byte) // a text message, valid UTF-8
	Ping(payload []byte)
	Pong()
}

// readBuffer is the size of the buffers that are read into. Most messages of
// most clients fit many times.
const readBuffer = 8 << 10

var readBuffers = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// Read reads until the connection ends and has h take what comes. The error is
// a [*CloseError] if the peer has closed or broken the protocol, and otherwise
// that of the network.
func (c *Conn) Read(h Handler) error {
	c.rest = false
	if early := c.early; early != nil {
		c.early = nil
		if err := c.feed(early, h); err != nil {
			return err
		}
	}
	if c.Direct() {
		return c.direct.read(c, h)
	}
	return c.readPlain(h)
}

func (c *Conn) readPlain(h Handler) error {
	buf := readBuffers.Get().(*[readBuffer]byte)
	defer readBuffers.Put(buf)
	for {
		n, err := c.nc.Read(buf[:])
		if n > 0 {
			if err := c.feed(buf[:n], h); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if err := c.resting(); err != nil {
			return err
		}
	}
}

// ErrRested is why [Conn.Read] has returned after a Rest: there is more to be
// read, on another goroutine.
var ErrRested = errors.New("websocket: reading rests")

// Rest has Read return [ErrRested] once it has taken what there is. It is for the
// Handler to call: messages have grown the stack of the goroutine to 4 KiB or more
// for good, and a fresh one waits in 2.
func (c *Conn) Rest() { c.rest = true }

func (c *Conn) resting() error {
	if c.rest {
		return ErrRested
	}
	return nil
}

// Write writes encoded frames and blocks until the network has taken them or
// the connection is closed.
func (c *Conn) Write(p []byte) error {
	_, err := c.nc.Write(p)
	return err
}

// Abort is CloseNow where nobody is left to read what was written: the kernel keeps
// none of it.
func (c *Conn) Abort() error {
	c.EndWithin(0)
	return c.CloseNow()
}

// discard has the kernel drop what the peer has not taken: it may hold megabytes for
// minutes otherwise.
func (c *Conn) discard() {
	if t := c.tcp(); t != nil {
		_ = t.SetLinger(0)
	}
}

// tcp is the connection below, or nil where that is something else.
func (c *Conn) tcp() *net.TCPConn {
	nc := c.nc
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	t, _ := nc.(*net.TCPConn)
	return t
}

// farewellTime is how long the kernel may keep the last words to a peer that does not
// take them.
const farewellTime = 5 * time.Second

// CloseNow closes the connection without a word. A Read or Write under way
// returns. It may be called concurrently, from a Handler too.
func (c *Conn) CloseNow() error {
	if c.closed.Swap(true) {
		return nil
	}
	if c.expired() {
		c.discard()
	} else if t := c.tcp(); t != nil {
		forgetAfter(t, farewellTime)
	}
	if c.Direct() {
		c.direct.close(c.nc)
		return nil
	}
	if t, ok := c.nc.(*tls.Conn); ok {
		// The end was agreed on by the close frames; tls.Conn.Close would wait
		// up to 5 s for a peer that does not read.
		return t.NetConn().Close()
	}
	return c.nc.Close()
}

// EndWithin makes every operation on the connection fail after d.
func (c *Conn) EndWithin(d time.Duration) {
	end := time.Now().Add(d)
	c.end.Store(int64(end.Sub(started)))
	_ = c.nc.SetDeadline(end)
}

// started is what ends are counted from, by the monotonic clock: a wall clock that is
// set must not cut a connection, nor keep it.
var started = time.Now().Add(-time.Nanosecond)

// expired reports whether the end that was set has come. A deadline of the
// net.Conn is seen only by those who wait: a peer that never stops writing would
// keep its reader from ever waiting.
func (c *Conn) expired() bool {
	end := c.end.Load()
	return end != 0 && int64(time.Since(started)) >= end
}

// Ending reports whether an end was set: what still comes is not answered any more.
// It may be called concurrently.
func (c *Conn) Ending() bool { return c.end.Load() != 0 }

// lateBytes is how much more than one message a peer may send once an end is set. It is
// on its way before the peer can know of the end; a peer that keeps sending beyond it only costs.
const lateBytes = 4 << 20

// errLate is the end of a peer that keeps sending after our close frame.
var errLate = errors.New("websocket: the peer keeps sending after the close")

// tooLate counts what comes from a client after an end was set.
func (c *Conn) tooLate(n int) bool {
	if c.client || !c.Ending() {
		return false
	}
	c.late += int64(n)
	return c.late-c.limit > lateBytes
}

// Drain waits until the peer has ended the connection too, at most for d, or has sent
// more than it can have sent before it knew. It is called after our close frame was
// written and instead of a Read: to close while data is on its way here would reset
// the connection, and the peer might never see our close frame.
func (c *Conn) Drain(d time.Duration) {
	c.EndWithin(d)
	if !c.failed {
		_ = c.Read(discard{})
		return
	}
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.CopyN(io.Discard, c.nc, max(c.limit+lateBytes-c.late, 0))
}

type discard struct{}

func (discard) Message([]byte) {}
func (discard) Ping([]byte)    {}
func (discard) Pong()          {}

// CloseError says why reading has ended.
type CloseError struct {
	Code   uint16 // a close code of RFC 6455 section 7.4; 1005 if the peer gave none
	Reason string
	Peer   bool // the peer has closed; otherwise it has done what Code says
}

// Error says who closed and why.
func (e *CloseError) Error() string {
	who := "peer broke the protocol"
	if e.Peer {
		who = "peer closed"
	}
	return fmt.Sprintf("websocket: %s: %d %s", who, e.Code, e.Reason)
}
