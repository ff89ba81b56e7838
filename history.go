package simplysocket

import (
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// history is a room's newest output, for members whose connection breaks or who
// ask for it. It shares the frames with those who received them, and there is
// none where nobody could want it.
type history struct {
	kept    []keptFrame // from head on
	head    int
	bytes   int
	evicted uint64 // seq of the newest frame that is gone
	trim    *alarm // nil while nothing is kept
}

// keptFrame is a frame with its audience.
type keptFrame struct {
	item fanout.Item
	at   time.Time
}

// record keeps what was written, in its order. Volatile frames and answers are
// not kept: the ones may be lost, and the others are given again.
func (r *Room) record(items []fanout.Item) {
	if len(r.members) == 0 || r.sessions == 0 && !r.showsHistory() || r.phase >= phaseClosing {
		r.history.evicted = r.seq
		return
	}
	h := &r.history
	for _, it := range items {
		if it.Frame == nil || it.Frame.Policy == fanout.DropSilently {
			continue
		}
		if r.isLobby {
			h.evicted = it.Frame.Seq
			continue
		}
		h.kept = append(h.kept, keptFrame{it, r.now})
		h.bytes += it.Frame.Len()
	}
	o := &r.srv.opts
	h.evict(len(h.live()) - o.HistoryMessages)
	over := 0
	for bytes := h.bytes; bytes > o.HistoryBytes; over++ {
		bytes -= h.live()[over].item.Frame.Len()
	}
	h.evict(over)
	if len(h.live()) > 0 && h.trim == nil {
		h.trim = r.alarm(o.HistoryAge, entry{kind: entryTrim})
	}
}

func (h *history) live() []keptFrame { return h.kept[h.head:] }

// evict forgets the oldest n. Their places are closed up when they are half of
// all: a room that is busy forgets one for each that it keeps.
func (h *history) evict(n int) {
	if n <= 0 {
		return
	}
	gone := h.live()[:n]
	for _, k := range gone {
		h.bytes -= k.item.Frame.Len()
	}
	h.evicted = gone[n-1].item.Frame.Seq
	clear(gone)
	if h.head += n; h.head >= len(h.kept)/2 {
		live := copy(h.kept, h.live())
		clear(h.kept[live:])
		h.kept, h.head = h.kept[:live], 0
	}
}

// trimHistory forgets what is too old.
func (r *Room) trimHistory() {
	h := &r.history
	h.trim = nil
	age, old := r.srv.opts.HistoryAge, 0
	for old < len(h.live()) && r.now.Sub(h.live()[old].at) >= age {
		old++
	}
	h.evict(old)
	if len(h.live()) > 0 {
		h.trim = r.alarm(age-r.now.Sub(h.live()[0].at), entry{kind: entryTrim})
	} else {
		h.kept, h.head = nil, 0
	}
}

// missed returns the frames behind since that a member was entitled to, and the
// end of the gap before them, or 0.
func (h *history) missed(p *fanout.Port, since uint64) (frames []*fanout.Frame, gapTo uint64) {
	if since < h.evicted {
		since, gapTo = h.evicted, h.evicted
	}
	newest := map[string]bool{} // keys of which a newer frame was seen
	for _, k := range slices.Backward(h.live()) {
		f := k.item.Frame
		if f.Seq <= since {
			break
		}
		if !entitled(&k.item, p) || f.Key != "" && newest[f.Key] {
			continue
		}
		if f.Key != "" {
			newest[f.Key] = true
		}
		frames = append(frames, f)
	}
	slices.Reverse(frames)
	return frames, gapTo
}

func entitled(it *fanout.Item, p *fanout.Port) bool {
	switch it.Kind {
	case fanout.All:
		return true
	case fanout.Except:
		return !slices.Contains(it.Ports, p)
	default:
		return slices.Contains(it.Ports, p)
	}
}

// drop notes that a member's connection has broken.
func (r *Room) drop(e *entry) {
	m := r.members[e.member]
	if m == nil || m.away || m.port.Outlet != e.link.out {
		return
	}
	m.away = true
	r.stir(m)
	r.emit(fanout.Item{Kind: fanout.Exit, Ports: []*fanout.Port{&m.port}})
	if r.onDrop != nil {
		r.hook("OnDrop", func() error { return r.onDrop(m) })
	}
}

// resume has a member go on over another connection, with what it has missed.
func (r *Room) resume(e *entry) {
	m := r.members[e.member]
	switch {
	case e.client.link.Load() != e.link: // it has come back once more since
		return
	case m == nil:
		if e.seen[0] != 0 && !r.isLobby { // it does not know yet that it is out
			e.link.out.Replay([]*fanout.Frame{e.client.leftFrame(r.name, e.client.session.whyGone(r.name))})
		}
		return
	}
	m.identity = e.client.identity.Load()
	if m.port.Outlet == e.link.out && !m.away {
		return // it has joined over this connection
	}
	r.emit(fanout.Item{Kind: fanout.Exit, Ports: []*fanout.Port{&m.port}})
	r.flush()
	r.before = r.mark()
	m.port.Outlet = e.link.out
	frames, restart := r.missed(m, e.seen)
	m.port.Outlet.Replay(frames)
	r.emit(fanout.Item{Kind: fanout.Enter, Ports: []*fanout.Port{&m.port}})
	if restart {
		notice := r.reserveNotice()
		r.fillNotice(notice, &Join{Member: m})
		m.since = notice.seq - 1
	}
	back := m.away
	m.away = false
	if back {
		r.stir(m)
	}
	if back && r.onResume != nil {
		r.hook("OnResume", func() error { return r.onResume(m) })
	}
}

// missed returns what a member that has seen so much is sent when it comes back. It
// reports a restart where the member has to count again from a `joined-room` that
// history does not hold: its own of this opening, or that of a position which the
// room never reached.
func (r *Room) missed(m *Member, seen [2]uint64) (frames []*fanout.Frame, restart bool) {
	epoch, since := seen[0], m.since
	lost := epoch != 0 && epoch != r.stream.epoch
	switch {
	case r.isLobby:
	case epoch == r.stream.epoch && seen[1] > r.seq:
		return []*fanout.Frame{r.epochGap(m, epoch)}, true
	case lost && r.history.evicted > m.since:
		return []*fanout.Frame{r.epochGap(m, epoch)}, true
	}
	if epoch == r.stream.epoch {
		since = max(since, seen[1])
	}
	frames, gapTo := r.history.missed(&m.port, since)
	if gapTo > 0 {
		frames = slices.Insert(frames, 0, r.stream.Gap(m.ID(), since+1, gapTo))
	}
	if lost {
		frames = slices.Insert(frames, 0, r.epochGap(m, epoch))
	}
	return frames, false
}

type epochBody struct {
	Epoch uint64 `json:"epoch"`
}

// epochGap says that all of an earlier opening which the member has not seen is
// lost.
func (r *Room) epochGap(m *Member, epoch uint64) *fanout.Frame {
	return encodeFrame(&protocol.Header{
		Action:         protocol.ActionGap,
		Target:         m.ID(),
		IsTargetClient: true,
		Sender:         r.srv.name,
		Room:           r.name,
	}, mustEncode(epochBody{Epoch: epoch}))
}

// forgetMember forgets what was kept for a member to come back to or to ask for, once
// there is nobody else who could.
func (r *Room) forgetMember(m *Member) {
	if m.client.session != nil {
		r.sessions--
	}
	if len(r.members) == 0 || r.sessions == 0 && !r.showsHistory() {
		r.forgetHistory()
	}
}

func (r *Room) forgetHistory() {
	if r.history.trim != nil {
		r.history.trim.stop()
	}
	r.history = history{evicted: r.seq}
}

// historyAccess is what members may ask for of what is kept.
func (r *Room) historyAccess() HistoryAccess {
	switch {
	case r.isLobby:
		return HistoryNone
	case r.shown != nil:
		return *r.shown
	case r.relaying:
		return HistoryAll
	default:
		return HistoryNone
	}
}

func (r *Room) showsHistory() bool { return r.historyAccess() != HistoryNone }

type historyPage struct {
	Epoch    uint64            `json:"epoch"`
	Messages []json.RawMessage `json:"messages"`
	Next     uint64            `json:"next,omitempty"`
	Complete bool              `json:"complete"`
}

// tellHistory answers a member with the newest of what the application has said
// before a position, as far as the member may see it, oldest first.
func (r *Room) tellHistory(e *entry) (json.RawMessage, error) {
	m := r.members[e.member]
	if m == nil {
		return nil, r.notAMember()
	}
	since := m.since
	switch r.historyAccess() {
	case HistoryAll:
		since = 0
	case HistorySinceJoin:
	default:
		return nil, newError(protocol.CodeForbidden, "room %q does not show its history", r.name)
	}
	var before uint64
	if err := readParams(e.body, params{"before": &before}); err != nil {
		return nil, err
	}
	r.flush() // what waits is said already
	r.before = r.mark()
	page := historyPage{Epoch: r.stream.epoch, Messages: []json.RawMessage{}}
	frames, _ := r.history.missed(&m.port, since)
	frames = slices.DeleteFunc(frames, func(f *fanout.Frame) bool { return f.Notice })
	if before != 0 {
		frames = frames[:sort.Search(len(frames), func(i int) bool { return frames[i].Seq >= before })]
	}
	first := len(frames)
	for size := 0; first > 0 && len(frames)-first < pageItems; first-- {
		size += len(frames[first-1].Payload())
		if size > pageBytes && first < len(frames) {
			break
		}
	}
	for _, f := range frames[first:] {
		page.Messages = append(page.Messages, f.Payload())
	}
	if first > 0 {
		page.Next = frames[first].Seq
	} else {
		page.Complete = r.history.evicted <= since
	}
	return mustEncode(page), nil
}
