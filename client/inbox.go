package client

import "github.com/DhruvikDonga/simplysocket/protocol"

// inbox is what waits for the callbacks before it, in the order of the wire.
type inbox struct {
	events   []event
	messages int // events that are messages
	bytes    int
	last     bool // nothing more will come
}

// event is a callback that waits.
type event struct {
	room *Room // nil: of the connection
	size int   // of a message; 0: it is none, and always has a place
	gap  *Gap  // what call will tell of, and may grow until then
	call func()
}

// eventOverhead is what a message takes beside its body.
const eventOverhead = 256

// reserve is how many times the inbox's size the reader may use where somebody
// waits for an answer that is behind it.
const reserve = 4

func (in *inbox) exceeds(o *Options, times int) bool {
	return in.messages >= times*o.InboxMessages || in.bytes >= times*o.InboxBytes
}

func (in *inbox) push(e event) {
	in.events = append(in.events, e)
	in.bytes += e.size
	if e.size > 0 {
		in.messages++
	}
}

func (in *inbox) pop() event {
	e := in.events[0]
	in.events[0] = event{}
	in.events = in.events[1:]
	in.bytes -= e.size
	if e.size > 0 {
		in.messages--
	}
	return e
}

// clear gives up what waits.
func (in *inbox) clear() { *in = inbox{} }

// dispatch is the goroutine of the callbacks.
func (c *Conn) dispatch() {
	for {
		e, ok := c.nextEvent()
		if !ok {
			return
		}
		e.call()
	}
}

func (c *Conn) nextEvent() (event, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for len(c.inbox.events) == 0 {
			if c.inbox.last {
				return event{}, false
			}
			c.arrived.Wait()
		}
		e := c.inbox.pop()
		c.space.Signal()
		if e.room == nil {
			return e, true
		}
		if e.room.gap == e.gap {
			e.room.gap = nil
		}
		if !e.room.muted {
			return e, true
		}
	}
}

// push has a callback made after those that wait. The lock is held.
func (c *Conn) push(e event) {
	if e.room != nil {
		e.room.gap = e.gap
	}
	c.inbox.push(e)
	c.arrived.Signal()
}

// hold keeps the reader from taking more than the callbacks have a use for,
// which in the end holds back the server. It does not while somebody waits for
// an answer: that may be a callback, and then nothing would move again. The
// lock is held, except while waiting.
func (c *Conn) hold(l *link) {
	for c.inbox.exceeds(&c.opts, 1) && c.awaited == 0 && !l.over && c.end == nil {
		l.held.Store(true)
		c.space.Wait()
	}
	l.held.Store(false)
}

// post has a message's callback made. What does not even fit the reserve is
// given up and told by a gap in its place. The lock is held.
func (c *Conn) post(r *Room, env *protocol.Envelope, call func()) {
	if !c.inbox.exceeds(&c.opts, reserve) {
		c.push(event{room: r, size: len(env.Body) + eventOverhead, call: call})
		return
	}
	lost := Gap{Epoch: r.epoch, From: env.Seq, To: env.Seq}
	if env.N != 0 {
		lost = Gap{From: env.N, To: env.N, Direct: true}
	}
	if g := r.gap; g != nil && g.Epoch == lost.Epoch && g.Direct == lost.Direct && !g.Whole() {
		g.To = lost.To
		return
	}
	c.pushGap(r, lost)
}

// pushGap tells of a gap. The lock is held.
func (c *Conn) pushGap(r *Room, g Gap) {
	told := &g
	c.push(event{room: r, gap: told, call: func() { r.tellGap(*told) }})
}
