package room_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

var simulations = flag.Int("simulations", 100, "seeds of the simulation")

// simulation is a room with its release stage and its clients, in one goroutine: every
// choice comes from the seed. Clients speak, lose their connections with what is on its
// way, come back, leave and join again.
type simulation struct {
	rng     *rand.Rand
	m       *room.Machine
	now     time.Time
	pos     uint64
	conns   uint64
	stamp   uint64
	history room.History[[]byte]
	clients []*simClient
	seats   map[uint64]*simClient
	since   map[uint64]uint64 // by number: seq after which it is entitled
	outlets map[uint64]uint64 // by number: the connection that its frames go to
	sealed  []func()          // output that is not released yet
	log     strings.Builder   // all that clients read, in order
	sent    []sentText
	fault   func(*simClient, uint64) int // how often a frame is delivered; for the controls
}

// sentText is a message that the room has handled, and who was entitled to it.
type sentText struct {
	text     string
	entitled map[string]bool
}

// simClient is a client with a session.
type simClient struct {
	name   string
	number uint64 // in the room; 0: it is no member
	conn   uint64 // 0: it is away
	seen   room.Position
	wire   [][]byte // on their way to it
	id     uint64
	heard  []string // texts, in order
	gaps   int
	first  int // messages of the room before it joined
}

func newSimulation(seed uint64) *simulation {
	s := &simulation{
		rng: rand.New(rand.NewPCG(seed, 9)), now: began, seats: map[uint64]*simClient{}, since: map[uint64]uint64{}, outlets: map[uint64]uint64{},
		fault: func(*simClient, uint64) int { return 1 },
	}
	s.m, _ = room.Open(config("relay"), &app{kind: "relay"})
	for i := range 5 {
		s.clients = append(s.clients, &simClient{name: fmt.Sprint("c", i)})
	}
	return s
}

func (s *simulation) apply(c *simClient, e *room.Entry) {
	s.pos++
	e.Pos, e.Time, e.Member = s.pos, s.now, c.name
	out := s.m.Apply(e)
	var steps []func()
	for i := range out.Items {
		it := out.Items[i]
		payload := slices.Clone(out.Payload(&out.Items[i]))
		it.Numbers = slices.Clone(it.Numbers)
		steps = append(steps, func() { s.take(c, e.Conn, &it, payload) })
	}
	s.sealed = append(s.sealed, steps...)
}

// release releases some of what is sealed: release is behind the room.
func (s *simulation) release(n int) {
	for ; n > 0 && len(s.sealed) > 0; n-- {
		step := s.sealed[0]
		s.sealed = s.sealed[1:]
		step()
	}
}

// take is the release of one item.
func (s *simulation) take(from *simClient, conn uint64, it *room.Item, payload []byte) {
	switch it.Kind {
	case room.ItemAll, room.ItemExcept, room.ItemOnly:
		if !it.Silent {
			s.history.Add(room.Kept[[]byte]{Kind: it.Kind, Seq: it.Seq, Numbers: it.Numbers, Size: len(payload), At: s.now, Frame: payload},
				&room.HistoryLimits{Messages: 12, Bytes: 1 << 20})
		}
		for number, c := range s.inOrder() {
			if it.Kind == room.ItemAll || slices.Contains(it.Numbers, number) == (it.Kind == room.ItemOnly) {
				s.send(c, s.outlets[number], payload)
			}
		}
		if slices.Contains(it.Numbers, 0) {
			s.send(from, from.conn, payload)
		}
	case room.ItemEnter:
		from.number = it.Number
		s.seats[it.Number], s.since[it.Number], s.outlets[it.Number] = from, it.Seq, conn
	case room.ItemExit:
		s.seats[it.Number].number = 0
		delete(s.seats, it.Number)
	case room.ItemResume:
		s.outlets[it.Number] = conn
		s.resume(from, it, payload)
	case room.ItemGone:
		from.seen = room.Position{}
	case room.ItemDrop:
		s.outlets[it.Number] = 0
	case room.ItemPage, room.ItemDuplicate:
	}
}

// inOrder iterates over the members by number.
func (s *simulation) inOrder() func(func(uint64, *simClient) bool) {
	numbers := make([]uint64, 0, len(s.seats))
	for number := range s.seats {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return func(yield func(uint64, *simClient) bool) {
		for _, number := range numbers {
			if !yield(number, s.seats[number]) {
				return
			}
		}
	}
}

func (s *simulation) resume(c *simClient, it *room.Item, notice []byte) {
	conn := s.outlets[it.Number]
	since := s.since[it.Number]
	if it.Restart || it.Lost && s.history.Evicted() > since {
		s.send(c, conn, s.m.Config().EncodeGap(nil, c.name, it.Seen.Epoch, 0, 0))
		s.since[it.Number] = it.Seq - 1
		s.send(c, conn, notice)
		return
	}
	if it.Seen.Epoch != 0 {
		since = max(since, it.Seen.Seq)
	}
	frames, gapTo := s.history.Missed(it.Number, since)
	if gapTo > 0 {
		s.send(c, conn, s.m.Config().EncodeGap(nil, c.name, s.m.Config().Epoch, since+1, gapTo))
	}
	for _, k := range frames {
		s.send(c, conn, k.Frame)
	}
}

// send puts a message on the wire of a client that has a connection.
func (s *simulation) send(c *simClient, conn uint64, payload []byte) {
	if conn == 0 || conn != c.conn { // the connection is gone, with what is on its way
		return
	}
	var m struct {
		Seq uint64 `json:"seq"`
	}
	_ = json.Unmarshal(payload, &m)
	for range s.fault(c, m.Seq) {
		c.wire = append(c.wire, payload)
	}
}

// read has a client read some of what is on its way.
func (s *simulation) read(c *simClient, n int) {
	for ; n > 0 && len(c.wire) > 0; n-- {
		payload := c.wire[0]
		c.wire = c.wire[1:]
		fmt.Fprintf(&s.log, "%s reads %s\n", c.name, payload)
		var m struct {
			Action string `json:"action"`
			Body   struct {
				Text  string `json:"text"`
				Epoch uint64 `json:"epoch"`
				To    uint64 `json:"to"`
			} `json:"message_body"`
			Seq uint64 `json:"seq"`
		}
		if err := json.Unmarshal(payload, &m); err != nil {
			panic(err)
		}
		switch m.Action {
		case "say":
			c.heard = append(c.heard, m.Body.Text)
		case "joined-room":
			c.seen.Epoch = m.Body.Epoch
		case "gap":
			c.gaps++
			c.seen.Epoch, c.seen.Seq = s.m.Config().Epoch, max(c.seen.Seq, m.Body.To)
		case "left-room":
			c.seen = room.Position{}
			continue
		}
		if c.seen.Epoch != 0 {
			c.seen.Seq = max(c.seen.Seq, m.Seq)
		}
	}
}

// step does one random thing.
func (s *simulation) step() {
	s.now = s.now.Add(time.Duration(s.rng.IntN(50)) * time.Millisecond)
	for number, due := s.m.Due(s.now); due; number, due = s.m.Due(s.now) {
		s.apply(&simClient{}, &room.Entry{Kind: room.KindTimer, Number: number})
	}
	c := s.clients[s.rng.IntN(len(s.clients))]
	switch inside := s.m.Member(c.name) != nil; s.rng.IntN(12) {
	case 0:
		if c.conn != 0 && inside { // what is on its way is lost
			conn := c.conn
			c.conn, c.wire = 0, nil
			s.apply(c, &room.Entry{Kind: room.KindDrop, Conn: conn})
		}
	case 1, 2:
		if c.conn == 0 {
			s.conns++
			c.conn = s.conns
			s.apply(c, &room.Entry{Kind: room.KindResume, Conn: c.conn, Seen: c.seen, Who: &room.Arrival{Resumable: true}})
		}
	case 3:
		if c.conn != 0 && !inside {
			c.first = len(s.sent)
			s.apply(c, &room.Entry{Kind: room.KindJoin, Conn: c.conn, Body: json.RawMessage("{}"), Who: &room.Arrival{Resumable: true}})
		}
	case 4:
		if inside && s.rng.IntN(6) == 0 {
			s.leave(c)
		}
	case 5, 6:
		s.read(c, s.rng.IntN(10))
	case 7:
		s.release(s.rng.IntN(20))
	default:
		if inside && c.conn != 0 {
			s.say(c)
		}
	}
}

func (s *simulation) say(c *simClient) {
	s.stamp++
	text := fmt.Sprint("m", s.stamp)
	entitled := map[string]bool{}
	for m := range s.m.Members() {
		entitled[m.ID] = true
	}
	s.sent = append(s.sent, sentText{text, entitled})
	c.id++
	s.apply(c, &room.Entry{Kind: room.KindMessage, ID: c.id, Action: "say", Body: json.RawMessage(fmt.Sprintf(`{"text":%q}`, text))})
}

// leave ends the membership of a client that has read everything.
func (s *simulation) leave(c *simClient) {
	s.release(len(s.sealed))
	s.read(c, len(c.wire))
	if c.conn != 0 {
		s.apply(c, &room.Entry{Kind: room.KindLeave, ID: 1})
	}
}

// settle has everybody come back and read all.
func (s *simulation) settle() {
	for _, c := range s.clients {
		if c.conn == 0 {
			s.conns++
			c.conn = s.conns
			s.apply(c, &room.Entry{Kind: room.KindResume, Conn: c.conn, Seen: c.seen, Who: &room.Arrival{Resumable: true}})
		}
	}
	s.release(len(s.sealed))
	for _, c := range s.clients {
		s.read(c, len(c.wire))
	}
}

// verdict checks that nothing was lost in silence (L, G), doubled (D) or out of order (O).
func (s *simulation) verdict() error {
	position := map[string]int{}
	for i, sent := range s.sent {
		position[sent.text] = i
	}
	for _, c := range s.clients {
		last := -1
		heard := map[string]bool{}
		for _, text := range c.heard {
			switch at := position[text]; {
			case heard[text]:
				return fmt.Errorf("D: %s heard %s twice", c.name, text)
			case at < last:
				return fmt.Errorf("O: %s heard %s late", c.name, text)
			case !s.sent[at].entitled[c.name]:
				return fmt.Errorf("%s heard %s, which was not for it", c.name, text)
			default:
				heard[text], last = true, at
			}
		}
		lost := 0
		for _, sent := range s.sent {
			if sent.entitled[c.name] && !heard[sent.text] {
				lost++
			}
		}
		if lost > 0 && c.gaps == 0 {
			return fmt.Errorf("L: %s lost %d messages and heard of no gap", c.name, lost)
		}
	}
	return nil
}

func simulate(seed uint64) *simulation {
	s := newSimulation(seed)
	for range 400 {
		s.step()
	}
	s.settle()
	return s
}

// TestSimulation: over random drops, resumes and late releases nothing is lost in
// silence, doubled or out of order.
func TestSimulation(t *testing.T) {
	said, gaps := 0, 0
	for seed := range uint64(*simulations) {
		s := simulate(seed)
		if err := s.verdict(); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, s.log.String())
		}
		said += len(s.sent)
		for _, c := range s.clients {
			gaps += c.gaps
		}
	}
	if said < 10**simulations || gaps == 0 {
		t.Errorf("%d messages and %d gaps in %d simulations", said, gaps, *simulations)
	}
}

// TestSimulationControls: the verdict finds a frame that is lost, and one that is doubled.
func TestSimulationControls(t *testing.T) {
	for name, times := range map[string]int{"L": 0, "D": 2} {
		found := false
		for seed := range uint64(20) {
			s := newSimulation(seed)
			s.fault = func(c *simClient, seq uint64) int {
				if c.name == "c1" && seq%7 == 0 {
					return times
				}
				return 1
			}
			for range 400 {
				s.step()
			}
			s.settle()
			err := s.verdict()
			found = found || err != nil && strings.HasPrefix(err.Error(), name)
		}
		if !found {
			t.Errorf("%s was not found", name)
		}
	}
}

// TestSimulationReplays: a seed gives the same transcript, byte for byte.
func TestSimulationReplays(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	want := map[uint64]uint64{}
	for run := range 100 {
		runtime.GOMAXPROCS(1 + run%2)
		for seed := range uint64(3) {
			sum := fnv.New64()
			_, _ = sum.Write([]byte(simulate(seed).log.String()))
			if run == 0 {
				want[seed] = sum.Sum64()
			} else if sum.Sum64() != want[seed] {
				t.Fatalf("run %d, seed %d: another transcript", run, seed)
			}
		}
	}
}
