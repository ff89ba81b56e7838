package fanout

import (
	"runtime"
	"sync"
)

// Subscriber is one member's place in a group.
type Subscriber struct {
	Outlet *Outlet

	index  int32  // in Group.ports, while it is there
	joined bool   // during a batch that treats it apart: whether it is a member at the item reached
	batch  uint64 // that batch
	item   uint64 // the item that leaves this port out
	own    []*Frame
}

// Item is one step of a room's output: a frame for all members; for all except
// Subscribers; for Subscribers only, whether they are members or not; or the first of
// Subscribers entering or leaving.
type Item struct {
	Kind        Kind
	Frame       *Frame
	Subscribers []*Subscriber
}

// Kind of an [Item].
type Kind uint8

// The kinds.
const (
	All Kind = iota
	Except
	Only
	Enter
	Exit
)

// Group is the members of one room on this node. One goroutine at a time may use it. The
// zero value is an empty group.
type Group struct {
	subscribers []*Subscriber
	deflated    int // ports whose connection takes compressed frames
	batch       uint64
	item        uint64
}

// Len returns the number of members.
func (g *Group) Len() int { return len(g.subscribers) }

// batchState is what a batch needs while it is written; pooled, so that an idle group owns
// none.
type batchState struct {
	divergent []*Subscriber // treated on their own
	shared    []*Frame      // what everybody else gets
	plain     []byte
	deflated  []byte
	own       []byte
}

var batches = sync.Pool{New: func() any { return new(batchState) }}

// keptBytes is the largest join buffer that goes back to the pool.
const keptBytes = 256 << 10

func (b *batchState) release() {
	clear(b.divergent)
	clear(b.shared)
	b.divergent, b.shared = b.divergent[:0], b.shared[:0]
	if cap(b.plain)+cap(b.deflated)+cap(b.own) <= keptBytes {
		batches.Put(b)
	}
}

// Write writes a batch of output to the members, in order, and returns the number of
// deliveries. A member that enters, leaves, is excluded or gets a frame of its own gets
// its own sequence; all others get the same bytes.
func (g *Group) Write(items []Item) (deliveries int) {
	b := batches.Get().(*batchState)
	defer b.release()

	g.splitOff(b, items)
	g.deflate(items)
	if len(b.divergent) > 0 {
		deliveries += g.writeDivergent(b, items)
	}
	if len(b.shared) > 0 {
		deliveries += g.writeShared(b)
	}
	return deliveries
}

// splitOff finds the members that need their own sequence, updates the membership and
// collects the frames that all others get.
func (g *Group) splitOff(b *batchState, items []Item) {
	g.batch++
	for i := range items {
		it := &items[i]
		if it.Kind == All || it.Kind == Except {
			b.shared = append(b.shared, it.Frame)
		}
		for _, p := range it.Subscribers {
			if p.batch != g.batch {
				p.batch = g.batch
				p.joined = it.Kind != Enter && g.has(p)
				b.divergent = append(b.divergent, p)
			}
		}
		switch it.Kind {
		case Enter:
			g.add(it.Subscribers[0])
		case Exit:
			g.remove(it.Subscribers[0])
		case All, Except, Only:
		}
	}
}

func (g *Group) has(p *Subscriber) bool {
	return int(p.index) < len(g.subscribers) && g.subscribers[p.index] == p
}

func (g *Group) add(p *Subscriber) {
	p.index = int32(len(g.subscribers)) //nolint:gosec // a group has no 2^31 members
	g.subscribers = append(g.subscribers, p)
	if p.Outlet.conn.Deflate() {
		g.deflated++
	}
}

func (g *Group) remove(p *Subscriber) {
	if !g.has(p) {
		return
	}
	last := len(g.subscribers) - 1
	g.subscribers[p.index] = g.subscribers[last]
	g.subscribers[p.index].index = p.index
	g.subscribers[last] = nil
	g.subscribers = g.subscribers[:last]
	if p.Outlet.conn.Deflate() {
		g.deflated--
	}
	if last == 0 {
		g.subscribers = nil
	}
}

// deflate makes the compressed variants before anyone else sees the frames.
func (g *Group) deflate(items []Item) {
	if g.deflated > 0 {
		for i := range items {
			if f := items[i].Frame; f != nil && items[i].Kind != Only {
				f.deflate()
			}
		}
	}
	for i := range items {
		if items[i].Kind != Only {
			continue
		}
		for _, p := range items[i].Subscribers {
			if p.Outlet.conn.Deflate() {
				items[i].Frame.deflate()
				break
			}
		}
	}
}

// writeDivergent goes through the batch for the members that need their own sequence.
func (g *Group) writeDivergent(b *batchState, items []Item) (deliveries int) {
	for i := range items {
		it := &items[i]
		switch it.Kind {
		case All, Except:
			g.item++
			for _, p := range it.Subscribers {
				p.item = g.item
			}
			for _, p := range b.divergent {
				if p.joined && p.item != g.item {
					p.own = append(p.own, it.Frame)
				}
			}
		case Only:
			for _, p := range it.Subscribers {
				p.own = append(p.own, it.Frame)
			}
		case Enter:
			it.Subscribers[0].joined = true
		case Exit:
			it.Subscribers[0].joined = false
		}
	}
	for _, p := range b.divergent {
		if len(p.own) == 0 {
			continue
		}
		joined := join(&b.own, p.own, p.Outlet.conn.Deflate())
		p.Outlet.deliver(joined, p.own)
		deliveries += len(p.own)
		p.own = nil
	}
	return deliveries
}

// manySubscribers is the size from which the members are split over the processors. Below
// it, a second processor saves less than waking it costs.
const manySubscribers = 4096

// writeShared writes the frames that are for everyone without their own sequence.
func (g *Group) writeShared(b *batchState) (deliveries int) {
	plain := join(&b.plain, b.shared, false)
	deflated := plain
	if g.deflated > 0 {
		deflated = join(&b.deflated, b.shared, true)
	}
	if len(g.subscribers) < manySubscribers {
		g.writePart(0, 1, b.shared, plain, deflated)
	} else {
		g.writeSplit(b, plain, deflated)
	}
	return (len(g.subscribers) - g.countDivergent(b)) * len(b.shared)
}

// writeSplit has each processor write to a part of the members.
func (g *Group) writeSplit(b *batchState, plain, deflated []byte) {
	parts := runtime.GOMAXPROCS(0)
	var others sync.WaitGroup
	for part := 1; part < parts; part++ {
		others.Go(func() {
			g.writePart(part, parts, b.shared, plain, deflated)
		})
	}
	g.writePart(0, parts, b.shared, plain, deflated)
	others.Wait()
}

func (g *Group) countDivergent(b *batchState) (members int) {
	for _, p := range b.divergent {
		if g.has(p) {
			members++
		}
	}
	return members
}

func (g *Group) writePart(part, parts int, frames []*Frame, plain, deflated []byte) {
	first, end := part*len(g.subscribers)/parts, (part+1)*len(g.subscribers)/parts
	for _, p := range g.subscribers[first:end] {
		if p.batch == g.batch {
			continue
		}
		joined := plain
		if p.Outlet.conn.Deflate() {
			joined = deflated
		}
		p.Outlet.deliver(joined, frames)
	}
}

// join returns the bytes of the frames one after the other; for a single frame, its own
// bytes.
func join(buf *[]byte, frames []*Frame, deflated bool) []byte {
	if len(frames) == 1 {
		return frames[0].bytes(deflated)
	}
	*buf = (*buf)[:0]
	for _, f := range frames {
		*buf = append(*buf, f.bytes(deflated)...)
	}
	return *buf
}
