package room

import (
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/ring"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// quoteHistory checks what a member asks for of the history. The page itself is made
// where the history is kept.
func (m *Machine) quoteHistory(e *Entry) error {
	member := m.order.find(e.Member)
	if member == nil {
		return m.notAMember()
	}
	access := m.History()
	if access == HistoryNone {
		return Errorf(protocol.CodeForbidden, "room %q does not show its history", m.cfg.Name)
	}
	var before uint64
	if err := ReadParams(e.Body, Params{"before": &before}); err != nil {
		return err
	}
	if e.ID == 0 {
		return nil
	}
	it := m.answering(e)
	it.Kind, it.Action, it.Before, it.Since = ItemPage, protocol.ActionAck, before, access == HistorySinceJoin
	m.emit(&it)
	return nil
}

// History is a room's newest frames with their audience, for members who resume or ask
// for them. F is the form in which frames are kept. The zero value is empty.
type History[F any] struct {
	kept    ring.Ring[Kept[F]]
	bytes   int
	newest  uint64 // seq of the newest frame that was taken
	evicted uint64 // seq of the newest frame that is gone
}

// Kept is a frame in a [History].
type Kept[F any] struct {
	Kind    ItemKind // of a frame
	Notice  bool
	Seq     uint64
	Key     string
	Numbers []uint64
	Size    int // in bytes
	At      time.Time
	Frame   F
}

// HistoryLimits bound a [History].
type HistoryLimits struct {
	Messages int
	Bytes    int
	Age      time.Duration
}

// Take takes the next frame of the room, and keeps it with a copy of its audience. What may
// be lost is not kept; an answer is given again.
func (h *History[F]) Take(it *Item, frame F, size int, at time.Time, limits *HistoryLimits) {
	h.newest = max(h.newest, it.Seq)
	if !it.Silent {
		h.Add(Kept[F]{
			Kind: it.Kind, Notice: it.Notice, Seq: it.Seq, Key: it.Key, Numbers: slices.Clone(it.Numbers),
			Size: size, At: at, Frame: frame,
		}, limits)
	}
}

// Pass takes the next frame of the room while nobody could want it later.
func (h *History[F]) Pass(it *Item) {
	h.newest = max(h.newest, it.Seq)
	h.Forget()
}

// Forget keeps nothing of what was taken.
func (h *History[F]) Forget() { h.Skip(h.newest) }

// Add keeps a frame, and evicts what is over the limits of number and size.
func (h *History[F]) Add(k Kept[F], limits *HistoryLimits) {
	h.kept.Push(k)
	h.bytes += k.Size
	for h.kept.Len() > 0 && (h.kept.Len() > limits.Messages || h.bytes > limits.Bytes) {
		h.pop()
	}
}

func (h *History[F]) pop() {
	k := h.kept.Pop()
	h.bytes -= k.Size
	h.evicted = k.Seq
}

// Skip notes that the frames up to seq are not kept, and forgets all that came before.
func (h *History[F]) Skip(seq uint64) {
	*h = History[F]{newest: h.newest, evicted: max(seq, h.evicted)}
}

// Trim evicts what is older than the limit, and returns when the oldest of the rest will
// be, if there is any.
func (h *History[F]) Trim(now time.Time, age time.Duration) (next time.Time, ok bool) {
	for h.kept.Len() > 0 {
		if due := h.kept.At(0).At.Add(age); now.Before(due) {
			return due, true
		}
		h.pop()
	}
	h.kept = ring.Ring[Kept[F]]{} // a room at rest owns none
	return time.Time{}, false
}

// Len is the number of frames.
func (h *History[F]) Len() int { return h.kept.Len() }

// Evicted is the seq of the newest frame that is gone.
func (h *History[F]) Evicted() uint64 { return h.evicted }

// Missed returns the frames after since that the member of that number was entitled to:
// of those with the same key only the newest. gapTo is the end of the gap before them,
// or 0.
func (h *History[F]) Missed(number, since uint64) (frames []*Kept[F], gapTo uint64) {
	if since < h.evicted {
		since, gapTo = h.evicted, h.evicted
	}
	var newest map[string]bool // keys with a newer frame
	for _, k := range h.kept.Backward() {
		if k.Seq <= since {
			break
		}
		if !k.isFor(number) || newest[k.Key] {
			continue
		}
		if k.Key != "" {
			if newest == nil {
				newest = map[string]bool{}
			}
			newest[k.Key] = true
		}
		frames = append(frames, k)
	}
	slices.Reverse(frames)
	return frames, gapTo
}

// Replay is what a member is sent that is back: a gap of a whole epoch, a gap within the
// room's own, and frames, in this order.
type Replay[F any] struct {
	Lost     bool   // the member has counted in another epoch: all of that is a gap
	From, To uint64 // what the history no longer has; To is 0 if that is nothing
	Frames   []*Kept[F]
	Restart  bool // nothing more: the member counts again from the item's `joined-room`
}

// Resume returns what a member is sent for its [ItemResume]; it is entitled to what came
// after since. It starts again after a position that the room never reached, or where the
// history does not reach back to its join.
func (h *History[F]) Resume(it *Item, since uint64) (r Replay[F]) {
	r.Lost = it.Lost || it.Restart
	if it.Restart || it.Lost && h.evicted > since {
		r.Restart = true
		return r
	}
	if !it.Lost && it.Seen.Epoch != 0 {
		since = max(since, it.Seen.Seq)
	}
	r.Frames, r.To = h.Missed(it.Number, since)
	if r.To > 0 {
		r.From = since + 1
	}
	return r
}

func (k *Kept[F]) isFor(number uint64) bool {
	switch k.Kind {
	case ItemAll:
		return true
	case ItemExcept:
		return !slices.Contains(k.Numbers, number)
	default:
		return slices.Contains(k.Numbers, number)
	}
}

type historyPage struct {
	Epoch    uint64            `json:"epoch"`
	Messages []json.RawMessage `json:"messages"`
	Next     uint64            `json:"next,omitempty"`
	Complete bool              `json:"complete"`
}

// Page returns the body of an answer to `history`, for its [ItemPage]: the newest messages
// of the application that the member may see, oldest first. It joined at the seq joined.
func (h *History[F]) Page(epoch uint64, it *Item, joined uint64, payload func(F) []byte) json.RawMessage {
	page := historyPage{Epoch: epoch, Messages: []json.RawMessage{}}
	since, before := uint64(0), it.Before
	if it.Since {
		since = joined
	}
	frames, _ := h.Missed(it.Number, since)
	frames = slices.DeleteFunc(frames, func(k *Kept[F]) bool { return k.Notice })
	if before != 0 {
		frames = frames[:sort.Search(len(frames), func(i int) bool { return frames[i].Seq >= before })]
	}
	first := len(frames)
	for size := 0; first > 0 && len(frames)-first < PageItems; first-- {
		size += len(payload(frames[first-1].Frame))
		if size > PageBytes && first < len(frames) {
			break
		}
	}
	for _, k := range frames[first:] {
		page.Messages = append(page.Messages, payload(k.Frame))
	}
	if first > 0 {
		page.Next = frames[first].Seq
	} else {
		page.Complete = h.evicted <= since
	}
	return EncodeBody(page)
}
