package simplysocket

import (
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// heartbeat is one wheel of slots for all clients, swept by one goroutine that
// exists only while there are clients. Each client is looked at twice per
// interval; a timer of its own would cost it 200 bytes.
type heartbeat struct {
	interval time.Duration

	mu      sync.Mutex
	slots   [beatSlots][]*link
	at      int // the slot swept last
	clients int
	stop    chan struct{} // ends the sweeping; nil while there are no clients
}

const beatSlots = 64

// pulse is what the heartbeat knows of a client. slot and index are guarded by
// the wheel's lock, the rest belongs to its goroutine.
type pulse struct {
	index    int32
	slot     uint8
	on       bool
	silent   uint8 // looks in a row at which nothing had been read
	quiet    uint8 // ... at which nothing had been written
	stuck    uint8 // ... at which the same message was incomplete
	stalled  uint8 // ... at which the same write was under way
	messages uint32
}

func (h *heartbeat) add(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.beat.slot, l.beat.index, l.beat.on = uint8(h.at), int32(len(h.slots[h.at])), true //nolint:gosec // there are 64 slots, and no 2^31 clients
	h.slots[h.at] = append(h.slots[h.at], l)
	h.clients++
	if h.clients == 1 {
		h.stop = make(chan struct{})
		go h.run(h.stop)
	}
}

func (h *heartbeat) remove(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !l.beat.on {
		return
	}
	l.beat.on = false
	slot := h.slots[l.beat.slot]
	last := slot[len(slot)-1]
	slot[l.beat.index], last.beat.index = last, l.beat.index
	slot[len(slot)-1] = nil
	h.slots[l.beat.slot] = slot[:len(slot)-1]
	h.clients--
	if h.clients == 0 {
		close(h.stop)
		h.stop = nil
	}
}

// run sweeps a slot at a time until there are no clients.
func (h *heartbeat) run(stop <-chan struct{}) {
	ticker := time.NewTicker(max(h.interval/2/beatSlots, time.Millisecond))
	defer ticker.Stop()
	var due []*link
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		h.mu.Lock()
		h.at = (h.at + 1) % beatSlots
		due = append(due[:0], h.slots[h.at]...)
		h.mu.Unlock()
		for _, l := range due {
			l.look()
		}
		clear(due)
	}
}

// How many looks, two per interval, a client may fail.
const (
	looksSilent = 2 // probed after the first: a half-open connection is found within two intervals
	looksStuck  = 4
)

// look is the heartbeat's sight of one client.
func (l *link) look() {
	b := &l.beat
	if l.conn.TakeActive() {
		b.silent = 0
	} else if b.silent++; b.silent >= looksSilent {
		_ = l.conn.Abort() // there is nobody to say goodbye to
		return
	} else {
		l.out.Ping()
	}
	if messages, partial := l.conn.Progress(); partial && messages == b.messages {
		b.stuck++
	} else {
		b.stuck, b.messages = 0, messages
	}
	if b.stuck >= looksStuck {
		l.client.endBy(l, ending{why: LeaveReasonDropped, code: protocol.ClosePolicy, reason: "a message took too long"})
		l.out.Close(uint16(protocol.ClosePolicy), "a message took too long")
		return
	}
	if !l.out.Stalled() {
		b.stalled = 0
	} else if b.stalled++; b.stalled >= looksStuck {
		_ = l.conn.Abort()
		return
	}
	l.keepAlive(b)
}

// keepAlive writes `heartbeat` to a v1 client in each interval in which nothing
// else was written: its code does not see pings.
func (l *link) keepAlive(b *pulse) {
	if !l.v1 {
		return
	}
	if !l.out.Quiet() {
		b.quiet = 0
		return
	}
	if b.quiet++; b.quiet < 2 {
		return
	}
	b.quiet = 0
	l.out.Send(encodeFrame(&protocol.Header{
		Action:         protocol.ActionHeartbeat,
		Target:         l.client.id,
		IsTargetClient: true,
		Sender:         l.srv.name,
	}, nil))
	l.out.Quiet() // the heartbeat itself does not count
}
