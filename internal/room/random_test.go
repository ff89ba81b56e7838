package room_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

var histories = flag.Int("histories", 300, "random histories with a restore between random entries; a tenth with -short")

// times is how often a test with random choices runs.
func times(n int) int {
	if testing.Short() {
		return max(n/10, 1)
	}
	return n
}

// history is a random sequence of entries, played against a room. Its choices depend on
// the seed and on the room's output.
type history struct {
	rng   *rand.Rand
	app   *app
	m     *room.Machine
	now   time.Time
	pos   uint64
	conn  uint64
	open  []uint64 // tasks
	names int      // of clients: few, or enough that the room keeps an index
	text  strings.Builder
	// between is called between two entries; nil: nothing happens there.
	between func(*history)
	check   func(*room.Entry, *room.Output)
	encoded bool // entries are encoded and decoded on their way
}

var kinds = []string{"coded", "relay", "ticking", "stamped", "lobby", "hall"}

func newHistory(seed uint64) *history {
	h := &history{rng: rand.New(rand.NewPCG(seed, 1)), now: began}
	h.app = &app{kind: kinds[h.rng.IntN(len(kinds))]}
	var out *room.Output
	cfg := config(h.app.kind)
	cfg.AnnounceMaxMembers = h.rng.IntN(7)
	h.names = []int{6, 6, 20}[h.rng.IntN(3)]
	h.m, out = open(cfg, h.app)
	h.write(out)
	return h
}

// play applies n entries, or fewer if the room closes.
func (h *history) play(n int) *history {
	for range n {
		if h.between != nil {
			h.between(h)
		}
		e := h.next()
		h.pos++
		e.Pos, e.Time = h.pos, h.now
		if h.encoded {
			decoded, rest, err := room.ReadEntry(room.AppendEntry(nil, &e))
			if err != nil || len(rest) > 0 {
				panic(err)
			}
			e = decoded
		}
		out := apply(h.m, &e)
		if h.check != nil {
			h.check(&e, out)
		}
		h.write(out)
		for _, effect := range out.Effects {
			if effect.Kind == room.EffectTask {
				h.open = append(h.open, effect.Number)
			}
		}
		if info, changed := h.m.Info(); changed {
			fmt.Fprintf(&h.text, "%+v\n", *info)
		}
		if out.Closed {
			break
		}
	}
	return h
}

// write writes the output as text.
func (h *history) write(out *room.Output) {
	describe(&h.text, out)
	for i := range out.Items {
		fmt.Fprintf(&h.text, "%+v\n", out.Items[i])
	}
	fmt.Fprintf(&h.text, "%+v %+v %t\n", out.Effects, out.Reply, out.Closed)
}

// next makes the next entry. Time advances before some.
func (h *history) next() room.Entry {
	r := h.rng
	if r.IntN(4) == 0 {
		h.now = h.now.Add(time.Duration(r.IntN(8000)) * time.Millisecond)
	}
	if number, due := h.m.Due(h.now); due {
		return room.Entry{Kind: room.KindTimer, Number: number}
	}
	if idle, empty := h.m.IdleAt(); empty && h.pos > 20 && !idle.After(h.now) {
		return room.Entry{Kind: room.KindIdle}
	}
	if len(h.open) > 0 && r.IntN(3) == 0 {
		number := h.open[0]
		h.open = h.open[1:]
		e := room.Entry{Kind: room.KindResult, Number: number, Body: json.RawMessage(`{"n":1}`)}
		if r.IntN(3) == 0 {
			e.Body, e.Failed = nil, &room.Failure{Code: "not-found", Message: "nothing"}
		}
		return e
	}
	if r.IntN(100) == 0 {
		return room.Entry{Kind: room.KindRestore, Number: uint64(r.IntN(9)) * uint64(time.Second)}
	}
	switch r.IntN(30) {
	case 0:
		return room.Entry{Kind: room.KindConfirmed, Number: uint64(r.IntN(5))}
	case 1:
		return room.Entry{
			Kind: room.KindTold, Action: h.action(), Body: h.body(), Target: h.name(),
			Seen: room.Position{Epoch: uint64(r.IntN(3)), Seq: uint64(r.IntN(5))},
		}
	}
	h.conn++
	e := room.Entry{Member: h.name(), ID: uint64(r.IntN(3)) * h.conn, Conn: h.conn, Body: h.body()}
	choice := r.IntN(16)
	if h.names > 6 && h.pos > 90 && r.IntN(2) == 0 { // many join, and many leave
		choice = 3
	}
	switch choice {
	case 0, 1, 2:
		e.Kind, e.Who = room.KindJoin, h.who()
		if r.IntN(5) == 0 {
			e.Flags |= room.FlagAway
		}
		if r.IntN(20) == 0 {
			e.Flags |= room.FlagCreate
		}
		if h.m.Config().Lobby {
			e.Flags |= room.FlagConnect
		}
		if r.IntN(3) == 0 {
			e.Body = encode(order{Name: h.action(), Text: "x", Who: h.name(), N: 1 + r.IntN(9), After: r.IntN(20)})
		}
	case 3:
		e.Kind = room.KindLeave
	case 4:
		e.Kind, e.Conn = room.KindDrop, h.conn-uint64(r.IntN(4))
	case 5:
		e.Kind, e.Who, e.Seen = room.KindResume, h.who(), room.Position{Epoch: 76 + uint64(r.IntN(2)), Seq: uint64(r.IntN(50))}
	case 6:
		e.Kind, e.Target, e.Action = room.KindDirect, h.name(), "whisper"
	case 7:
		e.Kind, e.Body = room.KindMembers, json.RawMessage(fmt.Sprintf(`{"after":%d}`, r.IntN(5)))
	case 8:
		e.Kind, e.Body = room.KindHistory, json.RawMessage(fmt.Sprintf(`{"before":%d}`, r.IntN(50)))
	case 9:
		e.Kind, e.Action = room.KindDuplicate, "say"
	case 10:
		e.Kind, e.Body = room.KindInfo, encode(order{Name: h.action(), Text: "x", Who: h.name(), After: r.IntN(20), Then: h.ending()})
	case 11:
		e = room.Entry{Kind: room.KindServer, Action: h.action(), Body: h.body()}
	case 12:
		e = room.Entry{Kind: room.KindBroadcast, Action: "news", Body: h.body(), Send: &room.Send{Except: []string{h.name()}, Key: "news", From: h.name()}}
	default:
		e.Kind, e.Action = room.KindMessage, h.action()
	}
	return e
}

func (h *history) name() string {
	if h.rng.IntN(60) == 0 {
		return "closer"
	}
	return fmt.Sprint("c", h.rng.IntN(h.names))
}

func (h *history) who() *room.Arrival {
	r := h.rng
	w := &room.Arrival{Resumable: r.IntN(3) > 0, Network: fmt.Sprint("n", r.IntN(3)), Attempts: max(r.IntN(40)-28, 0)}
	if r.IntN(2) == 0 {
		w.Identity = &room.Identity{User: h.name(), Claims: map[string]any{"n": json.Number(fmt.Sprint(r.IntN(9)))}}
	}
	if r.IntN(2) == 0 {
		w.Info = json.RawMessage(`{"name":"x"}`)
	}
	return w
}

func (h *history) action() string {
	rare := []string{"kick", "close", "set-capacity", "set-hidden", "set-presence", "set-history", "set-overflow", "set-timestamps"}
	often := []string{"say", "say", "say", "tell", "set-timer", "set-bare-timer", "stop-timer", "start-task", "start-bare-task", "roll", "join-other", "set-properties", "tell-other", "tell-other",
		"count", "write", "write", "erase", "mark", "mark", "read", "read"}
	if h.rng.IntN(12) == 0 {
		return rare[h.rng.IntN(len(rare))]
	}
	return often[h.rng.IntN(len(often))]
}

func (h *history) body() json.RawMessage {
	r := h.rng
	o := order{
		Text: fmt.Sprint("t", r.IntN(100)), Who: h.name(), Name: fmt.Sprint("x", r.IntN(3)), After: r.IntN(20), N: r.IntN(4),
		Policy: room.Overflow(r.IntN(5)), Volatile: r.IntN(8) == 0,
	}
	if r.IntN(5) == 0 {
		o.Only = []string{h.name(), h.name()}
	}
	if r.IntN(5) == 0 {
		o.Except = []string{h.name(), "nobody"}
	}
	if r.IntN(4) == 0 {
		o.Key = fmt.Sprint("k", r.IntN(2))
	}
	if r.IntN(10) == 0 {
		o.Later = []string{"fail", "break", "panic", "exit"}[r.IntN(4)]
	}
	o.Then = h.ending()
	raw := encode(o)
	if r.IntN(3) == 0 {
		raw = bytes.Replace(raw, []byte("{"), []byte([]string{`{"password":"p",`, `{"password":"q",`, `{"password":7,`}[min(r.IntN(8)/3, 2)]), 1)
	}
	return raw
}

// TestSameTranscript: the same seed gives the same output, byte for byte, whatever else
// happens on the machine.
func TestSameTranscript(t *testing.T) {
	sameEachTime(t, 3, func(seed uint64) string { return newHistory(seed).play(200).text.String() })
}

// ending is how a hook ends; most succeed.
func (h *history) ending() string {
	switch h.rng.IntN(60) {
	case 0:
		return []string{"panic", "exit"}[h.rng.IntN(2)]
	case 1, 2, 3:
		return "fail"
	case 4, 5:
		return "break"
	case 6, 7:
		return "reply"
	default:
		return ""
	}
}

// sameEachTime runs f for some seeds a hundred times, on one processor and on two.
func sameEachTime(t *testing.T, seeds uint64, f func(seed uint64) string) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	want := map[uint64]string{}
	for run := range times(100) {
		runtime.GOMAXPROCS(1 + run%2)
		for seed := range seeds {
			got := f(seed)
			if run == 0 {
				want[seed] = got
			} else if got != want[seed] {
				t.Fatalf("run %d, seed %d: %s", run, seed, difference(want[seed], got))
			}
		}
	}
}

// TestRestoreAnywhere: a room that is encoded, discarded and decoded between random
// entries, with each entry encoded and decoded too, yields the same output as one that is
// not.
func TestRestoreAnywhere(t *testing.T) {
	for seed := range uint64(times(*histories)) {
		want := newHistory(seed).play(200)
		pick := rand.New(rand.NewPCG(seed, 2))
		restored := newHistory(seed)
		restored.encoded = true
		restored.between = func(h *history) {
			if pick.IntN(3) > 0 {
				return
			}
			again := &app{kind: h.app.kind}
			m, err := room.Restore(snapshot(h.m), again)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			h.m, h.app = m, again
		}
		if got := restored.play(200).text.String(); got != want.text.String() {
			t.Fatalf("seed %d: %s", seed, difference(want.text.String(), got))
		}
	}
}

// invariants are the properties that hold after each entry.
type invariants struct {
	t      testing.TB
	m      *room.Machine
	seq    uint64
	inside map[uint64]string // members by number
	newest uint64
	closed bool
}

func newInvariants(t testing.TB, m *room.Machine) *invariants {
	return &invariants{t: t, m: m, inside: map[uint64]string{}}
}

func (v *invariants) check(e *room.Entry, out *room.Output) {
	if v.closed {
		if summary(out) != "" {
			v.t.Errorf("output after the close: %+v", out)
		}
		return
	}
	answers := 0
	for i := range out.Items {
		it := &out.Items[i]
		v.checkMembers(it)
		v.checkFrame(it, out.Payload(it))
		if it.Answer {
			answers++
		}
	}
	if answers > 1 {
		v.t.Errorf("%d answers", answers)
	}
	if out.Reply.Err != nil {
		v.checkFailure(e, out)
	}
	v.checkState(e, out)
}

// checkMembers checks what an item says about members.
func (v *invariants) checkMembers(it *room.Item) {
	switch it.Kind {
	case room.ItemEnter:
		if it.Number <= v.newest || it.Member == "" {
			v.t.Errorf("%q enters as %d after %d", it.Member, it.Number, v.newest)
		}
		if it.Seq < v.seq {
			v.t.Errorf("%q is entitled to what follows %d, but the position is %d", it.Member, it.Seq, v.seq)
		}
		v.seq = it.Seq // it is entitled to everything from now on
		v.newest = it.Number
		v.inside[it.Number] = it.Member
	case room.ItemExit:
		if v.inside[it.Number] != it.Member || it.Member == "" {
			v.t.Errorf("%q exits as %d and is not inside", it.Member, it.Number)
		}
		delete(v.inside, it.Number)
	case room.ItemDrop, room.ItemResume:
		if v.inside[it.Number] == "" {
			v.t.Errorf("member %d is not inside", it.Number)
		}
	case room.ItemAll, room.ItemExcept, room.ItemOnly, room.ItemPage, room.ItemDuplicate, room.ItemGone:
	}
	if (it.Kind == room.ItemEnter || it.Kind == room.ItemExit) && it.Members != len(v.inside) {
		v.t.Errorf("an item says %d members, but there are %d", it.Members, len(v.inside))
	}
	for _, number := range it.Numbers {
		if number != 0 && v.inside[number] == "" {
			v.t.Errorf("item %d is for %d, which is not inside", it.Seq, number)
		}
	}
}

// checkFrame checks the number and payload of an item.
func (v *invariants) checkFrame(it *room.Item, payload []byte) {
	if (it.IsFrame() || len(payload) > 0) && !json.Valid(payload) {
		v.t.Errorf("not JSON: %s", payload)
	}
	if it.Kind == room.ItemEnter || !it.IsFrame() && it.Seq == 0 {
		return // its seq belongs to a later frame, or it has none
	}
	if it.Seq <= v.seq {
		v.t.Errorf("seq %d after %d", it.Seq, v.seq)
	}
	v.seq = max(v.seq, it.Seq)
}

// checkFailure checks that a failed entry yields its error and nothing else, unless it
// ends the room.
func (v *invariants) checkFailure(e *room.Entry, out *room.Output) {
	want := 1 // the error
	if e.Member == "" || e.Flags&room.FlagConnect != 0 || e.Kind == room.KindDrop || e.Kind == room.KindResume {
		want = 0
	}
	errs := 0
	for i := range out.Items {
		if it := &out.Items[i]; it.Answer && it.Kind == room.ItemOnly && it.Action == protocol.ActionError && it.Re == e.ReAction() && it.ID == e.ID {
			errs++
		}
	}
	if errs != want {
		v.t.Errorf("%d errors for an entry that failed", errs)
	}
	confirms := 0 // what was told is heard by a handler that fails, too
	if e.Kind == room.KindTold && e.Seen.Epoch != 0 {
		confirms = 1
	}
	if !out.Closed && (len(out.Items) != want || len(out.Effects) != confirms) {
		v.t.Errorf("an entry that failed yields %d items and %d effects", len(out.Items), len(out.Effects))
	}
	if (room.AsPanic(out.Reply.Err) != nil) != out.Closed {
		v.t.Errorf("closed: %t, after %v", out.Closed, out.Reply.Err)
	}
}

// checkState compares the room with what its output said.
func (v *invariants) checkState(e *room.Entry, out *room.Output) {
	n := uint64(0)
	for member := range v.m.Members() {
		if v.inside[member.Number] != member.ID || member.Number <= n || v.m.Member(member.ID) != member {
			v.t.Errorf("%s is member %d after %d, but entered as %q", member.ID, member.Number, n, v.inside[member.Number])
		}
		n = member.Number
	}
	if v.m.Len() != len(v.inside) {
		v.t.Errorf("%d members, but %d are inside", v.m.Len(), len(v.inside))
	}
	if out.Reply.IsMember != (v.m.Member(e.Member) != nil) {
		v.t.Errorf("IsMember: %t", out.Reply.IsMember)
	}
	if v.m.Now().Before(e.Time) {
		v.t.Errorf("the time is %v after an entry of %v", v.m.Now(), e.Time)
	}
	if out.Closed {
		v.closed = true
		if _, some := v.m.NextAlarm(); some || len(v.inside) > 0 {
			v.t.Errorf("a closed room has members %v, alarms: %t", v.inside, some)
		}
	}
}

// summary is an output as a caller sees it.
func summary(out *room.Output) string {
	var b strings.Builder
	describe(&b, out)
	return b.String()
}

func TestInvariants(t *testing.T) {
	for seed := range uint64(times(200)) {
		h := newHistory(seed)
		v := newInvariants(t, h.m)
		h.check = v.check
		h.play(200)
		if v.closed { // entries after the close change nothing
			for range 10 {
				e := h.next()
				v.check(&e, apply(h.m, &e))
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzEntries applies everything that can be decoded: no sequence of entries breaks a
// room.
func FuzzEntries(f *testing.F) {
	seeded := map[string]bool{}
	for seed := uint64(0); len(seeded) < len(kinds); seed++ {
		var b []byte
		h := newHistory(seed)
		if seeded[h.app.kind] {
			continue
		}
		seeded[h.app.kind] = true
		h.check = func(e *room.Entry, _ *room.Output) { b = room.AppendEntry(b, e) }
		h.play(40)
		f.Add(uint8(slices.Index(kinds, h.app.kind)), b)
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		a := &app{kind: kinds[int(kind)%len(kinds)]}
		m, _ := open(config(a.kind), a)
		v := newInvariants(t, m)
		for {
			e, rest, err := room.ReadEntry(b)
			if err != nil {
				return
			}
			b = rest
			if passesDoor(&e) {
				v.check(&e, apply(m, &e))
			}
		}
	})
}

// passesDoor reports whether the server could have made such an entry.
func passesDoor(e *room.Entry) bool {
	switch e.Kind {
	case room.KindJoin, room.KindResume:
		if e.Who == nil || e.Who.Info != nil && !isObject(e.Who.Info) {
			return false
		}
	case room.KindBroadcast:
		if e.Send == nil || e.Send.From != "" && protocol.ValidName(e.Send.From) != nil || !utf8.ValidString(e.Send.Key) {
			return false
		}
	case room.KindMessage, room.KindDirect, room.KindMembers, room.KindHistory, room.KindLeave, room.KindDrop, room.KindDuplicate,
		room.KindInfo, room.KindServer, room.KindTimer, room.KindResult, room.KindIdle, room.KindClose, room.KindRestore, room.KindTold, room.KindConfirmed:
	}
	if e.Kind <= room.KindInfo && protocol.ValidName(e.Member) != nil || e.Kind > room.KindInfo && e.Member != "" {
		return false
	}
	if e.Action != "" && protocol.ValidAction(e.Action) != nil || e.Action == "" && e.Kind != room.KindJoin {
		return false
	}
	return isObject(e.Body)
}

func isObject(raw json.RawMessage) bool {
	return len(raw) > 0 && raw[0] == '{' && utf8.Valid(raw) && json.Valid(raw)
}
