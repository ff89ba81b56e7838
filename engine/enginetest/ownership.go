package enginetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// call is a call of the host: Own, or Lose if why is set.
type call struct {
	partition int
	why       error
	after     time.Duration
	tenure    uint64 // give up if there has been another since; 0: take it from its owner
	done      bool
	err       error
}

// Take takes a partition from its owner and returns the error of Own.
func (m *Memory) Take(ctx context.Context, partition int) error {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	return m.take(ctx, partition)
}

// take is Take. store.mu is held.
func (m *Memory) take(ctx context.Context, partition int) error {
	if m.state != started {
		return engine.ErrClosed
	}
	if m.logs[partition] != nil && m.store.owners[partition] == m.logs[partition] {
		return nil
	}
	c := &call{partition: partition}
	m.callLater(c)
	m.callNow()
	if err := m.await(ctx, func() bool { return c.done || m.state != started }); err != nil {
		return err
	}
	if c.err == nil && m.state != started {
		return engine.ErrClosed
	}
	return c.err
}

// lose takes a log from the host, which is yet to be told. store.mu is held.
func (m *Memory) lose(l *log) {
	l.lost = true
	delete(m.logs, l.partition)
	m.stats.Taken++
}

// callLater has the host be called with callNow. Calls of Lose come before those of Own,
// since one may be of the same partition. store.mu is held.
func (m *Memory) callLater(c *call) {
	if m.state != started {
		return
	}
	i := len(m.calls)
	if c.why != nil {
		for i = 0; i < len(m.calls) && m.calls[i].why != nil; i++ {
		}
	}
	m.calls = slices.Insert(m.calls, i, c)
}

// callNow has the calls be made that are still to come. store.mu is held.
func (m *Memory) callNow() {
	if len(m.calls) > 0 && !m.calling {
		m.calling = true
		go m.callHost()
	}
}

// callHost calls the host until no call is left.
func (m *Memory) callHost() {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	for len(m.calls) > 0 {
		c := m.calls[0]
		m.calls = m.calls[1:]
		m.pause(c.after, func() bool { return m.state != started })
		switch {
		case m.state != started:
		case c.why != nil:
			m.store.mu.Unlock()
			m.host.Lose(c.partition, c.why)
			m.store.mu.Lock()
		default:
			m.own(c)
		}
		c.done = true
		m.signal()
	}
	m.calling = false
	m.signal()
}

// own gives the host a partition. store.mu is held.
func (m *Memory) own(c *call) {
	if held := m.logs[c.partition]; held != nil {
		if m.store.owners[c.partition] == held {
			return
		}
		m.lose(held) // to an owner that no commit has noticed yet
		m.store.mu.Unlock()
		m.host.Lose(c.partition, fencedError(c.partition))
		m.store.mu.Lock()
	}
	if m.state != started || c.tenure > 0 && m.store.tenures[c.partition] != c.tenure {
		return
	}
	l := &log{memory: m, partition: c.partition, rooms: map[string]*room{}}
	m.logs[c.partition] = l
	m.store.give(c.partition, l)
	m.stats.Owned++
	m.store.mu.Unlock()
	err := m.host.Own(c.partition, l)
	m.store.mu.Lock()
	if err == nil {
		return
	}
	c.err = fmt.Errorf("enginetest: partition %d: %w", c.partition, err)
	l.lost = true
	if m.logs[c.partition] == l {
		delete(m.logs, c.partition)
	}
	if m.store.owners[c.partition] == l {
		m.store.owners[c.partition] = nil
	}
}

func fencedError(partition int) error {
	return fmt.Errorf("enginetest: partition %d: %w", partition, engine.ErrFenced)
}
