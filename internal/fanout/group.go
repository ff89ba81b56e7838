package fanout

import (
	"runtime"
	"sync"
)

// Port is one member's place in a group.
type Port struct {
	Outlet *Outlet

	index  int32  // in Group.ports, while it is there
	inside bool   // during a batch that treats it apart: whether it is a member at the item reached
	batch  uint64 // that batch
	item   uint64 // the item that leaves this port out
	own    []*Frame
}

// Item is one step of a room's output. The kinds are: a frame for all members;
// for all except Ports; for Ports only, whether they are members or not; and
// the coming and going of the first of Ports.
type Item struct {
	Kind  Kind
	Frame *Frame
	Ports []*Port
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

// Group is the members of one room on this node. It is used by one goroutine at
// a time: the one that runs the room's turn. The zero value is an empty group.
type Group struct {
	ports    []*Port
	deflated int // ports whose connection takes compressed frames
	batch    uint64
	item     uint64
}

// Len is the number of ports.
func (g *Group) Len() int { return len(g.ports) }

// batchState is what a batch needs while it is written; pooled, so that a group
// which is idle owns nothing.
type batchState struct {
	apart    []*Port  // treated on their own
	shared   []*Frame // what everybody else gets
	plain    []byte
	deflated []byte
	own      []byte
}

var batches = sync.Pool{New: func() any { return new(batchState) }}

// keptBytes is the largest join buffer that goes back to the pool.
const keptBytes = 256 << 10

func (b *batchState) release() {
	clear(b.apart)
	clear(b.shared)
	b.apart, b.shared = b.apart[:0], b.shared[:0]
	if cap(b.plain)+cap(b.deflated)+cap(b.own) <= keptBytes {
		batches.Put(b)
	}
}

// Write takes a batch of output to the members, in its order, and returns the
// number of deliveries. Whoever enters, leaves, is left out or gets a frame of
// its own is written its own sequence; all the others get the same bytes.
func (g *Group) Write(items []Item) (deliveries int) {
	b := batches.Get().(*batchState)
	defer b.release()

	g.setApart(b, items)
	g.deflate(items)
	if len(b.apart) > 0 {
		deliveries += g.writeApart(b, items)
	}
	if len(b.shared) > 0 {
		deliveries += g.writeShared(b)
	}
	return deliveries
}

// setApart finds the ports that need a sequence of their own, updates the
// membership and collects the frames that all the others get.
func (g *Group) setApart(b *batchState, items []Item) {
	g.batch++
	for i := range items {
		it := &items[i]
		if it.Kind == All || it.Kind == Except {
			b.shared = append(b.shared, it.Frame)
		}
		for _, p := range it.Ports {
			if p.batch != g.batch {
				p.batch = g.batch
				p.inside = it.Kind != Enter && g.has(p)
				b.apart = append(b.apart, p)
			}
		}
		switch it.Kind {
		case Enter:
			g.add(it.Ports[0])
		case Exit:
			g.remove(it.Ports[0])
		case All, Except, Only:
		}
	}
}

func (g *Group) has(p *Port) bool { return int(p.index) < len(g.ports) && g.ports[p.index] == p }

func (g *Group) add(p *Port) {
	p.index = int32(len(g.ports)) //nolint:gosec // a group has no 2^31 members
	g.ports = append(g.ports, p)
	if p.Outlet.conn.Deflate() {
		g.deflated++
	}
}

func (g *Group) remove(p *Port) {
	if !g.has(p) {
		return
	}
	last := len(g.ports) - 1
	g.ports[p.index] = g.ports[last]
	g.ports[p.index].index = p.index
	g.ports[last] = nil
	g.ports = g.ports[:last]
	if p.Outlet.conn.Deflate() {
		g.deflated--
	}
	if last == 0 {
		g.ports = nil
	}
}

// deflate makes the compressed variants before anybody else sees the frames.
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
		for _, p := range items[i].Ports {
			if p.Outlet.conn.Deflate() {
				items[i].Frame.deflate()
				break
			}
		}
	}
}

// writeApart walks through the batch for the ports that need it.
func (g *Group) writeApart(b *batchState, items []Item) (deliveries int) {
	for i := range items {
		it := &items[i]
		switch it.Kind {
		case All, Except:
			g.item++
			for _, p := range it.Ports {
				p.item = g.item
			}
			for _, p := range b.apart {
				if p.inside && p.item != g.item {
					p.own = append(p.own, it.Frame)
				}
			}
		case Only:
			for _, p := range it.Ports {
				p.own = append(p.own, it.Frame)
			}
		case Enter:
			it.Ports[0].inside = true
		case Exit:
			it.Ports[0].inside = false
		}
	}
	for _, p := range b.apart {
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

// manyPorts is from where on the members are split over the processors. Below,
// what a second processor saves is less than what waking it costs.
const manyPorts = 4096

// writeShared writes the frames that are for everybody who was not treated
// apart.
func (g *Group) writeShared(b *batchState) (deliveries int) {
	plain := join(&b.plain, b.shared, false)
	deflated := plain
	if g.deflated > 0 {
		deflated = join(&b.deflated, b.shared, true)
	}
	if len(g.ports) < manyPorts {
		g.writePart(0, 1, b.shared, plain, deflated)
	} else {
		g.writeSplit(b, plain, deflated)
	}
	return (len(g.ports) - g.apart(b)) * len(b.shared)
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

func (g *Group) apart(b *batchState) (members int) {
	for _, p := range b.apart {
		if g.has(p) {
			members++
		}
	}
	return members
}

func (g *Group) writePart(part, parts int, frames []*Frame, plain, deflated []byte) {
	first, end := part*len(g.ports)/parts, (part+1)*len(g.ports)/parts
	for _, p := range g.ports[first:end] {
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

// join returns the bytes of frames one after the other; a single frame's own
// bytes where there is only one.
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
