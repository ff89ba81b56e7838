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
	switch {
	case !ok:
		return false
	case known.room == nil:
		c.send(&protocol.Header{Action: known.reply.action, Ref: env.ID, Re: known.reply.re}, known.reply.body)
	case known.room.post(&entry{kind: entryAgain, member: c.id, id: env.ID, action: string(env.Action), client: c}) != nil:
		c.refuseStale(env, "was received, and its room has closed")
	}
	return true
}

// refuseStale refuses an id for good. It is no answer that is remembered: there
// may be a true one.
func (c *Client) refuseStale(env *protocol.Envelope, why string) {
	c.send(&protocol.Header{Action: protocol.ActionError, Ref: env.ID, Re: string(env.Action)}, errorBody(staleID(env.ID, why)))
}

func staleID(id uint64, why string) *Error {
	return newError(protocol.CodeStaleID, "id %d %s", id, why)
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
	return c.limiter.Wait(ctx) == nil
}

// routePatiently routes a message, and waits for a full mailbox for as long as
// the link is patient.
func (c *Client) routePatiently(env *protocol.Envelope) error {
	err := c.route(env)
	l := c.link.Load()
	for pause, waited := time.Millisecond, time.Duration(0); errors.Is(err, ErrMailboxFull) && l.patience > 0 && waited < longestWait; pause *= 2 {
		time.Sleep(min(pause, 100*time.Millisecond))
		waited += pause
		err = c.route(env)
	}
	return err
}

// answered is the final answer to a message: an ack or an error.
type answered struct {
	id     uint64
	re     string
	action string
	body   json.RawMessage
}

// answers is what a room knows of the messages of one session that it has
// handled, so that one which comes again is answered again and not handled
// again. It stays for a while after the member has left.
type answers struct {
	newest []answered
	at     time.Time // of the last
}

// keptAnswers is how many answers a room keeps of a session: more than a client
// has unanswered when its connection breaks.
const keptAnswers = 64

// keep remembers an answer that the room gives to a session.
func (r *Room) keep(e *entry, action string, body json.RawMessage) {
	if e.id == 0 || e.client.session == nil || e.kind == entryAgain {
		return
	}
	a := r.answers[e.member]
	if a == nil {
		if r.answers == nil {
			r.answers = map[string]*answers{}
		}
		a = &answers{}
		r.answers[e.member] = a
	}
	if len(a.newest) == keptAnswers {
		a.newest = slices.Delete(a.newest, 0, keptAnswers/4)
	}
	a.newest = append(a.newest, answered{id: e.id, re: e.reAction(), action: action, body: body})
	a.at = r.now
}

// answerAgain answers a message that has come before.
func (r *Room) answerAgain(e *entry) {
	if a := r.answers[e.member]; a != nil {
		for _, known := range slices.Backward(a.newest) {
			if known.id == e.id {
				e.action = known.re
				r.reply(e, known.action, known.body)
				return
			}
		}
	}
	r.reply(e, protocol.ActionError, errorBody(staleID(e.id, "was handled, and its answer is not known any more")))
}

// trimAnswers forgets what those have asked who are gone.
func (r *Room) trimAnswers() {
	for slug, a := range r.answers {
		if r.members[slug] == nil && r.now.Sub(a.at) >= historyAge {
			delete(r.answers, slug)
		}
	}
}
