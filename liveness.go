package simplysocket

import (
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// heartbeats is one wheel of slots for all clients, swept by one goroutine that exists
// only while there are clients. Each client is checked twice per interval; a timer for
// each would cost 200 bytes per client.
type heartbeats struct {
	interval time.Duration

	mu      sync.Mutex
	slots   [beatSlots][]*connection
	at      int // the slot swept last
	clients int
	stop    chan struct{} // ends the sweeping; nil while there are no clients
}

const beatSlots = 64

// liveness is what the heartbeat knows about a client. slot and index are guarded by the
// wheel's lock; the rest belongs to its goroutine.
type liveness struct {
	index    int32
	slot     uint8
	on       bool
	silent   uint8 // looks in a row at which nothing had been read
	quiet    uint8 // ... at which nothing had been written
	stuck    uint8 // ... at which the same message was incomplete
	stalled  uint8 // ... at which the same write was under way
	messages uint32
}

func (h *heartbeats) add(conn *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	conn.liveness.slot, conn.liveness.index, conn.liveness.on = uint8(h.at), int32(len(h.slots[h.at])), true //nolint:gosec // there are 64 slots, and no 2^31 clients
	h.slots[h.at] = append(h.slots[h.at], conn)
	h.clients++
	if h.clients == 1 {
		h.stop = make(chan struct{})
		go h.run(h.stop)
	}
}

func (h *heartbeats) remove(conn *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !conn.liveness.on {
		return
	}
	conn.liveness.on = false
	slot := h.slots[conn.liveness.slot]
	last := slot[len(slot)-1]
	slot[conn.liveness.index], last.liveness.index = last, conn.liveness.index
	slot[len(slot)-1] = nil
	h.slots[conn.liveness.slot] = slot[:len(slot)-1]
	h.clients--
	if h.clients == 0 {
		close(h.stop)
		h.stop = nil
	}
}

// run sweeps a slot at a time until there are no clients.
func (h *heartbeats) run(stop <-chan struct{}) {
	ticker := time.NewTicker(max(h.interval/2/beatSlots, time.Millisecond))
	defer ticker.Stop()
	var due []*connection
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
		for _, conn := range due {
			conn.look()
		}
		clear(due)
	}
}

// How many looks, two per interval, a client may fail.
const (
	looksSilent = 2 // probed after the first: a half-open connection is found within two intervals
	looksStuck  = 4
)

// look checks one client.
func (conn *connection) look() {
	b := &conn.liveness
	if conn.ws.TakeActive() {
		b.silent = 0
	} else if b.silent++; b.silent >= looksSilent {
		_ = conn.ws.Abort() // there is nobody to say goodbye to
		return
	} else {
		conn.out.Ping()
	}
	if messages, partial := conn.ws.Progress(); partial && messages == b.messages {
		b.stuck++
	} else {
		b.stuck, b.messages = 0, messages
	}
	if b.stuck >= looksStuck {
		conn.client.endBy(conn, ending{why: LeaveReasonDropped, code: protocol.ClosePolicy, reason: "a message took too long"})
		conn.out.Close(uint16(protocol.ClosePolicy), "a message took too long")
		return
	}
	if !conn.out.Stalled() {
		b.stalled = 0
	} else if b.stalled++; b.stalled >= looksStuck {
		_ = conn.ws.Abort()
		return
	}
	conn.keepAlive(b)
}

// keepAlive writes `heartbeat` to a v1 client in each interval in which nothing else was
// written: its code does not see pings.
func (conn *connection) keepAlive(b *liveness) {
	if !conn.v1 {
		return
	}
	if !conn.out.Quiet() {
		b.quiet = 0
		return
	}
	if b.quiet++; b.quiet < 2 {
		return
	}
	b.quiet = 0
	conn.out.Send(conn.client.frame(&protocol.Header{Action: protocol.ActionHeartbeat}, nil))
	conn.out.Quiet() // the heartbeat itself does not count
}
