package simplysocket

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// What a client sends again after a resume is of two kinds. A message that was
// received before is answered as it was then and does not run again. One that was
// lost on its way is new; it is never refused for coming in a burst with others:
// its connection waits.

const (
	resendAllowance = keptAnswers      // messages after a resume that wait for a place
	longestWait     = 10 * time.Second // of one of them
)

// isDuplicate reports whether a message was received before, and if so, repeats its answer.
// It reports false for a new message, and for an id that is used twice on one connection.
func (c *Client) isDuplicate(env *protocol.Envelope) bool {
	if c.session == nil || env.ID == 0 {
		return false
	}
	conn := c.connection.Load()
	if env.ID <= conn.last {
		return false
	}
	conn.last = env.ID
	if env.ID > c.lastID {
		return false
	}
	re := string(env.Action)
	if re == protocol.ActionListRooms { // it changes nothing, and its answers are too large to remember
		if err := c.route(env); err != nil {
			c.sendError(wireError(err), re, env.ID)
		}
		return true
	}
	known, ok := c.session.recall(env.ID)
	switch {
	case !ok:
		return false
	case known.room == nil, known.room.post(&item{entry: room.Entry{Kind: room.KindDuplicate, Member: c.id, ID: env.ID, Action: re}, source: source{client: c}}) != nil:
		c.replayAnswer(env.ID, re)
	}
	return true
}

// refuseStale refuses an id for good. This is not remembered as an answer: there may be a
// real one.
func (c *Client) refuseStale(id uint64, re, why string) {
	c.send(&protocol.Header{Action: protocol.ActionError, Ref: id, Re: re}, errorBody(newError(protocol.CodeStaleID, "id %d %s", id, why)))
}

// routeOrWait routes a message. While the connection has an allowance for messages that
// are sent again, it waits for a place in a full mailbox and for its deliveries.
func (c *Client) routeOrWait(env *protocol.Envelope) error {
	passes := func(err error) bool { return errors.Is(err, ErrMailboxFull) || errors.Is(err, errTooManyDeliveries) }
	err := c.route(env)
	if passes(err) {
		c.waitFor(func() bool {
			err = c.route(env)
			return !passes(err)
		})
	}
	return err
}

// waitFor retries until try succeeds, as far as the connection's allowance goes, and
// reports whether it did. It gives up at once, together with the connection, if another
// connection wants the session: what was not accepted is sent again over that one.
func (c *Client) waitFor(try func() bool) bool {
	conn := c.connection.Load()
	if conn.resendAllowance == 0 {
		return false
	}
	conn.resendAllowance--
	const most = 100 * time.Millisecond
	for pause, began := time.Millisecond, time.Now(); time.Since(began) < longestWait; pause = min(2*pause, most) {
		time.Sleep(pause)
		if conn.gaveUp = c.session.wanted.Load() > 0; conn.gaveUp {
			return false
		}
		if try() {
			return true
		}
	}
	return false
}

// remember records the answer to a message, in case the message comes again.
func (c *Client) remember(id uint64, action string, body json.RawMessage) {
	switch {
	case c.session == nil:
	case action == protocol.ActionAck && len(body) <= len("{}"):
		c.session.answer(id, plainAck)
	default:
		c.session.answer(id, &answered{action: action, body: body})
	}
}

// replayAnswer answers, from outside of any room, a message that was received before.
func (c *Client) replayAnswer(id uint64, re string) {
	known, ok := c.session.recall(id)
	if !ok || known.reply == nil {
		c.refuseStale(id, re, "was received, and its answer is not known any more")
		return
	}
	c.send(&protocol.Header{Action: known.reply.action, Ref: id, Re: re}, known.reply.body)
}
