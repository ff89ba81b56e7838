package load

import (
	"net"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
)

// room is a room and its members.
type room struct {
	name    string
	members []*member // valid once there is a plan
}

// member is a client of the load: it sends to its room and records what it receives
// there.
type member struct {
	run    *Run
	number int
	room   *room
	seat   *client.Room // valid once it is in the room

	// Valid once there is a plan.

	turn  int // among all members
	place int // among those of the room

	// Of its callbacks.

	online bool
	left   time.Duration // when the connection was lost; 0: it is up

	mu       sync.Mutex   // guards everything below
	conn     *client.Conn // nil until it is in the room
	network  net.Conn     // the newest connection
	whole    bool         // it is up, and we have not broken it
	received []uint64     // a bit for each message of the room
	newest   stamp        // of those received, when the last was sent
	gaps     []gap
}

// gap is where the server reported missing messages: messages sent after all that were
// handled before one that we have, and before the next that we got.
type gap struct {
	after stamp
	until stamp // 0: nothing has arrived since
}

// receive takes a message of the room.
func (m *member) receive(message *client.Message) {
	r := m.run
	n, ours := r.template.read(message.Body)
	a := r.account.Load()
	if !ours || a == nil || n >= a.all || a.entries[n].handedOver() == 0 || a.sender(n).room != m.room {
		r.counts.foreign.Add(1)
		return
	}
	now := r.clock()
	counts := n >= a.warmup
	r.counts.received.Add(1)
	first, inOrder := m.note(&a.entries[n], a.index(n), now)
	switch {
	case !counts:
		return
	case !first:
		r.counts.doubled.Add(1)
		return
	case !inOrder:
		r.counts.disordered.Add(1)
	}
	r.counts.delivered.Add(1)
	r.latency.record(m.number, now-a.start-a.due(n))
}

// note marks a message as received. It is out of order if its answer came before a
// message was sent that has already arrived: a room handles the two in that order, and
// delivers to all members in the order of handling.
func (m *member) note(e *loggedMessage, index int, now time.Duration) (first, inOrder bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last := len(m.gaps) - 1; last >= 0 && m.gaps[last].until == 0 {
		m.gaps[last].until = after(now)
	}
	word, bit := &m.received[index/64], uint64(1)<<(index%64)
	if *word&bit != 0 {
		return false, true
	}
	*word |= bit
	answered := e.answered()
	inOrder = answered == 0 || answered >= m.newest
	m.newest = max(m.newest, e.handedOver())
	return true, inOrder
}

// noteGap marks where the server reported missing messages.
func (m *member) noteGap(client.Gap) {
	if m.run.counted() {
		m.run.counts.gaps.Add(1)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if last := len(m.gaps) - 1; last < 0 || m.gaps[last].until != 0 {
		m.gaps = append(m.gaps, gap{after: m.newest})
	}
}

// told reports whether the server reported that this missing message is missing. The
// caller holds the lock.
func (m *member) told(e *loggedMessage) bool {
	for _, g := range m.gaps {
		answered := e.answered()
		if (answered == 0 || answered >= g.after) && (g.until == 0 || e.handedOver() <= g.until) {
			return true
		}
	}
	return false
}

// notice records the state of the connection.
func (m *member) notice(state client.State) {
	r := m.run
	if m.online != (state == client.Online) {
		m.online = !m.online
		if m.online {
			r.counts.connected.Add(1)
		} else {
			r.counts.connected.Add(-1)
		}
	}
	m.mu.Lock()
	m.whole = m.online
	conn := m.conn
	m.mu.Unlock()
	if conn == nil || r.closing.Load() {
		return // it never entered its room, or leaves it as it should
	}
	switch state {
	case client.Closed:
		r.counts.ended.Add(1)
		r.failures.add(Ended, conn.Err())
	case client.Offline:
		m.left = r.clock()
	case client.Online:
		r.back(m, conn)
	}
}

// back records that a lost connection was replaced.
func (r *Run) back(m *member, conn *client.Conn) {
	if m.left == 0 || !r.counted() {
		return
	}
	r.counts.reconnects.Add(1)
	r.away.record(m.number, r.clock()-m.left)
	m.left = 0
	if !conn.Session().Resumed {
		r.counts.lostSessions.Add(1)
	}
}

// out records that the client has left a room.
func (m *member) out(reason client.LeaveReason) {
	m.mu.Lock()
	in := m.conn != nil
	m.mu.Unlock()
	if in && !m.run.closing.Load() {
		m.run.failures.add(Removed, removedBecause(reason))
	}
}
