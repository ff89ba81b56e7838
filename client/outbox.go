package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// outbox holds the messages that wait to be sent, and those that were sent in this session
// and are not answered.
type outbox struct {
	waiting []*message
	bytes   int                 // of those that wait
	sent    map[uint64]*message // by id
	lastID  uint64
}

// message is something to send.
type message struct {
	header protocol.Header // with its id once it was sent
	body   json.RawMessage
	room   *Room // which it acts for
	kind   messageKind
	again  bool // sent on an earlier connection too

	// settled is what the answer means for the room; it returns the error for
	// the caller that waits. It is called with the lock held; nil means nothing.
	settled func(reply json.RawMessage, err error) error
	awaited bool
	done    chan struct{} // closed once reply and err are valid; nil without an id
	reply   json.RawMessage
	err     error
}

// messageKind is the purpose of a message, as far as it matters when a session ends.
type messageKind uint8

const (
	kindSend   messageKind = iota
	kindPost               // without an answer, or not at all
	kindJoin               // a room, for the first time
	kindRejoin             // a room that was lost with a session
	kindLeave              // of a room
	kindList               // who is in a room, after a gap
)

// messageOverhead is about the size of a waiting message without its body.
const messageOverhead = 256

func (m *message) size() int { return len(m.body) + messageOverhead }

// check returns an error if the message is larger than the server takes, which
// would end the session.
func (m *message) check(limit int) error {
	h := m.header
	h.ID = protocol.MaxID
	size := len(protocol.AppendEnvelope(nil, &h, nil)) - len("{}") + len(m.body)
	if limit <= 0 || size <= limit {
		return nil
	}
	return &Error{
		Code:    protocol.CodeTooLarge,
		Message: fmt.Sprintf("the message has %d bytes and the server takes %d", size, limit),
	}
}

func (o *outbox) full(opts *Options, m *message) bool {
	return len(o.waiting) >= opts.QueueMessages || o.bytes+m.size() > opts.QueueBytes
}

func (o *outbox) push(m *message) {
	o.waiting = append(o.waiting, m)
	o.bytes += m.size()
}

func (o *outbox) pushFront(messages []*message) {
	for _, m := range messages {
		o.bytes += m.size()
	}
	o.waiting = append(messages, o.waiting...)
}

// ready reports whether the first waiting message may be sent. A message that asks for an
// answer waits while as many are unanswered as the server remembers.
func (o *outbox) ready() bool {
	return len(o.waiting) > 0 && (o.waiting[0].kind == kindPost || len(o.sent) < protocol.MaxUnanswered)
}

// pop takes the first waiting message and, if it asks for an answer, gives it a number:
// not earlier, so that numbers grow on the wire.
func (o *outbox) pop() *message {
	m := o.waiting[0]
	o.waiting[0] = nil
	o.waiting = o.waiting[1:]
	o.bytes -= m.size()
	if m.kind != kindPost {
		o.lastID++
		m.header.ID = o.lastID
		o.sent[m.header.ID] = m
	}
	return m
}

// takeWaiting removes the matching messages that were not sent.
func (o *outbox) takeWaiting(match func(*message) bool) []*message {
	var taken []*message
	o.waiting = slices.DeleteFunc(o.waiting, func(m *message) bool {
		if !match(m) {
			return false
		}
		taken = append(taken, m)
		o.bytes -= m.size()
		return true
	})
	return taken
}

// sentInOrder returns the sent messages in their order.
func (o *outbox) sentInOrder() []*message {
	return slices.SortedFunc(maps.Values(o.sent), func(a, b *message) int {
		return cmp.Compare(a.header.ID, b.header.ID)
	})
}

// takeSent removes the matching messages that were sent.
func (o *outbox) takeSent(match func(*message) bool) []*message {
	taken := slices.DeleteFunc(o.sentInOrder(), func(m *message) bool { return !match(m) })
	for _, m := range taken {
		delete(o.sent, m.header.ID)
	}
	return taken
}

func every(*message) bool { return true }

// newMessage makes a message to a room.
func (r *Room) newMessage(action string, body any) (*message, error) {
	raw, err := protocol.MarshalObject(body)
	if err != nil {
		return nil, fmt.Errorf("client: body of %q: %w", action, err)
	}
	return &message{header: protocol.Header{Action: action, Target: r.name}, body: raw, room: r}, nil
}

// enqueue appends a message. The caller holds the lock.
func (c *Conn) enqueue(m *message) error {
	if c.end != nil {
		return c.end
	}
	if err := m.check(c.session.Limits.MessageBytes); err != nil {
		return err
	}
	switch {
	case c.link == nil && (m.kind == kindPost || c.opts.OfflineSends == Reject):
		return ErrOffline
	case c.outbox.full(&c.opts, m):
		return ErrQueueFull
	}
	if m.kind != kindPost {
		c.await(m)
	}
	c.pushOut(m)
	return nil
}

// await marks that a call waits for the answer to a message. The caller holds the lock.
func (c *Conn) await(m *message) {
	m.done = make(chan struct{})
	m.awaited = true
	c.awaited++
	c.space.Signal() // the reader has to go on to the answer
}

// pushOut appends a message that always has a place. The caller holds the lock.
func (c *Conn) pushOut(m *message) {
	c.outbox.push(m)
	c.toSend.Signal()
}

// say appends a message of the application, if its room may still act. The caller holds
// the lock.
func (c *Conn) say(m *message) error {
	if err := m.room.usable(); err != nil {
		return err
	}
	return c.enqueue(m)
}

// ask sends a message and waits for its answer.
func (c *Conn) ask(ctx context.Context, m *message) (json.RawMessage, error) {
	c.mu.Lock()
	err := c.say(m)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.wait(ctx, m)
}

// wait waits for the answer to a message in the outbox.
func (c *Conn) wait(ctx context.Context, m *message) (json.RawMessage, error) {
	select {
	case <-m.done:
	case <-ctx.Done():
		c.giveUp(m, ctx.Err())
	}
	return m.reply, m.err
}

// giveUp ends the wait for an answer, unless it has arrived. A message that was not sent
// never will be, unless it leaves a room. One that was sent is kept only if its answer
// changes a room.
func (c *Conn) giveUp(m *message, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-m.done:
		return
	default:
	}
	if m.kind == kindLeave {
		c.release(m, nil, err)
		return
	}
	unsent := c.outbox.takeWaiting(func(other *message) bool { return other == m })
	if len(unsent) > 0 || m.settled == nil {
		delete(c.outbox.sent, m.header.ID)
		c.toSend.Signal()
		c.settle(m, nil, err)
		return
	}
	c.release(m, nil, err)
}

// settle gives a message its answer, and applies its effect on the room. The caller holds
// the lock.
func (c *Conn) settle(m *message, reply json.RawMessage, err error) {
	if m.settled != nil {
		err = m.settled(reply, err)
	}
	c.release(m, reply, err)
}

// release ends the wait for an answer. The caller holds the lock.
func (c *Conn) release(m *message, reply json.RawMessage, err error) {
	if !m.awaited {
		return
	}
	m.awaited = false
	c.awaited--
	m.reply, m.err = reply, err
	close(m.done)
}
