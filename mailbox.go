package simplysocket

import (
	"encoding/json"
	"sync"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// item is what a mailbox holds: an entry of the room and its source, or a signal to the
// actor.
type item struct {
	entry  room.Entry
	source source
	signal signal // if not 0, there is no entry
}

// source is where an entry comes from, and what learns how it ended. It stays outside of
// the room, which works with values alone.
type source struct {
	client  *Client
	conn    *connection   // join, drop, resume: the connection
	pending *membership   // join, leave: the client's record of it
	call    chan<- answer // where RoomRef.Call waits
	charge  charge        // what the door has set aside for it
}

// awaitsReply reports whether the source learns how every entry of its kind ends.
func (s *source) awaitsReply() bool {
	return s.pending != nil || s.call != nil || s.charge.account != nil
}

// answer is the result of RoomRef.Call.
type answer struct {
	body json.RawMessage
	err  error
}

// signal is a message to an actor itself.
type signal uint8

const (
	signalWake    signal = iota + 1 // an alarm may be due, or output was released
	signalFlush                     // the flush interval has passed
	signalTrim                      // the history may hold frames that are too old
	signalRestore                   // a room of that name is stored
	signalRecord                    // a tape waits for its beginning
)

// size is what an item counts for in its mailbox, in bytes.
func (it *item) size() int { return len(it.entry.Body) + len(it.entry.Action) + itemOverhead }

// itemOverhead is about the size of an item without its body.
const itemOverhead = 256

func (it *item) bounded() bool { return it.entry.Bounded() }

// mailbox is a room's bounded queue of entries. They are handled by a goroutine that
// exists only while there is work: putting the first entry into an idle mailbox starts it.
type mailbox struct {
	maxEntries int
	maxBytes   int

	mu      sync.Mutex
	queue   *slab             // nil when nothing waits
	taken   *slab             // what is being handled; nil when nothing is
	entries int               // bounded entries that wait or are being handled
	bytes   int               // of these
	senders map[string]*share // whose they are; nil until it is half full
	puts    uint64            // items that were ever put
	running bool
	closed  bool
}

// share is what a sender has in a mailbox.
type share struct{ entries, bytes int }

// slab is a run of items. Slabs are pooled, so that an idle mailbox owns none and a busy
// one allocates none.
type slab struct{ entries []item }

var slabs = sync.Pool{New: func() any { return &slab{entries: make([]item, 0, 8)} }}

// keptEntries is the capacity of the largest slab that returns to the pool.
const keptEntries = 512

func (s *slab) release() {
	if cap(s.entries) > keptEntries {
		return
	}
	clear(s.entries)
	s.entries = s.entries[:0]
	slabs.Put(s)
}

// put appends an item. If start is true, the caller must run the room's turn.
func (m *mailbox) put(e *item) (start bool, err error) {
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
	m.puts++
	start = !m.running
	m.running = true
	return start, nil
}

// admit counts an item if there is a place for it and its sender has not used up its
// share. An item that is larger than the mailbox may have the mailbox to itself.
func (m *mailbox) admit(e *item) bool {
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
		m.senders[e.entry.Member] = m.shareOf(e.entry.Member).plus(e)
	}
	return true
}

// countSenders counts whose items are queued. Nobody needs that while the mailbox is less
// than half full.
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
				m.senders[e.entry.Member] = m.shareOf(e.entry.Member).plus(e)
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

func (s *share) plus(e *item) *share {
	s.entries++
	s.bytes += e.size()
	return s
}

// hasShare reports whether a sender may queue one more item. With n senders, each may use
// one part of n+1, so that one part is free for the next sender.
func (m *mailbox) hasShare(e *item) bool {
	s := m.shareOf(e.entry.Member)
	if s.entries == 0 {
		return true
	}
	parts := len(m.senders) + 1
	return s.entries < m.maxEntries/parts && s.bytes+e.size() <= m.maxBytes/parts
}

// take returns all queued items, or nil.
func (m *mailbox) take() *slab {
	m.mu.Lock()
	defer m.mu.Unlock()
	batch := m.queue
	m.queue, m.taken = nil, batch
	return batch
}

// rest ends the turn if nothing is queued: the next put starts a new one.
func (m *mailbox) rest() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = m.queue != nil
	return !m.running
}

// count is the number of items that were ever put.
func (m *mailbox) count() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.puts
}

// park ends the turn, although something may be queued: the next put starts a new one. It
// reports false if there was a put since the count was seen.
func (m *mailbox) park(seen uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = m.puts != seen
	return !m.running
}

// done frees the places of a handled batch.
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

func (m *mailbox) forget(e *item) {
	s := m.senders[e.entry.Member]
	if s == nil {
		return
	}
	s.entries--
	s.bytes -= e.size()
	if s.entries == 0 {
		delete(m.senders, e.entry.Member)
	}
}

// closeIfEmpty closes the mailbox unless something is queued.
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
