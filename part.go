package simplysocket

import (
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// part is what a turn has yielded and not yet released, in order. It holds values and the
// sources of entries, but nothing of the room: a part that is sealed can be released
// while the room handles its next entries.
type part struct {
	room    *Room // whose stage releases it
	now     time.Time
	info    *room.Info // what listings show, if that has changed
	replies []reply
	steps   []step
	effects []effect
	numbers []uint64 // the audiences of the steps
	bytes   int      // of the frames
	keyed   int      // frames with a key whose entry has just been handled; they stand last
	oldest  time.Time
	shows   bool // members may see the history
	trim    bool // the history may hold what is too old
	dismiss bool // the members are told that the room has closed
}

// reply tells the source of an entry how it ended.
type reply struct {
	source     source
	reply      room.Reply
	connecting bool // the entry was the join that comes with connecting
	network    string
	deliveries int
}

// step is one step of the output, with the frame that was made of it.
type step struct {
	room.Item
	frame  *fanout.Frame
	client *Client // that the entry comes from; nil: the server
	conn   *connection
}

// effect is an effect with the code of the task that it starts: a room that is restored
// registers its tasks anew.
type effect struct {
	room.Effect
	task *task
}

// A part is sealed when nothing waits any more, or earlier at any of these limits: they
// keep the first frame of a long turn from waiting for the last.
const (
	flushItems = 64
	flushBytes = 32 << 10
	flushAge   = time.Millisecond
)

func (p *part) isDue(now time.Time, age time.Duration) bool {
	return len(p.steps) >= flushItems || p.bytes >= flushBytes ||
		len(p.steps) > 0 && now.Sub(p.oldest) >= age
}

// add takes over what an entry has yielded.
func (p *part) add(r *Room, it *item, out *room.Output) {
	p.room, p.now, p.shows = r, r.core.Now(), r.core.History() != room.HistoryNone
	connecting := it.entry.Flags&room.FlagConnect != 0
	if it.source.awaitsReply() || out.Reply.BadGuess || connecting && out.Reply.Err != nil {
		rep := reply{source: it.source, reply: out.Reply, connecting: connecting, deliveries: out.Deliveries}
		if it.entry.Who != nil {
			rep.network = it.entry.Who.Network
		}
		p.replies = append(p.replies, rep)
	}
	if len(p.steps) == 0 {
		p.oldest = p.now
	}
	for i := range out.Items {
		from := &out.Items[i]
		p.steps = append(p.steps, step{Item: *from, client: it.source.client, conn: it.source.conn})
		st := &p.steps[len(p.steps)-1]
		first := len(p.numbers)
		p.numbers = append(p.numbers, from.Numbers...)
		st.Numbers = p.numbers[first:len(p.numbers):len(p.numbers)]
		if payload := out.Payload(from); len(payload) > 0 {
			st.frame = r.stage.frame(from, payload)
			p.bytes += st.frame.Len()
			if st.Key != "" {
				p.keyed++
			}
		}
	}
	for i := range out.Effects {
		e := effect{Effect: out.Effects[i]}
		if e.Kind == room.EffectTask {
			e.task = r.tasks[e.Name]
		}
		p.effects = append(p.effects, e)
	}
	p.conflate()
}

// conflate drops each frame that one of the newest entry replaces: of the same key and
// audience. It does not look past a member's exit: a member that has left does not get the
// newer frame.
func (p *part) conflate() {
	for ; p.keyed > 0; p.keyed-- {
		at := p.newest()
		for i := at - 1; i >= 0 && p.steps[i].Kind != room.ItemExit && p.steps[i].Kind != room.ItemDrop; i-- {
			if elder := &p.steps[i]; elder.ReplacedBy(&p.steps[at].Item) {
				p.bytes -= elder.frame.Len()
				p.steps = slices.Delete(p.steps, i, i+1)
				break // it has replaced its own elder
			}
		}
	}
}

// newest returns the first of the keyed frames that were just added.
func (p *part) newest() int {
	left := p.keyed
	for i := len(p.steps) - 1; ; i-- {
		if p.steps[i].IsFrame() && p.steps[i].Key != "" {
			if left--; left == 0 {
				return i
			}
		}
	}
}

// seal closes the part and releases it. Without frames, it keeps the steps for later:
// replies and effects do not wait for the flush interval.
func (a *actor) seal(frames bool) {
	p := &a.turn.part
	if a.room.closed {
		p.info = &room.Info{Name: a.name, Hidden: true}
	} else if info, changed := a.room.core.Info(); changed {
		p.info = info
	}
	if p.room == nil {
		p.room, p.now = a.room, a.room.time()
	}
	if !frames {
		early := part{room: p.room, now: p.now, info: p.info, replies: p.replies, effects: p.effects}
		a.release(&early)
		clear(early.replies)
		clear(early.effects)
		p.info, p.replies, p.effects = nil, early.replies[:0], early.effects[:0]
		return
	}
	a.release(p)
	p.reset()
}

// detach returns a copy that the turn does not use.
func (p *part) detach() part {
	detached := *p
	detached.replies, detached.steps, detached.effects = slices.Clone(p.replies), slices.Clone(p.steps), slices.Clone(p.effects)
	p.numbers = nil // the steps of the copy use them
	return detached
}

func (p *part) isEmpty() bool {
	return p.info == nil && len(p.replies) == 0 && len(p.steps) == 0 && len(p.effects) == 0 && !p.trim
}

func (p *part) reset() {
	clear(p.replies)
	clear(p.steps)
	clear(p.effects)
	*p = part{replies: p.replies[:0], steps: p.steps[:0], effects: p.effects[:0], numbers: p.numbers[:0]}
}

// release passes a part to its stage: at once or, where there is a gate, when that opens.
func (a *actor) release(p *part) {
	switch {
	case a.journal.hasCovered():
		a.store(p)
	case p.isEmpty():
	case p.room.durable:
		a.journal.follow(p)
	case a.gate == nil:
		p.room.stage.run(p)
	default:
		sealed := p.detach()
		a.held.Add(1)
		a.gate(func() {
			sealed.room.stage.run(&sealed)
			if a.held.Add(-1) == 0 {
				_ = a.post(&item{signal: signalWake})
			}
		})
	}
}

// store writes a part down, with the entries that it comes from. One entry that cannot be
// stored is refused; of several, each is stored by itself.
func (a *actor) store(p *part) {
	entries := a.journal.covered
	a.journal.covered = nil
	err := a.journal.write(p, entries)
	if err == nil {
		return
	}
	a.srv.log.Error("what a room has changed cannot be stored", "room", a.name, "error", err)
	for i := len(entries) - 1; i >= 0; i-- {
		it := again{item: entries[i], alone: true}
		if len(entries) == 1 {
			it.refused = err
		}
		a.postpone(it)
	}
}
