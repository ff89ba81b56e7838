package simplysocket

import (
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// heartbeat is one wheel of slots for all clients, swept by one goroutine that
// exists only while there are clients. Each client is looked at twice per
// interval; a timer of its own would cost it 200 bytes.
type heartbeat struct {
	interval time.Duration

	mu      sync.Mutex
	slots   [beatSlots][]*Client
	at      int // the slot swept last
	clients int
	stop    chan struct{} // ends the sweeping; nil while there are no clients
}

const beatSlots = 64

// pulse is what the heartbeat knows of a client. slot and index are guarded by
// the wheel's lock, the rest belongs to its goroutine.
type pulse struct {
	slot, index int
	on          bool
	silent      uint8 // looks in a row at which nothing had been read
	quiet       uint8 // ... at which nothing had been written
	stuck       uint8 // ... at which the same message was incomplete
	stalled     uint8 // ... at which the same write was under way
	messages    uint32
}

func (h *heartbeat) add(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.beat.slot, c.beat.index, c.beat.on = h.at, len(h.slots[h.at]), true
	h.slots[h.at] = append(h.slots[h.at], c)
	h.clients++
	if h.clients == 1 {
		h.stop = make(chan struct{})
		go h.run(h.stop)
	}
}

func (h *heartbeat) remove(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.beat.on {
		return
	}
	c.beat.on = false
	slot := h.slots[c.beat.slot]
	last := slot[len(slot)-1]
	slot[c.beat.index], last.beat.index = last, c.beat.index
	slot[len(slot)-1] = nil
	h.slots[c.beat.slot] = slot[:len(slot)-1]
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
	var due []*Client
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
		for _, c := range due {
			c.look()
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
func (c *Client) look() {
	b := &c.beat
	if c.conn.TakeActive() {
		b.silent = 0
	} else if b.silent++; b.silent >= looksSilent {
		_ = c.conn.CloseNow() // there is nobody to say goodbye to
		return
	} else {
		c.out.Ping()
	}
	if messages, partial := c.conn.Progress(); partial && messages == b.messages {
		b.stuck++
	} else {
		b.stuck, b.messages = 0, messages
	}
	if b.stuck >= looksStuck {
		c.end(Dropped)
		c.out.Close(uint16(protocol.ClosePolicy), "a message took too long")
		return
	}
	if !c.out.Stalled() {
		b.stalled = 0
	} else if b.stalled++; b.stalled >= looksStuck {
		_ = c.conn.CloseNow()
		return
	}
	c.keepAlive(b)
}

// keepAlive writes `heartbeat` to a v1 client in each interval in which nothing
// else was written: its code does not see pings.
func (c *Client) keepAlive(b *pulse) {
	if !c.v1 {
		return
	}
	if !c.out.Quiet() {
		b.quiet = 0
		return
	}
	if b.quiet++; b.quiet < 2 {
		return
	}
	b.quiet = 0
	c.out.Send(encodeFrame(&protocol.Header{
		Action:         protocol.ActionHeartbeat,
		Target:         c.id,
		IsTargetClient: true,
		Sender:         c.srv.name,
	}, nil))
	c.out.Quiet() // the heartbeat itself does not count
}

// encodeFrame encodes a message from outside any room.
func encodeFrame(h *protocol.Header, body []byte) *fanout.Frame {
	size := fanout.Reserve + len(body) + len(h.Action) + len(h.Target) + len(h.Sender) + frameOverhead
	return fanout.NewFrame(protocol.AppendEnvelope(make([]byte, fanout.Reserve, size), h, body))
}
