package simplysocket

import "sync"

// mailbox is a room's bounded inbox. Entries are handled by a goroutine that
// exists only while there is work: whoever puts the first entry into an idle
// mailbox starts it.
type mailbox struct {
	maxEntries int
	maxBytes   int

	mu      sync.Mutex
	queue   *slab             // nil when nothing waits
	taken   *slab             // what is being handled; nil when nothing is
	entries int               // bounded entries that wait or are being handled
	bytes   int               // of these
	senders map[string]*share // whose they are; nil until it is half full
	running bool
	closed  bool
}

// share is what a sender has in a mailbox.
type share struct{ entries, bytes int }

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
	if e.bounded() && !m.admit(e) {
		return false, ErrMailboxFull
	}
	if m.queue == nil {
		m.queue = slabs.Get().(*slab)
	}
	m.queue.entries = append(m.queue.entries, *e)
	start = !m.running
	m.running = true
	return start, nil
}

// admit counts an entry, if there is a place for it and its sender has not more than
// its share. An entry that is larger than the mailbox has it for itself.
func (m *mailbox) admit(e *entry) bool {
	if m.entries >= m.maxEntries || m.bytes+e.size() > m.maxBytes && m.entries > 0 {
		return false
	}
	if 2*m.entries >= m.maxEntries || 2*m.bytes >= m.maxBytes {
		m.countSenders()
		if !m.hasShare(e) {
			return false
		}
	}
	m.entries++
	m.bytes += e.size()
	if m.senders != nil {
		m.senders[e.member] = m.shareOf(e.member).plus(e)
	}
	return true
}

// countSenders finds out whose the entries are. Below half of a mailbox nobody asks,
// and so nobody counts.
func (m *mailbox) countSenders() {
	if m.senders != nil {
		return
	}
	m.senders = map[string]*share{}
	for _, s := range []*slab{m.taken, m.queue} {
		if s == nil {
			continue
		}
		for i := range s.entries {
			if e := &s.entries[i]; e.bounded() {
				m.senders[e.member] = m.shareOf(e.member).plus(e)
			}
		}
	}
}

func (m *mailbox) shareOf(sender string) *share {
	if s := m.senders[sender]; s != nil {
		return s
	}
	return &share{}
}

func (s *share) plus(e *entry) *share {
	s.entries++
	s.bytes += e.size()
	return s
}

// hasShare reports whether a sender may have one entry more. With n senders each may
// have one part of n+1, so that one part is free for who comes next.
func (m *mailbox) hasShare(e *entry) bool {
	s := m.shareOf(e.member)
	if s.entries == 0 {
		return true
	}
	parts := len(m.senders) + 1
	return s.entries < m.maxEntries/parts && s.bytes+e.size() <= m.maxBytes/parts
}

// take returns all that waits, or nil.
func (m *mailbox) take() *slab {
	m.mu.Lock()
	defer m.mu.Unlock()
	batch := m.queue
	m.queue, m.taken = nil, batch
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
	m.mu.Lock()
	for i := range batch.entries {
		if e := &batch.entries[i]; e.bounded() {
			m.entries--
			m.bytes -= e.size()
			m.forget(e)
		}
	}
	m.taken = nil
	if 4*m.entries < m.maxEntries && 4*m.bytes < m.maxBytes {
		m.senders = nil
	}
	m.mu.Unlock()
	batch.release()
}

func (m *mailbox) forget(e *entry) {
	s := m.senders[e.member]
	if s == nil {
		return
	}
	s.entries--
	s.bytes -= e.size()
	if s.entries == 0 {
		delete(m.senders, e.member)
	}
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
