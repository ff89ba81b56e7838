package client

import "github.com/DhruvikDonga/simplysocket/protocol"

// inbox is what waits for the callbacks, in the order of the wire.
type inbox struct {
	events   []event
	messages int // events that are messages
	bytes    int
	last     bool // nothing more will come
}

// event is a callback that waits to run.
type event struct {
	room *Room // nil: of the connection
	size int   // of a message; 0: it is none, and always has a place
	gap  *Gap  // what call will tell of, and may grow until then
	call func()
}

// eventOverhead is about the size of a message without its body.
const eventOverhead = 256

// reserve is how many times the inbox's size the reader may use while a call waits for an
// answer that may be further back.
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

// clear drops everything that waits.
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

// push appends a callback. The caller holds the lock.
func (c *Conn) push(e event) {
	if e.room != nil {
		e.room.gap = e.gap
	}
	c.inbox.push(e)
	c.arrived.Signal()
}

// hold keeps the reader from reading more than the callbacks can handle, which in the end
// holds back the server. It does not while a call waits for an answer: the call may be in
// a callback, and then nothing would move again. The caller holds the lock, except while
// waiting.
func (c *Conn) hold(l *link) {
	for c.inbox.exceeds(&c.opts, 1) && c.awaited == 0 && !l.over && c.end == nil {
		l.held.Store(true)
		c.space.Wait()
	}
	l.held.Store(false)
}

// post appends the callback of a message. A message that does not even fit the reserve is
// dropped, and a gap in its place reports it. The caller holds the lock.
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

// pushGap reports a gap. The caller holds the lock.
func (c *Conn) pushGap(r *Room, g Gap) {
	told := &g
	c.push(event{room: r, gap: told, call: func() { r.tellGap(*told) }})
}
