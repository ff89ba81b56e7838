package client

import "github.com/DhruvikDonga/simplysocket/protocol"

// write is the goroutine that sends what waits.
func (l *link) write() {
	for l.await() {
		if l.pace.Wait(l.ctx) != nil {
			return
		}
		payload := l.next()
		if payload == nil {
			continue
		}
		if l.ws.WriteText(payload) != nil {
			return // Read finds out, and may find a close frame that says why
		}
	}
}

// await waits until there is something to send; false says that there will be
// nothing.
func (l *link) await() bool {
	c := l.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(l.again) == 0 && !c.outbox.ready() && !l.over && c.end == nil {
		c.toSend.Wait()
	}
	return !l.over && c.end == nil
}

// next encodes the message to send; nil if there is none after all.
func (l *link) next() []byte {
	c := l.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.over || c.end != nil {
		return nil
	}
	m := l.nextAgain()
	if m == nil {
		if !c.outbox.ready() {
			return nil
		}
		m = c.outbox.pop()
	}
	// A server that came back may take less than the one before.
	if err := m.check(c.session.Limits.MessageBytes); err != nil {
		delete(c.outbox.sent, m.header.ID)
		if m.again {
			err = unanswered(err)
		}
		c.settle(m, nil, err)
		return nil
	}
	return protocol.AppendEnvelope(nil, &m.header, m.body)
}

// nextAgain returns the next message to send again. What was answered
// meanwhile, by what the server had sent already, is passed over.
func (l *link) nextAgain() *message {
	for len(l.again) > 0 {
		m := l.again[0]
		l.again = l.again[1:]
		if l.conn.outbox.sent[m.header.ID] == m {
			return m
		}
	}
	return nil
}
