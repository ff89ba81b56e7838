package simplysockettest

import (
	"slices"
	"sort"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// delivery takes the output of one opening of a room to the clients, as the release stage
// of a server does.
type delivery struct {
	seats     []*Client // the members in joining order
	resumable int       // members that can resume
	shows     bool      // members may see the history
	history   room.History[*Message]
}

// release hands out what an entry has yielded. c is the client that it comes from, or nil.
func (r *Room) release(c *Client, e *room.Entry, out *room.Output) {
	for i := range out.Items {
		it := &out.Items[i]
		switch it.Kind {
		case room.ItemAll, room.ItemExcept, room.ItemOnly:
			if !isReplaced(out.Items, i) {
				r.say(c, it, r.read(out.Payload(it)))
			}
		case room.ItemEnter:
			r.enter(r.byID[it.Member], it)
		case room.ItemExit:
			r.exit(it)
		case room.ItemDrop:
			// The client has known it first.
		case room.ItemResume:
			r.replay(c, it, out.Payload(it))
		case room.ItemPage:
			r.history.Trim(r.now, r.limits.History.Age)
			c.page = r.history.Page(r.epoch, it, c.since, func(m *Message) []byte { return m.raw })
			r.deliver(c, r.read(r.config().EncodeAnswer(nil, it, it.Action, c.page)))
		case room.ItemDuplicate:
			r.errorf(": the kit has sent no message twice, and %s is asked for again", r.describe(e))
		case room.ItemGone:
			r.tellGone(c)
		}
	}
}

func (r *Room) config() *room.Config { return r.room.Machine().Config() }

// isReplaced reports whether a later frame of the same entry makes a frame superfluous.
func isReplaced(items []room.Item, i int) bool {
	if items[i].Key == "" {
		return false
	}
	for j := i + 1; j < len(items); j++ {
		switch {
		case items[j].Kind == room.ItemExit, items[j].Kind == room.ItemDrop:
			return false
		case items[i].ReplacedBy(&items[j]):
			return true
		}
	}
	return false
}

// read reads a message as a client does.
func (r *Room) read(payload []byte) *Message {
	m := &Message{raw: slices.Clone(payload), Time: r.now}
	env, err := protocol.ParseServer(m.raw)
	if err != nil {
		r.errorf(" sends what is not a message: %v: %s", err, payload)
		return m
	}
	m.Action, m.Sender, m.Body = r.word(env.Action), r.word(env.Sender), env.Body
	m.Direct, m.Seq = env.IsTargetClient, env.Seq
	return m
}

// word returns a word of the room's messages, which is kept: there are few of them.
func (r *Room) word(w []byte) string {
	if known, ok := r.words[string(w)]; ok {
		return known
	}
	if len(r.words) == maxWords {
		clear(r.words)
	}
	r.words[string(w)] = string(w)
	return r.words[string(w)]
}

const maxWords = 1000

// say sends a frame to its audience and, if somebody could want it later, keeps it.
func (r *Room) say(sender *Client, it *room.Item, m *Message) {
	if m.Seq != it.Seq {
		r.broken("the message with seq %d says that it is %d", it.Seq, m.Seq)
	}
	if !r.keepsFrames() || r.config().Lobby && !it.Silent {
		r.history.Pass(it)
	} else {
		r.history.Take(it, m, len(m.raw), r.now, &r.limits.History)
	}
	if it.Kind == room.ItemOnly {
		for _, number := range it.Numbers {
			if number == 0 {
				r.deliver(sender, m)
			} else if i, ok := r.seatOf(number); ok {
				r.give(r.seats[i], it, m)
			}
		}
		return
	}
	for _, c := range r.seats {
		if it.Kind == room.ItemAll || !slices.Contains(it.Numbers, c.number) {
			r.give(c, it, m)
		}
	}
}

// give sends a frame to a member, or notes that it is owed.
func (r *Room) give(c *Client, it *room.Item, m *Message) {
	switch {
	case c.misled:
	case !c.away:
		r.deliver(c, m)
	case !it.Silent:
		c.owed = append(c.owed, owed{it.Seq, it.Key})
	}
}

// keepsFrames reports whether there is somebody who could want a frame later.
func (r *Room) keepsFrames() bool { return len(r.seats) > 0 && (r.resumable > 0 || r.shows) }

func (r *Room) seatOf(number uint64) (int, bool) {
	i := sort.Search(len(r.seats), func(i int) bool { return r.seats[i].number >= number })
	return i, i < len(r.seats) && r.seats[i].number == number
}

func (r *Room) enter(c *Client, it *room.Item) {
	r.joined = true
	c.number, c.since, c.hasLeft, c.owed = it.Number, it.Seq, false, nil
	r.seats = append(r.seats, c)
	if c.session {
		r.resumable++
	}
}

func (r *Room) exit(it *room.Item) {
	i, _ := r.seatOf(it.Number)
	c := r.seats[i]
	r.seats = slices.Delete(r.seats, i, i+1)
	if c.session {
		r.resumable--
	}
	if !r.keepsFrames() {
		r.history.Forget()
	}
	c.number, c.reason, c.hasLeft, c.owed, c.misled = 0, it.Reason, true, nil, false
}

// replay sends a client that is back what it has missed.
func (r *Room) replay(c *Client, it *room.Item, notice []byte) {
	r.history.Trim(r.now, r.limits.History.Age)
	replay := r.history.Resume(it, c.since)
	if replay.Lost {
		r.deliver(c, r.read(r.config().EncodeGap(nil, c.id, it.Seen.Epoch, 0, 0)))
	}
	if replay.To > 0 {
		r.deliver(c, r.read(r.config().EncodeGap(nil, c.id, r.epoch, replay.From, replay.To)))
	}
	if !replay.Restart {
		r.checkReplay(c, &replay)
	}
	c.owed = nil
	for _, k := range replay.Frames {
		r.deliver(c, k.Frame)
	}
	if replay.Restart {
		c.since = it.Seq - 1
		r.say(c, &room.Item{Kind: room.ItemOnly, Notice: true, Numbers: []uint64{it.Number}, Seq: it.Seq}, r.read(notice))
	}
}

// owed is a frame that a client has missed.
type owed struct {
	seq uint64
	key string
}

// checkReplay compares a replay with what the client has missed: all of it after the gap
// and, of those that replace each other, only the newest.
func (r *Room) checkReplay(c *Client, replay *room.Replay[*Message]) {
	newest := map[string]uint64{}
	for _, o := range c.owed {
		newest[o.key] = o.seq
	}
	frames := replay.Frames
	for _, o := range c.owed {
		if o.seq <= replay.To || o.key != "" && newest[o.key] != o.seq {
			continue
		}
		if len(frames) == 0 || frames[0].Seq != o.seq {
			r.broken("%s has missed the message with seq %d, and neither gets it nor a gap", c.id, o.seq)
			return
		}
		frames = frames[1:]
	}
	if len(frames) > 0 {
		r.broken("%s gets the message with seq %d, which it has not missed", c.id, frames[0].Seq)
	}
}

// deliver has a client receive a message.
func (r *Room) deliver(c *Client, m *Message) {
	if m.Seq != 0 && c.seen.Epoch != 0 && m.Seq <= c.seen.Seq {
		r.broken("%s gets the message with seq %d after the one with %d", c.id, m.Seq, c.seen.Seq)
	}
	c.receive(m)
}

// broken reports that the library does not keep what it promises to clients.
func (r *Room) broken(format string, args ...any) {
	r.errorf(": this is a fault of simplysocket or of its kit, please report it: "+format, args...)
}

// tellGone tells a client that is back that it is no member any more.
func (r *Room) tellGone(c *Client) {
	reason := room.Dropped
	if c.hasLeft {
		reason = c.reason
	}
	cfg := r.config()
	r.deliver(c, r.read(room.EncodeLeft(nil, cfg.Server, cfg.Name, c.id, reason)))
}
