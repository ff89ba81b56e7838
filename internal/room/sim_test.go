package room_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

var simulations = flag.Int("simulations", 50, "seeds of the simulation; a tenth with -short")

// simulation is a server with one room and its clients, in one goroutine: every choice
// comes from the seed. Clients talk, lose their connections with everything in flight,
// come back with their position, resend what was not answered, ask for the history,
// leave, kick each other and join again. The room closes and opens again with another
// epoch, is restored between entries, and its output is released late.
type simulation struct {
	transcript
	t       testing.TB
	rng     *rand.Rand
	kind    string
	epoch   uint64
	m       *room.Machine
	now     time.Time
	pos     uint64
	conns   uint64
	clients []*simClient
	drops   []simDrop // that the room has not applied yet
	sealed  []func()  // output that is not released yet
	log     strings.Builder

	// Of the release stage.

	history room.History[[]byte]
	seats   map[uint64]*seat // by number
}

type seat struct {
	client *simClient
	conn   uint64 // the connection that frames go to; 0: none
	*membership
}

type simDrop struct {
	client *simClient
	conn   uint64
}

// wired is a message on its way to a client. The epoch is for the transcript: an answer
// from outside a membership does not say which epoch it belongs to.
type wired struct {
	epoch   uint64
	payload []byte
}

// simClient is a client with its session.
type simClient struct {
	account
	conn    uint64 // 0: its connection is broken
	seen    room.Position
	inside  bool    // as far as it knows
	wire    []wired // on their way to it
	id      uint64
	pending []*room.Entry // not answered yet
	texts   map[uint64]string

	// What the server keeps for the session.

	received uint64 // the newest ID
	answers  map[uint64]simAnswer
}

type simAnswer struct {
	action string
	body   json.RawMessage
}

func newSimulation(t testing.TB, seed uint64) *simulation {
	s := &simulation{t: t, rng: rand.New(rand.NewPCG(seed, 9)), now: began, epoch: 76}
	s.said = map[uint64][]frame{}
	s.kind = []string{"relay", "coded", "stamped"}[s.rng.IntN(3)]
	for i := range 6 {
		c := &simClient{account: account{name: fmt.Sprint("c", i), sent: map[string]outcome{}}, texts: map[uint64]string{}, answers: map[uint64]simAnswer{}}
		s.conns++
		c.conn = s.conns
		s.clients = append(s.clients, c)
		s.transcript.clients = append(s.transcript.clients, &c.account)
	}
	s.open()
	return s
}

func (s *simulation) open() {
	s.epoch++
	cfg := config(s.kind)
	cfg.Epoch, cfg.Opened = s.epoch, s.now
	s.m, _ = room.Open(cfg, &app{kind: s.kind})
	s.history, s.seats = room.History[[]byte]{}, map[uint64]*seat{}
}

// apply applies an entry and seals its output. Its client may be nil.
func (s *simulation) apply(c *simClient, e *room.Entry) {
	s.pos++
	e.Pos, e.Time = s.pos, s.now
	out := s.m.Apply(e)
	for i := range out.Items {
		it := out.Items[i]
		it.Numbers = slices.Clone(it.Numbers)
		payload := slices.Clone(out.Payload(&out.Items[i]))
		s.sealed = append(s.sealed, func() { s.take(c, e.Conn, &it, payload) })
	}
}

// release releases some of what is sealed.
func (s *simulation) release(n int) {
	for ; n > 0 && len(s.sealed) > 0; n-- {
		step := s.sealed[0]
		s.sealed = s.sealed[1:]
		step()
	}
}

// take releases one item.
func (s *simulation) take(c *simClient, conn uint64, it *room.Item, payload []byte) {
	switch it.Kind {
	case room.ItemAll, room.ItemExcept, room.ItemOnly:
		s.say(c, it, payload)
	case room.ItemEnter:
		m := &membership{epoch: s.epoch, number: it.Number, since: it.Seq}
		c.memberships = append(c.memberships, m)
		if it.Away {
			conn = 0
		}
		s.seats[it.Number] = &seat{client: c, conn: conn, membership: m}
	case room.ItemExit:
		seat := s.seats[it.Number]
		delete(s.seats, it.Number)
		seat.end, seat.cut = s.newest(), seat.conn == 0 || seat.conn != seat.client.conn
	case room.ItemDrop:
		s.seats[it.Number].conn = 0
	case room.ItemResume:
		s.resume(s.seats[it.Number], conn, it, payload)
	case room.ItemGone:
		s.send(c, conn, room.EncodeLeft(nil, "server", s.kind, c.name, room.Dropped))
	case room.ItemPage:
		number, since := it.Number, s.seats[it.Number].since
		body := s.history.Page(s.epoch, it, since, func(payload []byte) []byte { return payload })
		if !it.Since {
			since = 0
		}
		if err := s.checkPage(body, s.epoch, number, since, it.Before, it.Seq); err != nil {
			s.t.Errorf("a history page: %v", err)
		}
		s.answer(c, it, simAnswer{"ack", body})
	case room.ItemDuplicate:
		known, ok := c.answers[it.ID]
		if !ok {
			s.t.Errorf("%s: the answer to %d is requested again before it was given", c.name, it.ID)
		}
		s.answer(c, it, known)
	}
}

// newest is the seq of the newest frame.
func (s *simulation) newest() uint64 {
	frames := s.said[s.epoch]
	if len(frames) == 0 {
		return 0
	}
	return frames[len(frames)-1].seq
}

func (s *simulation) answer(c *simClient, it *room.Item, a simAnswer) {
	it.Kind, it.Silent, it.Action, it.Body = room.ItemOnly, true, a.action, a.body
	s.say(c, it, s.m.Config().EncodeAnswer(nil, it, a.action, a.body))
}

// say releases a frame.
func (s *simulation) say(c *simClient, it *room.Item, payload []byte) {
	f := frame{
		seq: it.Seq, all: it.Kind != room.ItemOnly, numbers: it.Numbers, silent: it.Silent, notice: it.Notice, key: it.Key,
		text: parse(payload).clientText(), payload: payload,
	}
	s.said[s.epoch] = append(s.said[s.epoch], f)
	if it.Answer && it.ID != 0 {
		c.answers[it.ID] = simAnswer{it.Action, it.Body}
	}
	s.history.Take(it, payload, len(payload), s.now, &room.HistoryLimits{Messages: 20, Bytes: 4 << 10})
	for _, number := range slices.Sorted(maps.Keys(s.seats)) {
		if f.isFor(number) {
			s.send(s.seats[number].client, s.seats[number].conn, payload)
		}
	}
	if slices.Contains(it.Numbers, 0) {
		s.send(c, c.conn, payload)
	}
}

func (s *simulation) resume(seat *seat, conn uint64, it *room.Item, notice []byte) {
	cfg, c := s.m.Config(), seat.client
	seat.conn = conn
	replay := s.history.Resume(it, seat.since)
	if replay.Lost {
		s.send(c, conn, cfg.EncodeGap(nil, c.name, it.Seen.Epoch, 0, 0))
	}
	if replay.To > 0 {
		seat.gaps = append(seat.gaps, span{replay.From, replay.To})
		s.send(c, conn, cfg.EncodeGap(nil, c.name, s.epoch, replay.From, replay.To))
	}
	for _, k := range replay.Frames {
		s.send(c, conn, k.Frame)
	}
	if replay.Restart {
		seat.restarts = append(seat.restarts, it.Seq)
		seat.gaps = append(seat.gaps, span{0, it.Seq - 1})
		seat.since = it.Seq - 1
		s.say(c, &room.Item{Kind: room.ItemOnly, Notice: true, Numbers: []uint64{it.Number}, Seq: it.Seq}, notice)
	}
}

// send puts a message on the wire, if the connection is up.
func (s *simulation) send(c *simClient, conn uint64, payload []byte) {
	if conn != 0 && conn == c.conn {
		c.wire = append(c.wire, wired{s.epoch, payload})
	}
}

// envelope is a message as a client reads it.
type envelope struct {
	Action string `json:"action"`
	Body   struct {
		Text     string `json:"text"`
		Epoch    uint64 `json:"epoch"`
		From, To uint64
	} `json:"message_body"`
	Seq uint64 `json:"seq"`
	Ref uint64 `json:"ref"`
}

func parse(payload []byte) (e envelope) {
	if err := json.Unmarshal(payload, &e); err != nil {
		panic(err)
	}
	return e
}

// clientText is the text of a client's message, or empty.
func (e envelope) clientText() string {
	if slices.Contains([]string{"say", "said", "told", "whisper"}, e.Action) {
		return e.Body.Text
	}
	return ""
}

// read makes a client read some of the messages on its way.
func (s *simulation) read(c *simClient, n int) {
	for ; n > 0 && len(c.wire) > 0; n-- {
		epoch, payload := c.wire[0].epoch, c.wire[0].payload
		c.wire = c.wire[1:]
		fmt.Fprintf(&s.log, "%s reads %s\n", c.name, payload)
		e := parse(payload)
		r := reading{epoch: epoch, seq: e.Seq, payload: payload}
		switch e.Action {
		case "joined-room":
			c.seen, c.inside = room.Position{Epoch: e.Body.Epoch}, true
		case "gap":
			if e.Body.To == 0 {
				r.epochGap = true
				break
			}
			r.gap = span{e.Body.From, e.Body.To}
			if c.seen.Epoch != e.Body.Epoch { // `joined-room` is in the gap
				c.seen, c.inside = room.Position{Epoch: e.Body.Epoch}, true
			}
			c.seen.Seq = max(c.seen.Seq, e.Body.To)
		case "left-room":
			c.seen, c.inside = room.Position{}, false
		case "ack", "error":
			s.settle(c, e.Ref, e.Action == "ack")
		}
		if c.seen.Epoch != 0 {
			c.seen.Seq = max(c.seen.Seq, e.Seq)
		}
		if e.Seq != 0 || e.Action == "gap" {
			c.account.read = append(c.account.read, r)
		}
	}
}

// settle handles the answer to a message.
func (s *simulation) settle(c *simClient, id uint64, ok bool) {
	if text := c.texts[id]; text != "" {
		c.sent[text] = refused
		if ok {
			c.sent[text] = accepted
		}
	}
	c.pending = slices.DeleteFunc(c.pending, func(e *room.Entry) bool { return e.ID == id })
}

// post sends an entry of a client to the room. It arrives at once, or is lost with the
// connection and resent.
func (s *simulation) post(c *simClient, e room.Entry) {
	c.id++
	e.Member, e.ID, e.Conn = c.name, c.id, c.conn
	c.pending = append(c.pending, &e)
	if e.Kind == room.KindMessage || e.Kind == room.KindDirect {
		text := fmt.Sprintf("%s-%d", c.name, c.id)
		o := order{Text: text, Who: s.name()}
		if s.kind != "relay" {
			s.vary(&o)
		}
		e.Body = encode(o)
		c.texts[e.ID], c.sent[text] = text, unknown
	}
	if s.rng.IntN(12) > 0 {
		s.receive(c, c.pending[len(c.pending)-1])
		return
	}
	s.breakConnection(c)
}

// vary makes a message go to some members, replace others of its key, or fail.
func (s *simulation) vary(o *order) {
	switch s.rng.IntN(8) {
	case 0:
		o.Only = []string{s.name(), s.name()}
	case 1:
		o.Except = []string{s.name()}
	case 2:
		o.Volatile = true
	case 3, 4:
		o.Key = fmt.Sprint("k", s.rng.IntN(2))
	case 5:
		o.Then = []string{"fail", "break"}[s.rng.IntN(2)]
	}
}

func (s *simulation) name() string { return s.clients[s.rng.IntN(len(s.clients))].name }

// receive is the server's check for messages that it has received before.
func (s *simulation) receive(c *simClient, e *room.Entry) {
	arrived := *e
	if e.ID <= c.received {
		arrived = room.Entry{Kind: room.KindDuplicate, Member: e.Member, ID: e.ID, Action: e.ReAction(), Conn: c.conn}
	}
	c.received = max(c.received, e.ID)
	arrived.Conn = c.conn
	s.apply(c, &arrived)
}

// breakConnection loses everything in flight. The room learns of it later, maybe after
// the client is back.
func (s *simulation) breakConnection(c *simClient) {
	for _, m := range c.memberships {
		if m.end != 0 && len(c.wire) > 0 {
			m.cut = true
		}
	}
	s.drops = append(s.drops, simDrop{c, c.conn})
	c.conn, c.wire = 0, nil
}

func (s *simulation) reconnect(c *simClient) {
	s.conns++
	c.conn = s.conns
	s.apply(c, &room.Entry{Kind: room.KindResume, Member: c.name, Conn: c.conn, Seen: c.seen, Who: &room.Arrival{Resumable: true}})
	for _, e := range slices.Clone(c.pending) {
		s.receive(c, e)
	}
}

// step does one random thing.
func (s *simulation) step() {
	s.now = s.now.Add(time.Duration(s.rng.IntN(50)) * time.Millisecond)
	for number, due := s.m.Due(s.now); due; number, due = s.m.Due(s.now) {
		s.apply(nil, &room.Entry{Kind: room.KindTimer, Number: number})
	}
	c := s.clients[s.rng.IntN(len(s.clients))]
	choice := s.rng.IntN(100)
	switch {
	case choice < 25:
		s.read(c, s.rng.IntN(12))
	case choice < 35:
		s.release(s.rng.IntN(30))
	case choice < 40 && len(s.drops) > 0:
		drop := s.drops[0]
		s.drops = s.drops[1:]
		s.apply(drop.client, &room.Entry{Kind: room.KindDrop, Member: drop.client.name, Conn: drop.conn})
	case choice < 42:
		again, err := room.Restore(snapshot(s.m), &app{kind: s.kind})
		if err != nil {
			s.t.Fatal(err)
		}
		s.m = again
	case choice == 42 && s.rng.IntN(4) == 0:
		s.reopen()
	case c.conn == 0:
		if choice < 60 {
			s.reconnect(c)
		}
	case choice < 46:
		s.breakConnection(c)
	case !c.inside && len(c.pending) > 0: // its join is on its way
		s.release(s.rng.IntN(30))
		s.read(c, s.rng.IntN(30))
	case !c.inside:
		s.post(c, room.Entry{Kind: room.KindJoin, Body: json.RawMessage("{}"), Who: &room.Arrival{Resumable: true}})
	case choice < 49:
		s.post(c, room.Entry{Kind: room.KindLeave})
	case choice < 50:
		s.apply(nil, &room.Entry{Kind: room.KindServer, Action: "kick", Body: encode(order{Who: c.name})})
	case choice < 56:
		s.post(c, room.Entry{Kind: room.KindHistory, Body: encode(map[string]int{"before": s.rng.IntN(2) * s.rng.IntN(200)})})
	case choice < 62:
		s.post(c, room.Entry{Kind: room.KindDirect, Action: "whisper", Target: s.name()})
	default:
		s.post(c, room.Entry{Kind: room.KindMessage, Action: "say"})
	}
}

// reopen closes the room and opens it again. The server joins some of the disconnected
// clients: they come back with a position of the old epoch.
func (s *simulation) reopen() {
	s.apply(nil, &room.Entry{Kind: room.KindClose})
	s.release(len(s.sealed))
	s.open()
	s.drops = nil
	for _, c := range s.clients {
		if c.conn == 0 && s.rng.IntN(2) == 0 {
			s.apply(c, &room.Entry{Kind: room.KindJoin, Member: c.name, Flags: room.FlagAway, Who: &room.Arrival{Resumable: true}})
		}
	}
}

// finish makes all clients come back and read everything.
func (s *simulation) finish() {
	for range 3 {
		for _, c := range s.clients {
			if c.conn == 0 {
				s.reconnect(c)
			}
		}
		s.release(len(s.sealed))
		for _, c := range s.clients {
			s.read(c, len(c.wire))
		}
	}
}

func simulate(t testing.TB, seed uint64) *simulation {
	s := newSimulation(t, seed)
	for range 600 {
		s.step()
	}
	s.finish()
	return s
}

// TestSimulation: over breaks, resumes, late releases, restores and reopened rooms,
// nothing is lost silently, doubled or out of order.
func TestSimulation(t *testing.T) {
	var texts, gaps, restarts, epochGaps, cut int
	for seed := range uint64(times(*simulations)) {
		s := simulate(t, seed)
		if err := s.verdict(); err != nil || t.Failed() {
			t.Fatalf("seed %d: %v\n%s", seed, err, s.log.String())
		}
		for _, c := range s.clients {
			texts += len(c.sent)
			for _, m := range c.memberships {
				gaps += len(m.gaps)
				restarts += len(m.restarts)
				if m.cut {
					cut++
				}
			}
			for _, r := range c.account.read {
				if r.epochGap {
					epochGaps++
				}
			}
		}
	}
	t.Logf("%d messages, %d gaps, %d epoch gaps, %d restarts, %d memberships cut", texts, gaps, epochGaps, restarts, cut)
	if testing.Short() {
		return
	}
	if texts < 100**simulations || gaps < *simulations || epochGaps == 0 || restarts == 0 {
		t.Error("the simulations do too little")
	}
}

// controls falsify a transcript. Each reports whether it found something to falsify.
var controls = map[string]func(*rand.Rand, *transcript) bool{
	"L: a message is lost": func(rng *rand.Rand, t *transcript) bool {
		c, at := t.pick(rng, func(c *account, r *reading) bool { return t.owed(c, r) != nil })
		if c == nil {
			return false
		}
		c.read = slices.Delete(c.read, at, at+1)
		return true
	},
	"D: a message comes twice": func(rng *rand.Rand, t *transcript) bool {
		c, at := t.pick(rng, func(_ *account, r *reading) bool { return r.seq > 0 })
		if c == nil {
			return false
		}
		c.read = slices.Insert(c.read, at, c.read[at])
		return true
	},
	"O: two messages change places": func(rng *rand.Rand, t *transcript) bool {
		c, at := t.pick(rng, func(c *account, r *reading) bool { return r.seq > 0 && follows(c, r) })
		if c == nil {
			return false
		}
		c.read[at], c.read[at+1] = c.read[at+1], c.read[at]
		return true
	},
	"O: a message is another for one member": func(rng *rand.Rand, t *transcript) bool {
		c, at := t.pick(rng, func(_ *account, r *reading) bool { return r.seq > 0 })
		if c == nil {
			return false
		}
		c.read[at].payload = []byte("{}")
		return true
	},
	"G: a gap is silent": func(rng *rand.Rand, t *transcript) bool {
		c, at := t.pick(rng, func(c *account, r *reading) bool { return r.gap != span{} && t.misses(c, r) })
		if c == nil {
			return false
		}
		c.read = slices.Delete(c.read, at, at+1)
		return true
	},
	"L: an acknowledged message is not said": func(rng *rand.Rand, t *transcript) bool {
		c := t.clients[rng.IntN(len(t.clients))]
		c.sent["never said"] = accepted
		return true
	},
	"L: a message is not answered": func(rng *rand.Rand, t *transcript) bool {
		c := t.clients[rng.IntN(len(t.clients))]
		c.sent["not answered"] = unknown
		return true
	},
	"D: a message is said twice": func(_ *rand.Rand, t *transcript) bool {
		for epoch, frames := range t.said {
			for _, f := range frames {
				if f.text != "" {
					t.said[epoch] = append(frames, frame{seq: 1 << 60, text: f.text}) // for nobody
					return true
				}
			}
		}
		return false
	},
	"E: a refused message is said": func(_ *rand.Rand, t *transcript) bool {
		for _, frames := range t.said {
			for _, f := range frames {
				for _, c := range t.clients {
					if c.sent[f.text] == accepted {
						c.sent[f.text] = refused
						return true
					}
				}
			}
		}
		return false
	},
	"E: a client reads what was for others": func(_ *rand.Rand, t *transcript) bool {
		for _, c := range t.clients {
			for epoch, frames := range t.said {
				for _, f := range frames {
					if !slices.ContainsFunc(c.memberships, func(m *membership) bool { return m.epoch == epoch && f.isFor(m.number) }) && !slices.Contains(f.numbers, 0) {
						c.read = []reading{{epoch: epoch, seq: f.seq, payload: f.payload}}
						return true
					}
				}
			}
		}
		return false
	},
}

// pick returns a random reading that fits: its account and position.
func (t *transcript) pick(rng *rand.Rand, fits func(*account, *reading) bool) (c *account, at int) {
	for range 1000 {
		c = t.clients[rng.IntN(len(t.clients))]
		if len(c.read) > 0 {
			if at = rng.IntN(len(c.read)); fits(c, &c.read[at]) {
				return c, at
			}
		}
	}
	return nil, 0
}

// owed returns the frame of a reading that the client must read.
func (t *transcript) owed(c *account, r *reading) *frame {
	for i := range t.said[r.epoch] {
		f := &t.said[r.epoch][i]
		if f.seq == r.seq && !f.silent && f.key == "" && slices.ContainsFunc(c.memberships, func(m *membership) bool {
			return m.epoch == r.epoch && !m.cut && len(m.gaps) == 0 && f.seq > m.since && (m.end == 0 || f.seq <= m.end) && f.isFor(m.number)
		}) {
			return f
		}
	}
	return nil
}

// misses reports whether a gap covers a frame that the client was entitled to.
func (t *transcript) misses(c *account, gap *reading) bool {
	gaps := 0
	for _, r := range c.read {
		if r.epochGap || r.gap.has(gap.gap.from) || r.gap.has(gap.gap.to) {
			gaps++
		}
	}
	return gaps == 1 && slices.ContainsFunc(t.said[gap.epoch], func(f frame) bool {
		return gap.gap.has(f.seq) && !f.silent && f.key == "" && slices.ContainsFunc(c.memberships, func(m *membership) bool {
			return m.epoch == gap.epoch && !m.cut && f.seq > m.since && (m.end == 0 || f.seq <= m.end) && f.isFor(m.number)
		})
	})
}

// follows reports whether the next message after r was read in the same epoch.
func follows(c *account, r *reading) bool {
	for i := range c.read[:len(c.read)-1] {
		if &c.read[i] == r {
			return c.read[i+1].seq > 0 && c.read[i+1].epoch == r.epoch
		}
	}
	return false
}

// TestSimulationControls: the verdict detects every way of falsifying a transcript.
func TestSimulationControls(t *testing.T) {
	for name, falsify := range controls {
		found := 0
		for seed := range uint64(5) {
			s := simulate(t, seed)
			if !falsify(rand.New(rand.NewPCG(seed, 3)), &s.transcript) {
				continue
			}
			found++
			if err := s.verdict(); err == nil || !strings.HasPrefix(err.Error(), name[:1]) {
				t.Errorf("%s, seed %d: the verdict is %v", name, seed, err)
			}
		}
		if found == 0 {
			t.Errorf("%s: never", name)
		}
	}
}

// TestSimulationReplays: a seed gives the same transcript, byte for byte.
func TestSimulationReplays(t *testing.T) {
	sameEachTime(t, 1, func(seed uint64) string { return simulate(t, seed).log.String() })
}
