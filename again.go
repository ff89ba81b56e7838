package simplysocket

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// What a client sends again after a resume is of two kinds. A message that was
// received before is answered as it was then and does not run again. One that was
// lost on its way is new; it is never refused for coming in a burst with others:
// its connection waits.

const (
	patience    = keptAsked        // messages after a resume that wait for a place
	longestWait = 10 * time.Second // of one of them
)

// again has a message which was received before answered again. It reports
// false for one that is new, and for an id that comes twice over one connection.
func (c *Client) again(env *protocol.Envelope) bool {
	if c.session == nil || env.ID == 0 {
		return false
	}
	l := c.link.Load()
	if env.ID <= l.last {
		return false
	}
	l.last = env.ID
	if env.ID > c.lastID {
		return false
	}
	known, ok := c.session.recall(env.ID)
	switch re := string(env.Action); {
	case re == protocol.ActionListRooms: // changes nothing, and its answers are too large to remember
		if err := c.route(env); err != nil {
			c.sendError(wireError(err), re, env.ID)
		}
	case !ok:
		return false
	case known.room == nil, known.room.post(&entry{kind: entryAgain, member: c.id, id: env.ID, action: re, client: c}) != nil:
		c.answerAgain(env.ID, re)
	}
	return true
}

// refuseStale refuses an id for good. It is no answer that is remembered: there
// may be a true one.
func (c *Client) refuseStale(id uint64, re, why string) {
	c.send(&protocol.Header{Action: protocol.ActionError, Ref: id, Re: re}, errorBody(newError(protocol.CodeStaleID, "id %d %s", id, why)))
}

// waitForRate waits for the client's rate, for as long as its link is patient.
func (c *Client) waitForRate() bool {
	l := c.link.Load()
	if l.patience == 0 {
		return false
	}
	l.patience--
	ctx, cancel := context.WithTimeout(context.Background(), longestWait)
	defer cancel()
	return c.quota.taken.Wait(ctx) == nil
}

// routePatiently routes a message, and waits for a full mailbox for as long as
// the link is patient.
func (c *Client) routePatiently(env *protocol.Envelope) error {
	err := c.route(env)
	l := c.link.Load()
	if l.patience == 0 || !errors.Is(err, ErrMailboxFull) {
		return err
	}
	l.patience--
	const most = 100 * time.Millisecond
	for pause, began := time.Millisecond, time.Now(); errors.Is(err, ErrMailboxFull) && time.Since(began) < longestWait; pause = min(2*pause, most) {
		time.Sleep(pause)
		err = c.route(env)
	}
	return err
}

// answered is the final answer to a message: an ack or an error.
type answered struct {
	action string
	body   json.RawMessage
}

// plainAck is the answer to most messages.
var plainAck = &answered{action: protocol.ActionAck}

// answers are the newest that a room has given to a member, so that a message
// which comes again is answered again and not handled again. When the member is
// removed, they go to its session.
type answers struct {
	acked  []uint64 // ids whose answer is the plainAck
	others []otherAnswer
	bytes  int // of the others
}

type otherAnswer struct {
	id    uint64
	reply *answered
}

// Bounds of what a room remembers for a member. Of plain acks it is as many as its
// session remembers messages.
const (
	keptOthers      = 64
	keptAnswerBytes = 64 << 10
)

func (a *answers) add(id uint64, reply *answered) {
	if reply == plainAck {
		if len(a.acked) == keptAsked {
			a.acked = slices.Delete(a.acked, 0, 1)
		}
		a.acked = append(a.acked, id)
		return
	}
	a.others = append(a.others, otherAnswer{id, reply})
	a.bytes += len(reply.body)
	for len(a.others) > keptOthers || a.bytes > keptAnswerBytes && len(a.others) > 1 {
		a.bytes -= len(a.others[0].reply.body)
		a.others = slices.Delete(a.others, 0, 1)
	}
}

// find returns the answer to an id, or nil.
func (a *answers) find(id uint64) *answered {
	if slices.Contains(a.acked, id) {
		return plainAck
	}
	for _, other := range slices.Backward(a.others) {
		if other.id == id {
			return other.reply
		}
	}
	return nil
}

// keep remembers an answer that the room gives to a session.
func (r *Room) keep(e *entry, action string, body json.RawMessage) {
	if e.id == 0 || e.client.session == nil || e.kind == entryAgain {
		return
	}
	reply := plainAck
	if action != protocol.ActionAck || len(body) > len("{}") {
		reply = &answered{action: action, body: body}
	}
	m := r.members[e.member]
	if m == nil {
		e.client.session.note(asked{id: e.id, reply: reply})
		return
	}
	if m.answers == nil {
		m.answers = &answers{}
	}
	m.answers.add(e.id, reply)
}

// handOver gives a member's answers to its session.
func (m *Member) handOver() {
	if m.answers == nil {
		return
	}
	for _, id := range m.answers.acked {
		m.client.session.note(asked{id: id, reply: plainAck})
	}
	for _, other := range m.answers.others {
		m.client.session.note(asked{id: other.id, reply: other.reply})
	}
	m.answers = nil
}

// answerAgain answers a message that has come before.
func (r *Room) answerAgain(e *entry) {
	if m := r.members[e.member]; m != nil && m.answers != nil {
		if known := m.answers.find(e.id); known != nil {
			r.reply(e, known.action, known.body)
			return
		}
	}
	e.client.answerAgain(e.id, e.action)
}

// answerAgain answers a message that has come before from what the session
// knows.
func (c *Client) answerAgain(id uint64, re string) {
	known, ok := c.session.recall(id)
	if !ok || known.room != nil {
		c.refuseStale(id, re, "was received, and its answer is not known any more")
		return
	}
	c.send(&protocol.Header{Action: known.reply.action, Ref: id, Re: re}, known.reply.body)
}
