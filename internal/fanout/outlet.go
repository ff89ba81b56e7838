package fanout

import (
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/internal/worker"
)

// Limits limit one outlet.
type Limits struct {
	Frames int           // that wait in the outbox
	Bytes  int           // of these frames
	Grace  time.Duration // how long a closing peer may take to answer
}

// Writers are shared by the outlets of a server: their limits, and the goroutines that
// empty outboxes.
type Writers struct {
	limits Limits
	pool   *worker.Pool[*Outlet]
}

// NewWriters returns writers for outlets with these limits.
func NewWriters(limits Limits) *Writers {
	return &Writers{limits: limits, pool: worker.New((*Outlet).drain)}
}

// Close ends the goroutines once they have nothing to write. Outlets keep working. Calling
// Close twice panics.
func (w *Writers) Close() { w.pool.Close() }

// Observer owns an outlet and learns what happens to it. It is called from the goroutine
// that is writing, without a lock unless noted, and must not block.
type Observer interface {
	// Member returns the name under which gaps are reported to the outlet's member. It is
	// called with the outlet's lock held.
	Member() string
	// Overflow is called once, if the outbox was too full for a frame that must not be
	// dropped. The outlet is closing by then.
	Overflow()
	// Dropped is called with the number of frames that were dropped.
	Dropped(frames int)
}

// Outlet is the writing end of one connection. A connection has one writer at a time: a
// room's turn that finds the outlet idle writes to the socket directly, without blocking.
// What does not fit, or arrives while someone writes, goes to the outbox, and a pooled
// goroutine writes it out. All methods are safe for concurrent use.
type Outlet struct {
	conn     *socket.Conn
	observer Observer
	writers  *Writers

	mu         sync.Mutex
	opened     bool
	busy       bool // somebody writes, or the outlet is not open yet
	closing    bool // nothing more is taken
	overflow   bool // closing because the outbox was full
	wrote      bool // a frame was taken since the last Quiet
	stalled    bool // the write under way has been seen by a Stalled before
	queue      *queue
	ping       bool
	pong       []byte // the frame
	closeFrame []byte
	written    chan struct{} // closed when the outlet has nothing more to write
}

// NewOutlet returns the outlet of conn. It keeps frames back until Open. response is the
// part of the handshake that is still to be written before everything else; it belongs to
// the outlet and may be empty.
func NewOutlet(conn *socket.Conn, response []byte, owner Observer, writers *Writers) *Outlet {
	o := &Outlet{conn: conn, observer: owner, writers: writers, busy: true}
	if len(response) > 0 {
		q := o.waiting()
		q.rest, q.bytes = response, len(response)
	}
	return o
}

// Open lets the outlet write: the response, then first unless it is nil, then what was
// kept back. It writes at once what the socket accepts. Opening again has no effect.
func (o *Outlet) Open(first *Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened {
		return
	}
	o.opened = true
	if first != nil && !o.overflow {
		o.waiting().lead(first.plain)
	}
	if !o.pending() || !o.conn.Direct() {
		o.finish(nil)
		return
	}
	buf := chunks.Get().(*[]byte)
	*buf = o.next((*buf)[:0])
	o.mu.Unlock()
	n, err := o.conn.TryWrite(*buf)
	o.mu.Lock()
	if n < len(*buf) {
		o.waiting().lead((*buf)[n:])
	}
	o.finish(err)
	release(buf)
}

// Replay writes frames before everything that waits, as the socket accepts them. They do
// not count against the limits: the caller holds them anyway.
func (o *Outlet) Replay(frames []*Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing || len(frames) == 0 {
		return
	}
	q := o.waiting()
	q.replay = append(q.replay, frames...)
	o.start()
}

// Send writes a frame for this connection only.
func (o *Outlet) Send(f *Frame) {
	if o.conn.Deflate() {
		f.deflate()
	}
	o.deliver(f.bytes(o.conn.Deflate()), []*Frame{f})
}

// deliver writes joined, which is the bytes of frames one after the other.
func (o *Outlet) deliver(joined []byte, frames []*Frame) {
	o.mu.Lock()
	if o.closing {
		o.mu.Unlock()
		return
	}
	o.wrote = true
	if o.busy || !o.conn.Direct() {
		o.enqueue(frames) // unlocks
		return
	}
	o.busy = true
	o.mu.Unlock()

	n, err := o.conn.TryWrite(joined)

	o.mu.Lock()
	if err == nil && n < len(joined) {
		o.keep(n, joined, frames)
	}
	o.finish(err)
	o.mu.Unlock()
}

// keep puts the part of joined after its first n bytes into the outbox. After an overflow,
// only the frame that was cut is finished.
func (o *Outlet) keep(n int, joined []byte, frames []*Frame) {
	deflated := o.conn.Deflate()
	end := 0
	for i, f := range frames {
		end += len(f.bytes(deflated))
		if end < n {
			continue
		}
		later := frames[i+1:]
		if o.overflow {
			later = nil
		}
		o.waiting().putBack(joined[n:end], later, deflated)
		return
	}
}

// finish ends a direct write: the next writer may follow, or the drain, if something
// waits. The caller holds the lock.
func (o *Outlet) finish(err error) {
	switch {
	case err != nil:
		o.fail()
	case o.pending():
		o.writers.pool.Submit(o)
	default:
		o.idle()
	}
}

func (o *Outlet) pending() bool {
	return o.queue != nil && !o.queue.empty() || o.ping || o.pong != nil || o.closeFrame != nil
}

func (o *Outlet) waiting() *queue {
	if o.queue == nil {
		o.queue = queues.Get().(*queue)
	}
	return o.queue
}

// idle and fail are the two ends of writing. The lock is held.
func (o *Outlet) idle() {
	o.busy, o.stalled = false, false
	if o.queue != nil {
		o.queue.release()
		o.queue = nil
	}
	if o.written != nil {
		close(o.written)
		o.written = nil
	}
}

func (o *Outlet) fail() {
	o.closing = true
	o.ping, o.pong, o.closeFrame = false, nil, nil
	o.idle()
	_ = o.conn.CloseNow() // the reader finds the end and tells the client
}

// enqueue offers frames to the outbox and releases the lock.
func (o *Outlet) enqueue(frames []*Frame) {
	var total outcome
	q, deflated := o.waiting(), o.conn.Deflate()
	for _, f := range frames {
		out := q.offer(f, deflated, &o.writers.limits)
		total.dropped += out.dropped
		if out.overflow {
			total.overflow, o.overflow = true, true
			q.drop()
			o.queueClose(closeTooSlow, "too slow")
			break
		}
	}
	o.start()
	o.mu.Unlock()
	if total.dropped > 0 {
		o.observer.Dropped(total.dropped)
	}
	if total.overflow {
		o.observer.Overflow()
	}
}

// closeTooSlow is the close code for a client that does not read what it is sent.
const closeTooSlow = 4008

// start starts the drain if nobody writes. The caller holds the lock.
func (o *Outlet) start() {
	if !o.busy {
		o.busy = true
		o.writers.pool.Submit(o)
	}
}

// chunk is how much the drain hands to the socket at once: enough to spare
// system calls, little enough that what may still be dropped or replaced is
// not taken out too early.
const chunk = 16 << 10

var chunks = sync.Pool{New: func() any {
	b := make([]byte, 0, chunk)
	return &b
}}

// drain writes the outbox until it is empty.
func (o *Outlet) drain() {
	buf := chunks.Get().(*[]byte)
	for {
		o.mu.Lock()
		*buf = o.next((*buf)[:0])
		if len(*buf) == 0 {
			o.idle()
			o.mu.Unlock()
			break
		}
		o.stalled = false
		o.mu.Unlock()
		if err := o.conn.Write(*buf); err != nil {
			o.mu.Lock()
			o.fail()
			o.mu.Unlock()
			break
		}
	}
	release(buf)
}

// release gives a chunk back, unless what waited has grown it.
func release(buf *[]byte) {
	if cap(*buf) <= 4*chunk {
		chunks.Put(buf)
	}
}

// next returns what is written next: control frames do not wait for messages, the close
// frame comes last.
func (o *Outlet) next(dst []byte) []byte {
	if o.queue == nil || len(o.queue.rest) == 0 {
		dst = append(dst, o.pong...)
		if o.ping {
			dst = socket.AppendPing(dst, nil)
		}
		o.ping, o.pong = false, nil
	}
	if o.queue != nil {
		dst = o.queue.take(dst, chunk, o.conn.Deflate(), o.observer)
	}
	if len(dst) == 0 {
		dst = append(dst, o.closeFrame...)
		o.closeFrame = nil
	}
	return dst
}

// Ping probes the peer.
func (o *Outlet) Ping() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.ping = true
		o.start()
	}
}

// Pong answers a ping. A waiting pong is replaced (RFC 6455 section 5.5.3), so a flood of
// pings costs no memory.
func (o *Outlet) Pong(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.pong = socket.AppendPong(nil, payload)
		o.start()
	}
}

// Close writes what waits and then a close frame; it accepts no more frames. If the peer
// has not closed its side within the limit, the connection is cut. Closing again has no
// effect.
func (o *Outlet) Close(code uint16, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.queueClose(code, reason)
		o.start()
	}
}

// CloseDiscarding is Close without what waits: the peer is gone or leaving.
func (o *Outlet) CloseDiscarding(code uint16, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		return
	}
	if o.queue != nil {
		o.queue.drop()
	}
	o.queueClose(code, reason)
	o.start()
}

// queueClose makes a close frame the last thing that is written. The caller holds the
// lock.
func (o *Outlet) queueClose(code uint16, reason string) {
	o.closing = true
	o.closeFrame = socket.AppendClose(nil, code, reason)
	o.conn.EndWithin(o.writers.limits.Grace)
}

// Flush waits until everything was written or cannot be written.
func (o *Outlet) Flush() {
	o.mu.Lock()
	if !o.busy {
		o.mu.Unlock()
		return
	}
	if o.written == nil {
		o.written = make(chan struct{})
	}
	written := o.written
	o.mu.Unlock()
	<-written
}

// Quiet reports whether no message was written since the last call.
func (o *Outlet) Quiet() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	quiet := !o.wrote
	o.wrote = false
	return quiet
}

// Stalled reports whether the write in progress was already in progress at the last call.
func (o *Outlet) Stalled() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	stalled := o.busy && o.stalled
	o.stalled = o.busy
	return stalled
}
