package enginetest

import (
	"context"
	"errors"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// Memory is an engine over a [Store]. It has goroutines only while there is something to
// do. In a test with testing/synctest it is made in the bubble.
type Memory struct {
	store   *Store
	options Options

	// Guarded by store.mu.
	host       engine.Host
	state      state
	logs       map[int]*log // those that the host owns, by partition
	waiting    []*write     // in the order in which they were appended
	unanswered int          // writes, without those that came after Close
	committing bool         // commits are made on a goroutine of their own
	answering  bool         // which calls done, one after the other
	calls      []*call      // of the host, still to come
	calling    bool         // the host is called on a goroutine of its own
	commits    uint64
	stats      Stats
	changed    chan struct{} // closed when any of the above has changed; nil: nobody waits
}

type state uint8

const (
	made state = iota
	started
	closing
	hurried // closing, and the context of Close has ended
	closed
	crashed
)

// NewMemory returns an engine over a store.
func NewMemory(store *Store, options *Options) *Memory {
	m := &Memory{store: store, logs: map[int]*log{}}
	if options != nil {
		m.options = *options
	}
	return m
}

// Start gives the host all partitions, and takes them from their owners. An engine on
// standby owns none until Take.
func (m *Memory) Start(ctx context.Context, host engine.Host) error {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	switch m.state {
	case made:
	case started:
		return errors.New("enginetest: started already")
	default:
		return engine.ErrClosed
	}
	m.state, m.host = started, host
	if m.options.Standby {
		return nil
	}
	for partition := range m.store.owners {
		if err := m.take(ctx, partition); err != nil {
			return err
		}
	}
	return nil
}

// Partition returns the partition of a room.
func (m *Memory) Partition(room string) int { return m.store.partition(room) }

// Close waits until all that was appended is answered and gives the partitions up.
func (m *Memory) Close(ctx context.Context) error {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if m.state >= closed {
		return nil
	}
	m.state, m.calls = closing, nil
	m.signal()
	err := m.await(ctx, func() bool { return m.unanswered == 0 && !m.calling || m.state >= closed })
	if err != nil {
		m.state = hurried
		m.signal()
		_ = m.await(context.Background(), func() bool { return m.unanswered == 0 || m.state >= closed })
	}
	m.end(closed)
	return err
}

// Crash ends the engine as the end of its process does. Of what was appended to a room and
// is not answered, a random part at the end is lost. What was answered with nil is not.
// After Crash has returned, no call of done or of the host begins. Like Close, it is not
// to be called by any of them.
func (m *Memory) Crash() {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if m.state >= closed {
		return
	}
	m.crash()
	m.end(crashed)
	_ = m.await(context.Background(), func() bool { return !m.committing })
}

// end is the end of the engine. store.mu is held.
func (m *Memory) end(state state) {
	if m.state >= closed {
		return
	}
	m.state = state
	for partition, l := range m.logs {
		if m.store.owners[partition] == l {
			m.store.owners[partition] = nil
		}
	}
	m.logs, m.calls = nil, nil
	m.signal()
}

// signal wakes all that wait for a change. store.mu is held.
func (m *Memory) signal() {
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// await waits until ready is true, or ctx ends. store.mu is held, but not while it waits.
func (m *Memory) await(ctx context.Context, ready func() bool) error {
	for !ready() {
		if m.changed == nil {
			m.changed = make(chan struct{})
		}
		changed := m.changed
		m.store.mu.Unlock()
		var err error
		select {
		case <-changed:
		case <-ctx.Done():
			err = ctx.Err()
		}
		m.store.mu.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}

// pause waits for a time, or until stop is true. store.mu is held, but not while it waits.
func (m *Memory) pause(d time.Duration, stop func() bool) {
	if d <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	_ = m.await(ctx, stop)
}
