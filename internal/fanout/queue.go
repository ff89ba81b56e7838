package fanout

import "sync"

// queue is an outbox: the frames that wait for a connection, limited in number and bytes.
// It exists only while something waits.
type queue struct {
	rest    []byte   // comes first: the response to the handshake, the end of a frame cut by a partial write
	replay  []*Frame // come next, and count for nothing: their room keeps them anyway
	items   []item
	head    int
	frames  int // items that hold a frame
	bytes   int // of these frames, of rest, and of what is being written
	writing int // the part of bytes that the drain holds
}

// item is a frame, or the mark of a gap, or nothing (a frame that a newer one of its key
// has replaced).
type item struct {
	frame       *Frame
	gap         Stream
	first, last uint64
}

func (it *item) stream() Stream {
	if it.frame != nil {
		return it.frame.Stream
	}
	return it.gap
}

var queues = sync.Pool{New: func() any { return new(queue) }}

// keptItems is the largest item slice that returns to the pool.
const keptItems = 256

func (q *queue) release() {
	if cap(q.items) > keptItems {
		return
	}
	clear(q.items)
	*q = queue{items: q.items[:0]}
	queues.Put(q)
}

func (q *queue) empty() bool {
	return len(q.rest) == 0 && len(q.replay) == 0 && q.head == len(q.items)
}

// outcome is what happened to a frame that was offered to a queue.
type outcome struct {
	dropped  int
	overflow bool // the policy is to disconnect
}

// offer appends f, or follows its policy if it does not fit.
func (q *queue) offer(f *Frame, deflated bool, limits *Limits) outcome {
	size := len(f.bytes(deflated))
	if f.Key != "" {
		q.conflate(f, deflated)
	}
	if q.fits(size, limits) {
		q.append(f, size)
		return outcome{}
	}
	if f.Stream == nil {
		return outcome{overflow: true}
	}
	var o outcome
	switch f.Policy {
	case DropOldest:
		for !q.fits(size, limits) {
			if !q.dropOldest(f.Stream, deflated) {
				q.markGap(f)
				o.dropped++
				return o
			}
			o.dropped++
		}
		q.append(f, size)
	case DropNewest:
		q.markGap(f)
		o.dropped++
	case DropSilently:
		o.dropped++
	default:
		o.overflow = true
	}
	return o
}

func (q *queue) fits(size int, limits *Limits) bool {
	return q.frames < limits.Frames && q.bytes+size <= limits.Bytes
}

func (q *queue) append(f *Frame, size int) {
	q.compact()
	q.items = append(q.items, item{frame: f})
	q.frames++
	q.bytes += size
}

// compact moves the items to the front once half of the places are used up, so that a
// queue that never becomes empty does not grow.
func (q *queue) compact() {
	if q.head < 32 || q.head < len(q.items)/2 {
		return
	}
	n := copy(q.items, q.items[q.head:])
	clear(q.items[n:])
	q.items, q.head = q.items[:n], 0
}

// conflate removes the waiting frame of f's stream and key, if there is one. It closes the
// gap: with many keys and a connection that accepts nothing, empty places would otherwise
// outgrow the limit of frames.
func (q *queue) conflate(f *Frame, deflated bool) {
	for i := len(q.items) - 1; i >= q.head; i-- {
		elder := q.items[i].frame
		if elder != nil && elder.Key == f.Key && elder.Stream == f.Stream {
			q.forget(elder, deflated)
			q.remove(i)
			return
		}
	}
}

func (q *queue) remove(i int) {
	n := i + copy(q.items[i:], q.items[i+1:])
	q.items[n] = item{}
	q.items = q.items[:n]
}

func (q *queue) forget(f *Frame, deflated bool) {
	q.frames--
	q.bytes -= len(f.bytes(deflated))
}

// dropOldest turns the stream's oldest droppable frame into a gap, or into a part of the
// gap before it.
func (q *queue) dropOldest(s Stream, deflated bool) bool {
	before := -1 // the stream's item in front of the one looked at
	for i := q.head; i < len(q.items); i++ {
		it := &q.items[i]
		if it.stream() != s {
			continue
		}
		f := it.frame
		if f == nil || f.Policy != DropOldest {
			before = i
			continue
		}
		q.forget(f, deflated)
		if before >= 0 && q.items[before].gap != nil {
			q.items[before].last = f.Seq
			q.remove(i)
		} else {
			*it = item{gap: s, first: f.Seq, last: f.Seq}
		}
		return true
	}
	return false
}

// markGap records at the tail that f was dropped.
func (q *queue) markGap(f *Frame) {
	for i := len(q.items) - 1; i >= q.head; i-- {
		it := &q.items[i]
		if it.stream() != f.Stream {
			continue
		}
		if it.gap != nil {
			it.last = f.Seq
			return
		}
		break
	}
	q.compact()
	q.items = append(q.items, item{gap: f.Stream, first: f.Seq, last: f.Seq})
}

// lead writes p before everything that waits, but after what already leads.
func (q *queue) lead(p []byte) {
	q.rest = append(q.rest, p...)
	q.bytes += len(p)
}

// putBack puts what a write has left over before everything that arrived meanwhile: the
// rest of the frame that was cut, and the frames after it.
func (q *queue) putBack(rest []byte, frames []*Frame, deflated bool) {
	q.lead(rest)
	if len(frames) == 0 {
		return
	}
	items := make([]item, 0, len(frames)+len(q.items)-q.head)
	for _, f := range frames {
		items = append(items, item{frame: f})
		q.frames++
		q.bytes += len(f.bytes(deflated))
	}
	q.items, q.head = append(items, q.items[q.head:]...), 0
}

// take moves what is written next from the queue to dst, up to about limit bytes. These
// bytes count as waiting until the next take.
func (q *queue) take(dst []byte, limit int, deflated bool, owner Observer) []byte {
	q.bytes -= q.writing + len(q.rest)
	dst = append(dst, q.rest...)
	q.rest = nil
	for len(q.replay) > 0 && len(dst) < limit {
		dst = append(dst, q.replay[0].bytes(deflated)...)
		q.replay = q.replay[1:]
	}
	for q.head < len(q.items) && len(dst) < limit {
		it := q.items[q.head]
		q.items[q.head] = item{}
		q.head++
		switch {
		case it.frame != nil:
			q.forget(it.frame, deflated)
			dst = append(dst, it.frame.bytes(deflated)...)
		case it.gap != nil:
			dst = append(dst, it.gap.Gap(owner.Member(), it.first, it.last).plain...)
		}
	}
	q.writing = len(dst)
	q.bytes += q.writing
	return dst
}

// drop drops everything that waits, except the rest of a frame whose beginning the peer
// has: without it, the peer could read nothing more.
func (q *queue) drop() {
	clear(q.items)
	q.items, q.head, q.frames = q.items[:0], 0, 0
	q.replay = nil
	q.bytes = len(q.rest) + q.writing
}
