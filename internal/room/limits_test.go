package room_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// crowd opens a relay room with n members, whose names are m1, m2, and so on.
func crowd(t *testing.T, n int, info json.RawMessage) *room.Machine {
	t.Helper()
	cfg := config("relay")
	cfg.AnnounceMaxMembers = 10_000
	m, _ := room.Open(cfg, &app{kind: "relay"})
	for i := range n {
		e := room.Entry{Kind: room.KindJoin, Member: fmt.Sprint("m", i+1), Conn: uint64(i + 1), Who: &room.Arrival{Info: info}, Time: began}
		if out := m.Apply(&e); out.Reply.Err != nil {
			t.Fatal(out.Reply.Err)
		}
	}
	return m
}

type memberPage struct {
	Members, Clients []struct{ Client, State string }
	Count            int
	Next             uint64
}

// names are the names in a page, in a message or a body.
func (p *memberPage) names() (names []string) {
	for _, m := range append(p.Members, p.Clients...) {
		names = append(names, m.Client)
	}
	return names
}

func readPage(t *testing.T, body json.RawMessage) (p memberPage) {
	t.Helper()
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return p
}

func upTo(first, last int) (names []string) {
	for i := first; i <= last; i++ {
		names = append(names, fmt.Sprint("m", i))
	}
	return names
}

// TestMemberPages: pages of the members follow one another without a hole, even if
// members have left.
func TestMemberPages(t *testing.T) {
	large := json.RawMessage(`{"x":"` + strings.Repeat("x", 1000) + `"}`)
	perPage := room.PageBytes / (len(large) + len(`{"client":"m1","state":"online","info":},`))
	for name, tt := range map[string]struct {
		info json.RawMessage
		size int
	}{"by number": {nil, room.PageItems}, "by bytes": {large, perPage}} {
		m := crowd(t, 2*room.PageItems+10, tt.info)
		for i := 150; i < 180; i++ {
			m.Apply(&room.Entry{Kind: room.KindLeave, Member: fmt.Sprint("m", i)})
		}
		want := append(upTo(1, 149), upTo(180, 2*room.PageItems+10)...)
		var got []string
		after := uint64(0)
		for pages := 0; pages == 0 || after != 0; pages++ {
			out := m.Apply(&room.Entry{Kind: room.KindMembers, Member: "m1", ID: 1, Body: json.RawMessage(fmt.Sprintf(`{"after":%d}`, after))})
			p := readPage(t, out.Reply.Body)
			if p.Count != len(want) || len(p.names()) > tt.size || p.Next != 0 && len(p.names()) < tt.size-1 || pages > len(want) {
				t.Fatalf("%s: page %d has %d members of %d, next %d", name, pages, len(p.names()), p.Count, p.Next)
			}
			got, after = append(got, p.names()...), p.Next
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestPresencePages: changes of many members take several messages, which together name
// each member once.
func TestPresencePages(t *testing.T) {
	for name, info := range map[string]string{"by number": "{}", "by bytes": `{"x":"` + strings.Repeat("x", 2000) + `"}`} {
		const n = 2*room.PageItems + 10
		m := crowd(t, n, nil)
		for i := range n {
			m.Apply(&room.Entry{Kind: room.KindInfo, Member: fmt.Sprint("m", i+1), Body: json.RawMessage(info), Time: began})
		}
		at := began.Add(time.Second)
		number, due := m.Due(at)
		if !due {
			t.Fatal(name, "no alarm")
		}
		out := m.Apply(&room.Entry{Kind: room.KindTimer, Number: number, Time: at})
		var got []string
		for i := range out.Items {
			payload := out.Payload(&out.Items[i])
			envelope, err := protocol.ParseServer(payload)
			if err != nil || len(payload) > room.PageBytes+1000 {
				t.Fatalf("%s: a message of %d bytes, %v", name, len(payload), err)
			}
			p := readPage(t, json.RawMessage(envelope.Body))
			if len(p.names()) == 0 || len(p.names()) > room.PageItems {
				t.Errorf("%s: %d members in a message", name, len(p.names()))
			}
			got = append(got, p.names()...)
		}
		if !reflect.DeepEqual(got, upTo(1, n)) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestManyGuessers: a room remembers a bounded number of networks, preferably those whose
// minute is not over.
func TestManyGuessers(t *testing.T) {
	m, _ := room.Open(config("relay"), &app{kind: "relay"})
	now := began
	guess := func(network, password string) error {
		return m.Apply(&room.Entry{
			Kind: room.KindJoin, Member: "x" + network, Conn: 1, Time: now, Body: encode(map[string]string{"password": password}), Who: &room.Arrival{Network: network},
		}).Reply.Err
	}
	code := func(err error) protocol.Code { e, _ := room.Public(err); return e.Code }
	if err := guess("opener", "p"); err != nil {
		t.Fatal(err)
	}
	block := func(network string) {
		for range room.MaxGuesses {
			if got := code(guess(network, "wrong")); got != protocol.CodeForbidden {
				t.Fatalf("a wrong password: %s", got)
			}
		}
		if got := code(guess(network, "p")); got != protocol.CodeRateLimited {
			t.Fatalf("after %d wrong passwords: %s", room.MaxGuesses, got)
		}
	}
	others := func(prefix string, n int) {
		for i := range n {
			_ = guess(fmt.Sprint(prefix, i), "wrong")
		}
	}
	others("old", 900)
	now = now.Add(room.GuessWindow + 1)
	block("blocked")
	others("new", 500) // the old ones make room for these
	if got := code(guess("blocked", "p")); got != protocol.CodeRateLimited {
		t.Errorf("while other networks guess: %s", got)
	}
	others("newer", 1024) // more than it can remember
	if err := guess("blocked", "p"); err != nil {
		t.Errorf("after too many other networks: %v", err)
	}
	if size := len(snapshot(m)); size > 64<<10 {
		t.Errorf("the snapshot takes %d bytes", size)
	}
}

// TestIdentityOfConnection: a member has the identity of its newest connection.
func TestIdentityOfConnection(t *testing.T) {
	m, _ := room.Open(config("coded"), &app{kind: "coded"})
	arrive := func(kind room.Kind, conn uint64, user string) {
		m.Apply(&room.Entry{Kind: kind, Member: "ann", Conn: conn, Who: &room.Arrival{Identity: &room.Identity{User: user}}})
	}
	for _, step := range []struct {
		kind room.Kind
		conn uint64
		user string
		want string
	}{
		{room.KindJoin, 1, "first", "first"}, {room.KindResume, 3, "second", "second"},
		{room.KindResume, 2, "older", "second"}, {room.KindJoin, 4, "again", "second"},
	} {
		arrive(step.kind, step.conn, step.user)
		if got := m.Member("ann").Identity.User; got != step.want {
			t.Errorf("after connection %d: %s, want %s", step.conn, got, step.want)
		}
	}
}

// TestTimeNeverGoesBack: a room keeps the newest time that it has seen.
func TestTimeNeverGoesBack(t *testing.T) {
	m := crowd(t, 1, nil)
	m.Apply(&room.Entry{Kind: room.KindMessage, Member: "m1", Action: "say", Time: began.Add(time.Hour)})
	m.Apply(&room.Entry{Kind: room.KindMessage, Member: "m1", Action: "say", Time: began})
	if !m.Now().Equal(began.Add(time.Hour)) {
		t.Errorf("it is %v", m.Now())
	}
}

// TestLentOutput: an output that other rooms have used before gives the same results as a
// room's own.
func TestLentOutput(t *testing.T) {
	dirty := new(room.Output)
	for seed := range uint64(20) {
		want := newHistory(seed).play(100).text.String()
		lent := newHistory(seed)
		lent.between = func(h *history) { h.m.Return(); h.m.Lend(dirty) }
		if got := lent.play(100).text.String(); got != want {
			t.Fatalf("seed %d: %s", seed, difference(want, got))
		}
	}
}

// TestEntryKinds: how each kind is answered, and whether a full mailbox may refuse it.
func TestEntryKinds(t *testing.T) {
	re := map[room.Kind]string{
		room.KindJoin: "join-room", room.KindLeave: "leave-room", room.KindMembers: "list-members", room.KindHistory: "history",
	}
	bounded := map[room.Kind]bool{
		room.KindMessage: true, room.KindDirect: true, room.KindMembers: true, room.KindHistory: true,
		room.KindJoin: true, room.KindServer: true, room.KindBroadcast: true,
	}
	for kind := room.KindMessage; kind <= room.KindClose; kind++ {
		e := room.Entry{Kind: kind, Action: "say"}
		want := re[kind]
		if want == "" {
			want = "say"
		}
		if e.ReAction() != want || e.Bounded() != bounded[kind] {
			t.Errorf("kind %d: re %q, bounded: %t", kind, e.ReAction(), e.Bounded())
		}
	}
	connect := room.Entry{Kind: room.KindJoin, Flags: room.FlagConnect}
	if connect.Bounded() {
		t.Error("connecting can be refused by the lobby's mailbox")
	}
}

// TestProperties: the properties that the opener of a relay room may list have a size
// limit.
func TestProperties(t *testing.T) {
	open := func(size int) error {
		m, _ := room.Open(config("relay"), &app{kind: "relay"})
		body := `{"properties":{"x":"` + strings.Repeat("x", size-len(`{"x":""}`)) + `"}}`
		out := m.Apply(&room.Entry{Kind: room.KindJoin, Member: "ann", Body: json.RawMessage(body), Who: &room.Arrival{}})
		return out.Reply.Err
	}
	if err := open(room.MaxProperties); err != nil {
		t.Error(err)
	}
	if public, _ := room.Public(open(room.MaxProperties + 1)); public.Code != protocol.CodeTooLarge {
		t.Error(public)
	}
}
