package simplysocket

import "sync"

// mailbox is a room's bounded inbox. Entries are handled by a goroutine that
// exists only while there is work: whoever puts the first entry into an idle
// mailbox starts it.
type mailbox struct {
	maxEntries int
	maxBytes   int

	mu      sync.Mutex
	queue   *slab // nil when nothing waits
	entries int   // bounded entries that wait or are being handled
	bytes   int   // of these
	running bool
	closed  bool
}

// slab is a run of entries. Slabs are pooled, so that an idle mailbox owns
// none and a busy one allocates none.
type slab struct{ entries []entry }

var slabs = sync.Pool{New: func() any { return &slab{entries: make([]entry, 0, 8)} }}

// keptEntries is the largest slab that goes back to the pool.
const keptEntries = 512

func (s *slab) release() {
	if cap(s.entries) > keptEntries {
		return
	}
	clear(s.entries)
	s.entries = s.entries[:0]
	slabs.Put(s)
}

// put appends e. With start it is up to the caller to run the room's turn.
func (m *mailbox) put(e *entry) (start bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, ErrRoomClosed
	}
	if e.bounded() {
		if m.entries >= m.maxEntries || m.bytes+e.size() > m.maxBytes && m.entries > 0 {
			return false, ErrMailboxFull
		}
		m.entries++
		m.bytes += e.size()
	}
	if m.queue == nil {
		m.queue = slabs.Get().(*slab)
	}
	m.queue.entries = append(m.queue.entries, *e)
	start = !m.running
	m.running = true
	return start, nil
}

// take returns all that waits, or nil.
func (m *mailbox) take() *slab {
	m.mu.Lock()
	defer m.mu.Unlock()
	batch := m.queue
	m.queue = nil
	return batch
}

// rest ends the turn if nothing waits: the next put starts a new one.
func (m *mailbox) rest() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = m.queue != nil
	return !m.running
}

// done gives the places of a handled batch free.
func (m *mailbox) done(batch *slab) {
	entries, bytes := 0, 0
	for i := range batch.entries {
		if e := &batch.entries[i]; e.bounded() {
			entries++
			bytes += e.size()
		}
	}
	batch.release()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries -= entries
	m.bytes -= bytes
}

// closeIfEmpty closes the mailbox unless something waits in it.
func (m *mailbox) closeIfEmpty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.queue != nil {
		return false
	}
	m.closed = true
	return true
}

func (m *mailbox) isEmpty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.queue == nil
}

func (m *mailbox) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}
