package simplysocket

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// output is what a turn has yielded and not yet written, in order: frames with
// their audience and changes of the membership. What an entry adds stays
// revocable until the entry is released.
type output struct {
	items  []fanout.Item
	bytes  int
	keyed  int       // frames with a key that are not released yet; they stand last
	oldest time.Time // when the first of the items came
	after  []func()  // what else the current entry wants done once released

	// Of the message that is being sent: to make them anew for each takes two
	// allocations in place of none.
	body    []byte
	options sendOptions
}

var outputs = sync.Pool{New: func() any { return new(output) }}

// release gives back an output that was written.
func (o *output) release() {
	if cap(o.body) > keptEncoded {
		o.body = nil
	}
	o.options = sendOptions{}
	outputs.Put(o)
}

// A turn writes its output when nothing waits any more, or earlier at any of
// these bounds: they keep the first frame of a long turn from waiting for the
// last.
const (
	flushItems = 64
	flushBytes = 32 << 10
	flushAge   = time.Millisecond
)

func (o *output) due(now time.Time, age time.Duration) bool {
	return len(o.items) >= flushItems || o.bytes >= flushBytes ||
		len(o.items) > 0 && now.Sub(o.oldest) >= age
}

// mark is a point of the output that can be returned to.
type mark struct {
	items, bytes, keyed int
	seq                 uint64
}

func (r *Room) mark() mark {
	return mark{items: len(r.out.items), bytes: r.out.bytes, keyed: r.out.keyed, seq: r.seq}
}

// revoke takes back what the entry has yielded since m.
func (r *Room) revoke(m mark) {
	m.items = min(m.items, len(r.out.items)) // a turn that was cut off may have gone further back
	clear(r.out.items[m.items:])
	r.out.items = r.out.items[:m.items]
	r.out.bytes, r.out.keyed = m.bytes, m.keyed
	r.seq = m.seq
	r.out.after = nil
}

// after has f done when the current entry is released: kicks, timers, tasks
// and what goes to other rooms.
func (r *Room) after(f func()) { r.out.after = append(r.out.after, f) }

// release lets the output of the current entry go out, and does what the entry wants
// done beside. Its error is the runtime.Goexit of a hook on the way, which
// fails the entry as it does elsewhere.
func (r *Room) release() error {
	r.out.conflate()
	effects := r.out.after
	r.out.after = nil
	for _, f := range effects {
		f()
	}
	unwound := r.unwound
	r.unwound = nil
	return unwound
}

// conflate drops each frame that a released one of its key and audience replaces. It
// does not look past a member's exit: who has left does not get the newer frame.
func (o *output) conflate() {
	for ; o.keyed > 0; o.keyed-- {
		at := o.newest()
		it := &o.items[at]
		for i := at - 1; i >= 0 && o.items[i].Kind != fanout.Exit; i-- {
			if elder := &o.items[i]; elder.Frame != nil && elder.Frame.Key == it.Frame.Key && sameAudience(elder, it) {
				o.bytes -= elder.Frame.Len()
				o.items = slices.Delete(o.items, i, i+1)
				break // it has replaced its own elder
			}
		}
	}
}

// newest returns the first frame of the keyed ones that were not released yet.
func (o *output) newest() int {
	left := o.keyed
	for i := len(o.items) - 1; ; i-- {
		if f := o.items[i].Frame; f != nil && f.Key != "" {
			if left--; left == 0 {
				return i
			}
		}
	}
}

func sameAudience(a, b *fanout.Item) bool {
	return a.Kind == b.Kind && slices.Equal(a.Ports, b.Ports)
}

func (r *Room) emit(it fanout.Item) {
	if len(r.out.items) == 0 {
		r.out.oldest = r.now
	}
	r.out.items = append(r.out.items, it)
	if it.Frame != nil {
		r.out.bytes += it.Frame.Len()
		if it.Frame.Key != "" {
			r.out.keyed++
		}
	}
}

// flush writes the output to the members. Whoever hears of a change finds it in
// the listings.
func (r *Room) flush() {
	r.publish()
	r.out.flush(r)
}

func (o *output) flush(r *Room) {
	if len(o.items) == 0 {
		return
	}
	r.record(o.items)
	delivered := r.group.Write(o.items)
	r.srv.stats.deliveries.Add(uint64(delivered)) //nolint:gosec // a count
	clear(o.items)
	o.items, o.bytes, o.keyed = o.items[:0], 0, 0
}

// frame encodes a message of this room under the room's next number.
func (r *Room) frame(h *protocol.Header, body json.RawMessage) *fanout.Frame {
	r.seq++
	h.Seq = r.seq
	f := r.encode(h, body)
	f.Seq = r.seq
	return f
}

func (r *Room) encode(h *protocol.Header, body json.RawMessage) *fanout.Frame {
	if r.timestamps {
		h.Time = r.now.UnixMilli()
	}
	f := encodeFrame(h, body)
	f.Notice = protocol.ServerAction(h.Action)
	return f
}

// encodeOutgoing is the function of that name for what is sent in a turn: the body
// is valid until the next one.
func (r *Room) encodeOutgoing(action string, body any) (json.RawMessage, error) {
	encoded, err := appendOutgoing(r.out.body[:0], action, body)
	if err == nil {
		r.out.body = encoded
	}
	return encoded, err
}

// options are those of what is sent in a turn, valid until the next.
func (r *Room) options(opts []SendOption) *sendOptions {
	r.out.options = sendOptions{}
	r.out.options.apply(opts)
	return &r.out.options
}

// broadcast yields a frame for the members that o names.
func (r *Room) broadcast(action string, body json.RawMessage, o *sendOptions) {
	f := r.frame(&protocol.Header{Action: action, Target: r.name, Sender: r.sender(o)}, body)
	f.Stream = r.stream
	overflow := r.overflow
	if o.overflow != nil {
		overflow = *o.overflow
	}
	f.Policy, f.Key = overflow.policy(), o.key
	if overflow == ConflateByKey && f.Key == "" && !f.Notice { // one who left does not replace another
		f.Key = action + "\x00" + o.from
	}
	if o.volatile {
		f.Policy = fanout.DropSilently
	}
	switch {
	case o.toOnly:
		r.emit(fanout.Item{Kind: fanout.Only, Frame: f, Ports: r.ports(o.only, o.except)})
	case len(o.except) > 0:
		r.emit(fanout.Item{Kind: fanout.Except, Frame: f, Ports: r.ports(o.except, nil)})
	default:
		r.emit(fanout.Item{Kind: fanout.All, Frame: f})
	}
}

// ports are the places of the members among ids that are not in without.
func (r *Room) ports(ids, without []string) []*fanout.Port {
	ports := make([]*fanout.Port, 0, len(ids))
	taken := make(map[string]bool, len(ids)+len(without))
	for _, id := range without {
		taken[id] = true
	}
	for _, id := range ids {
		if m := r.members[id]; m != nil && !taken[id] {
			taken[id] = true
			ports = append(ports, &m.port)
		}
	}
	return ports
}

// direct yields a frame for one member alone.
func (r *Room) direct(m *Member, action string, body json.RawMessage, sender string) {
	f := r.frame(r.directHeader(m.ID(), action, sender), body)
	r.emit(fanout.Item{Kind: fanout.Only, Ports: []*fanout.Port{&m.port}, Frame: f})
}

func (r *Room) directHeader(to, action, sender string) *protocol.Header {
	return &protocol.Header{
		Action:         action,
		Target:         to,
		IsTargetClient: true,
		Sender:         sender,
		Room:           r.name,
	}
}

// reply yields the final answer to e: an ack or an error.
func (r *Room) reply(e *entry, action string, body json.RawMessage) {
	port := &fanout.Port{Outlet: e.client.link.Load().out}
	if m := r.members[e.member]; m != nil {
		port = &m.port
	}
	h := r.directHeader(e.member, action, r.srv.name)
	h.Ref, h.Re = e.id, e.reAction()
	r.keep(e, action, body)
	f := r.frame(h, body)
	f.Policy = fanout.DropSilently // by the history: what comes again is answered again
	r.emit(fanout.Item{Kind: fanout.Only, Frame: f, Ports: []*fanout.Port{port}})
}

// stream is the room's output as the outboxes know it: what a gap is made of.
type stream struct {
	room   string
	server string
	epoch  uint64
}

type gapBody struct {
	Epoch uint64 `json:"epoch"`
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
}

// Gap implements [fanout.Stream].
func (s *stream) Gap(member string, first, last uint64) *fanout.Frame {
	return encodeFrame(&protocol.Header{
		Action:         protocol.ActionGap,
		Target:         member,
		IsTargetClient: true,
		Sender:         s.server,
		Room:           s.room,
	}, mustEncode(gapBody{Epoch: s.epoch, From: first, To: last}))
}

// mustEncode encodes a body of the protocol's own, which is always an object.
func mustEncode(v any) json.RawMessage {
	body, err := protocol.MarshalObject(v)
	if err != nil {
		panic(err)
	}
	return body
}
