package client

import (
	"errors"
	"time"
)

// run keeps the session connected until it is over.
func (c *Conn) run(l *link) {
	pauses := backoff{min: c.opts.MinBackoff, max: c.opts.MaxBackoff}
	for {
		select {
		case <-l.done:
		case <-c.ctx.Done():
			c.farewell = l.goodbye()
			c.finish(nil)
			return
		}
		pauses.lasted(time.Since(l.since))
		c.log.Info("connection lost", "client", c.ID(), "error", l.end)
		next, over := c.reconnect(l.end, &pauses)
		if next == nil {
			c.finish(over)
			return
		}
		l = next
	}
}

// reconnect tries until there is a connection again, or returns why there will be none;
// nil means Close.
func (c *Conn) reconnect(why error, pauses *backoff) (*link, *CloseError) {
	renewed := false
	for {
		pause := pauses.next()
		var refused *RefusedError
		if errors.As(why, &refused) {
			pause += refused.RetryAfter
		}
		after := c.decide(why)
		var closed *CloseError
		if errors.As(why, &closed) && (after == decideStop || after == decideReauthenticate && renewed) {
			return nil, closed
		}
		switch after {
		case decideReauthenticate:
			renewed = true
			c.dropSession(why)
		case decideBackOff:
			pause += backOffPause
			c.dropSession(why)
		case decideResume, decideStop:
		}
		if !sleep(c.ctx, pause) {
			c.farewell = ErrOffline
			return nil, nil
		}
		l, err := c.connect(c.ctx)
		if err == nil {
			return l, nil
		}
		c.log.Info("could not connect", "error", err)
		why = err
	}
}

// finish ends the session for every call that waits. nil means Close, which has recorded
// the reason.
func (c *Conn) finish(over *CloseError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.end = over
	}
	for _, m := range c.outbox.takeSent(every) {
		c.settle(m, nil, unanswered(c.end))
	}
	for _, m := range c.outbox.takeWaiting(every) {
		c.settle(m, nil, c.end)
	}
	c.setState(Closed)
	c.cancel()
	c.inbox.last = true
	c.wake()
	close(c.done)
}
