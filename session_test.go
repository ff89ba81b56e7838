package simplysocket_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// page is a v1 client over one connection after the other. Unlike an SDK it does nothing
// on its own.
type page struct {
	*peer
	h     *host
	opts  []dialOption
	token string
	rooms map[string][2]uint64
	n     uint64
	seen  int // of the inbox of this connection
}

func (h *host) page(opts ...dialOption) *page {
	h.t.Helper()
	p := &page{h: h, opts: append(opts, v1), rooms: map[string][2]uint64{}}
	h.t.Cleanup(func() { p.CutOff() }) // the connection that it has by then
	if m := p.hello(object{}); strings.Contains(string(m.Body), `"resumed":true`) {
		h.t.Fatalf("a new session is resumed: %v", m)
	}
	return p
}

// hello connects, says hello and reads the welcome.
func (p *page) hello(body object) message {
	p.h.t.Helper()
	lastID := uint64(0)
	if p.peer != nil {
		lastID = p.LastID
	}
	before := p.peer
	c, err := p.h.open("", p.opts...)
	if err != nil {
		p.h.t.Fatal(err)
	}
	p.peer, p.seen = c, 0
	p.LastID = lastID
	p.Write(envelope(0, "hello", "", body))
	m := p.Expect("welcome")
	p.id, p.token = m.Field("client"), m.Field("session")
	if before != nil && !before.Ended() {
		p.h.t.Cleanup(before.CutOff)
	}
	return m
}

// position records how far the page has read.
func (p *page) position() {
	for _, m := range p.Received()[p.seen:] {
		p.seen++
		room := m.Room
		if room == "" && !m.IsTargetClient {
			room = m.Target
		}
		epoch := p.rooms[room][0]
		if m.Action == "joined-room" {
			epoch = decode[struct{ Epoch uint64 }](p.h.t, m.Body).Epoch
		}
		if room != "" && m.Seq != 0 {
			p.rooms[room] = [2]uint64{epoch, m.Seq}
		}
		p.n = max(p.n, m.N)
	}
}

// resume returns to the session, over a new connection.
func (p *page) resume() {
	p.h.t.Helper()
	if m := p.again(); !strings.Contains(string(m.Body), `"resumed":true`) {
		p.h.t.Fatalf("not resumed: %v", m)
	}
}

func (p *page) again() message {
	p.h.t.Helper()
	p.position()
	return p.hello(object{"session": p.token, "rooms": p.rooms, "direct": p.n})
}

// cut breaks the connection and waits until the server has noticed.
func (p *page) cut() {
	p.h.t.Helper()
	kept := p.h.Stats().Disconnected
	_ = p.Conn.CloseNow()
	waitFor(p.h.t, "the session to wait", func() bool { return p.h.Stats().Disconnected == kept+1 })
	<-p.Done()
}

// texts returns the received messages of that action, and gaps.
func (p *page) texts(action string) (texts []string) {
	for _, m := range p.Received() {
		switch m.Action {
		case action:
			texts = append(texts, m.Field("text"))
		case "gap":
			texts = append(texts, "gap")
		}
	}
	return texts
}

func TestResume(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	witness := h.member("r")
	p := h.page()
	p.Call("join-room", "r", nil)
	slug := p.id
	witness.Expect("client-joined-room")
	witness.Call("x", "r", note{"before"})
	p.Expect("x")
	for range 3 {
		p.cut()
		for i := range 20 {
			witness.Call("x", "r", note{fmt.Sprint(i)})
		}
		p.resume()
		if p.id != slug {
			t.Fatalf("the session has another slug: %s, %s", p.id, slug)
		}
		witness.Call("x", "r", note{"live"})
		p.Until("the live message", func(m message) bool { return m.Field("text") == "live" })
		want := []string{}
		for i := range 20 {
			want = append(want, fmt.Sprint(i))
		}
		if got := p.texts("x"); !slices.Equal(got, append(want, "live")) {
			t.Errorf("got %v", got)
		}
		if first := p.Received()[0]; first.Action != "welcome" {
			t.Errorf("the first message is %v", first)
		}
	}
	for _, m := range witness.Received() {
		if m.Action == "client-left-room" {
			t.Errorf("the others saw it leave: %v", m)
		}
	}
	p.Call("x", "r", note{"mine"}) // and it is a member as before
	if s := h.Stats(); s.Resumes != 3 || s.Disconnected != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestResumeIsEntitled: messages that excluded a member, were for others, were volatile
// or were replaced by newer ones are not replayed.
func TestResumeIsEntitled(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.OnJoin(func(*simplysocket.Join) error { return nil })
		room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return nil })
		simplysocket.On(room, "say", func(m *simplysocket.Member, to note) error {
			other := room.Member(to.Text)
			_ = room.Broadcast("x", note{"all"})
			_ = room.Broadcast("x", note{"except"}, simplysocket.Except(other))
			_ = room.Broadcast("x", note{"only"}, simplysocket.Only(other))
			_ = room.Broadcast("x", note{"only another"}, simplysocket.Only(m))
			_ = room.Broadcast("x", note{"volatile"}, simplysocket.Volatile())
			_ = room.Broadcast("x", note{"old"}, simplysocket.Conflate("k"))
			_ = room.Broadcast("x", note{"new"}, simplysocket.Conflate("k"))
			_ = other.Send("x", note{"direct"})
			_ = m.Send("x", note{"direct to another"})
			return room.Broadcast("x", note{"end"})
		})
		return nil
	})
	a := h.member("r")
	p := h.page()
	p.Call("join-room", "r", nil)
	p.cut()
	a.Call("say", "r", note{p.id})
	p.resume()
	p.Until("the end", func(m message) bool { return m.Field("text") == "end" })
	if got := p.texts("x"); !slices.Equal(got, []string{"all", "only", "new", "direct", "end"}) {
		t.Errorf("got %v", got)
	}
	// A member that joins later gets none of it.
	q := h.page()
	q.Call("join-room", "r", nil)
	q.cut()
	q.resume()
	q.Call("list-members", "r", nil)
	if got := q.texts("x"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// TestGapOnResume: messages that the history no longer has are reported, before the
// others.
func TestGapOnResume(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, HistoryMessages: 10})
	a, p := h.member("r"), h.page()
	p.Call("join-room", "r", nil)
	p.cut()
	for i := range 30 {
		a.Call("x", "r", note{fmt.Sprint(i)})
	}
	p.position()
	last := p.rooms["r"]
	p.resume()
	p.Until("the last", func(m message) bool { return m.Field("text") == "29" })
	want := []string{"gap"}
	for i := 20; i < 30; i++ {
		want = append(want, fmt.Sprint(i))
	}
	if got := p.texts("x"); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for _, m := range p.Received() {
		if m.Action != "gap" {
			continue
		}
		gap := decode[struct{ Epoch, From, To uint64 }](t, m.Body)
		if gap.Epoch != last[0] || gap.From != last[1]+1 || gap.To <= gap.From || m.Room != "r" {
			t.Errorf("gap %v behind %v", m, last)
		}
	}
}

// TestReplayIsBesideTheOutbox: a session may have missed much more than an outbox holds.
func TestReplayIsBesideTheOutbox(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{
		MessageRate: simplysocket.Unlimited, OutboxBytes: 32 << 10, HistoryMessages: 1000, HistoryBytes: 16 << 20,
	})
	a, p := h.member("r"), h.page()
	p.Call("join-room", "r", nil)
	p.cut()
	const n = 500
	text := strings.Repeat("x", 16<<10) // 8 MB in all: more than the sockets hold
	for range n {
		a.Call("x", "r", note{text})
	}
	p.resume()
	a.Call("x", "r", note{"live"})
	p.Until("the live message", func(m message) bool { return m.Field("text") == "live" })
	if got := p.texts("x"); len(got) != n+1 || slices.Contains(got, "gap") {
		t.Errorf("got %d messages", len(got))
	}
}

// TestHistoryForgets: a room does not keep its history forever.
func TestHistoryForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, &simplysocket.Options{ResumeWindow: time.Hour, HistoryAge: 90 * time.Second})
		a, p := h.member("r"), h.page()
		p.Call("join-room", "r", nil)
		p.cut()
		a.Call("x", "r", note{"old"})
		time.Sleep(80 * time.Second)
		a.Call("x", "r", note{"young"})
		time.Sleep(20 * time.Second)
		p.resume()
		a.Call("x", "r", note{"live"})
		p.Until("the live message", func(m message) bool { return m.Field("text") == "live" })
		if got := p.texts("x"); !slices.Equal(got, []string{"gap", "young", "live"}) {
			t.Errorf("got %v", got)
		}
	})
}

// TestResumeWindow: hooks, and the end of a session that does not come back.
func TestResumeWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := elapsed{since: time.Now()}
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				room.OnDrop(func(*simplysocket.Member) error { seen.note(time.Now(), "drop"); return nil })
				room.OnResume(func(m *simplysocket.Member) error {
					seen.note(time.Now(), "resume")
					return m.Send("back", nil)
				})
				room.OnLeave(func(_ *simplysocket.Member, why simplysocket.LeaveReason) error {
					seen.note(time.Now(), why.String())
					return nil
				})
				return nil
			})
		})
		p := h.page()
		p.Call("join-room", "r", nil)
		p.cut()
		time.Sleep(29 * time.Second)
		p.resume() // @29
		p.Expect("back")
		p.cut()
		time.Sleep(31 * time.Second) // @60
		seen.check(t, "drop@0", "resume@29", "drop@29", "dropped@59")
		if m := p.again(); !strings.Contains(string(m.Body), `"resumed":false`) {
			t.Errorf("resumed after the window: %v", m)
		}
		// A client that closes leaves at once, and so does a plain one.
		p.Call("join-room", "r", nil)
		_ = p.Conn.WriteClose(1000, "")
		_ = p.Closing()
		plain := h.member("r")
		_ = plain.Conn.CloseNow()
		time.Sleep(time.Second)
		seen.check(t, "drop@0", "resume@29", "drop@29", "dropped@59", "left@60", "dropped@60")
		if s := h.Stats(); s.Disconnected != 0 || s.Joins-s.Leaves != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestTokens: which tokens resume, and when.
func TestTokens(t *testing.T) {
	h := serve(t, false, nil)
	resumed := func(m message) bool { return strings.Contains(string(m.Body), `"resumed":true`) }
	p := h.page()
	slug, first := p.id, p.token
	p.cut()

	// Until the client has shown that it got the new token, the one before it resumes the
	// same session.
	for range 2 {
		if m := p.hello(object{"session": first}); !resumed(m) || p.id != slug {
			t.Errorf("the token before the one that was offered: %v", m)
		}
		p.cut()
	}
	if m := p.hello(object{"session": first}); !resumed(m) {
		t.Fatalf("got %v", m)
	}
	second := p.token
	p.Call("x", "", nil) // shows it
	p.cut()
	if m := p.hello(object{"session": first}); resumed(m) || p.id == slug {
		t.Errorf("a token that was replaced: %v", m)
	}
	if m := p.hello(object{"session": second}); !resumed(m) || p.id != slug {
		t.Errorf("the newest token: %v", m)
	}
	for name, token := range map[string]any{"empty": "", "unknown": "nonsense", "a slug": slug} {
		if m := p.hello(object{"session": token}); resumed(m) {
			t.Errorf("%s: %v", name, m)
		}
	}
	c := h.raw("", v1)
	c.Write(`{"action":"hello","message_body":{"session":1}}`)
	if end := c.Closing(); end.Code != 1008 {
		t.Errorf("a malformed hello is closed with %v", end)
	}
}

// TestForeignToken: a token is bound to the identity it was given to, and ends when the
// session is revoked.
func TestForeignToken(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Authenticate: byHeader})
	p := h.page(header("X-User", "ann"))
	slug, token := p.id, p.token
	p.cut()
	thief := h.page(header("X-User", "bob"))
	if m := thief.hello(object{"session": token}); !strings.Contains(string(m.Body), `"resumed":false`) || thief.id == slug {
		t.Errorf("a foreign token: %v", m)
	}
	h.User("ann").Disconnect(4001, "revoked") // while it is away
	if m := p.hello(object{"session": token}); !strings.Contains(string(m.Body), `"resumed":false`) || p.id == slug {
		t.Errorf("a revoked session: %v", m)
	}
	if s := h.Stats(); s.Disconnected != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestTakenOver: a newer connection replaces one that is still open.
func TestTakenOver(t *testing.T) {
	h := serve(t, false, nil)
	a, p := h.member("r"), h.page()
	p.Call("join-room", "r", nil)
	a.Call("x", "r", note{"1"})
	p.Expect("x")
	old := p.peer
	p.resume()
	if end := old.Closing(); end.Code != 4009 {
		t.Errorf("closed with %v", end)
	}
	a.Call("x", "r", note{"2"})
	p.Expect("x")
	if got := p.texts("x"); !slices.Equal(got, []string{"2"}) {
		t.Errorf("got %v", got)
	}
	h.waitForClients(2)
	p.Call("x", "r", note{"3"})
}

// TestGivenUp: a page cannot break a connection, but has a code that says the same.
func TestGivenUp(t *testing.T) {
	h := serve(t, false, nil)
	p := h.page()
	p.Call("join-room", "r", nil)
	slug := p.id
	_ = p.Conn.WriteClose(4010, "")
	if end := p.Closing(); end.Code != 4010 {
		t.Errorf("close was answered with %v", end)
	}
	waitFor(t, "the session to wait", func() bool { return h.Stats().Disconnected == 1 })
	p.resume()
	if p.id != slug {
		t.Errorf("%s became %s", slug, p.id)
	}
	p.Call("x", "r", nil)
	plain := h.member("r")
	_ = plain.Conn.WriteClose(4010, "")
	p.Expect("client-left-room")
}

// TestLateHello: a delayed hello does not take the session from a connection that was
// made after it.
func TestLateHello(t *testing.T) {
	h := serve(t, false, nil)
	p := h.page()
	p.Call("join-room", "r", nil)
	p.cut()
	token := p.token
	late := h.raw("", v1)
	p.resume()
	late.Write(envelope(0, "hello", "", object{"session": token}))
	if end := late.Closing(); end.Code != 4009 {
		t.Errorf("closed with %v", end)
	}
	p.Call("x", "r", nil)
	p.cut()
	p.resume()
	p.Call("x", "r", nil)
}

// TestTooSlowComesBack: a client that was closed with 4008 still has its session, and
// learns what it has lost.
func TestTooSlowComesBack(t *testing.T) {
	gone := make(chan simplysocket.DisconnectInfo, 10)
	h := serve(t, false, &simplysocket.Options{
		MessageRate: simplysocket.Unlimited, OutboxBytes: 64 << 10,
		Trace: &simplysocket.Trace{Disconnect: func(i simplysocket.DisconnectInfo) { gone <- i }},
	})
	a, p := h.member("r"), h.page()
	p.Call("join-room", "r", nil)
	slug := p.id
	p.Pause()
	body := object{"text": strings.Repeat("x", 32<<10)}
	for h.Stats().Disconnected == 0 {
		a.Call("x", "r", body)
	}
	for range 10 { // more than the room keeps
		a.Call("x", "r", body)
	}
	p.peer.Resume()
	if end := p.Closing(); end.Code != 4008 {
		t.Errorf("closed with %v", end)
	}
	p.resume()
	a.Call("x", "r", note{"end"})
	p.Until("the end", func(m message) bool { return m.Field("text") == "end" })
	if got := p.texts("x"); p.id != slug || got[0] != "gap" {
		t.Errorf("%s of %s got %d messages", p.id, slug, len(got))
	}
	select {
	case i := <-gone:
		t.Errorf("it was traced as disconnected: %+v", i)
	default:
	}
	_ = p.Conn.WriteClose(1000, "")
	if i := <-gone; i.Client != slug || i.Code != 1000 {
		t.Errorf("traced %+v", i)
	}
	if s := h.Stats(); s.Connects != 2 || s.Disconnects != 1 || s.Resumes != 1 {
		t.Errorf("stats %+v", s)
	}
}

// TestGoneWhileAway: a room has closed, or has kicked the member, meanwhile.
func TestGoneWhileAway(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("{name}", func(room *simplysocket.Room) error {
			simplysocket.OnServer(room, "close", func(simplysocket.None) error { room.Close(); return nil })
			simplysocket.OnServer(room, "kick", func(n note) error { room.Member(n.Text).Kick(); return nil })
			return nil
		})
	})
	p := h.page()
	for _, room := range []string{"closed", "kicked", "stays"} {
		p.Call("join-room", room, nil)
	}
	p.cut()
	for room, action := range map[string]string{"closed": "close", "kicked": "kick"} {
		if err := h.Room(room).Call(t.Context(), action, note{p.id}, nil); err != nil {
			t.Fatal(err)
		}
	}
	p.resume()
	got := map[string]string{}
	p.Until("both", func(m message) bool {
		if m.Action == "left-room" {
			got[m.Room] = m.Field("reason")
		}
		return len(got) == 2
	})
	if got["closed"] != "closed" || got["kicked"] != "kicked" {
		t.Errorf("got %v", got)
	}
	if rooms := h.Client(p.id).Rooms(); !slices.Equal(rooms, []string{"stays"}) {
		t.Errorf("it is in %v", rooms)
	}
}

// TestDirectsWhileAway: messages from outside any room wait too, up to a limit.
func TestDirectsWhileAway(t *testing.T) {
	h := serve(t, false, nil)
	p := h.page()
	client := h.Client(p.id)
	if err := client.Send("x", note{"before"}); err != nil {
		t.Fatal(err)
	}
	p.Expect("x")
	p.cut()
	for i := range 3 {
		if err := client.Send("x", note{fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	p.resume()
	p.Until("the last", func(m message) bool { return m.Field("text") == "2" })
	if got := p.texts("x"); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("got %v", got)
	}
	p.position()
	if p.n != 4 {
		t.Errorf("the last n is %d, want 4", p.n)
	}
	p.cut()
	for range 100 {
		_ = client.Send("x", note{"many"})
	}
	_ = client.Send("x", note{"end"})
	p.resume()
	p.Until("the end", func(m message) bool { return m.Field("text") == "end" })
	if got := p.texts("x"); len(got) != 65 || got[0] != "gap" {
		t.Errorf("got %d, the first is %s", len(got), got[0])
	}
}

// TestAgain: a resent message gets the same answer and is handled once, even if its room
// has closed since.
func TestAgain(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"open": time.Hour, "closed": time.Millisecond} {
		t.Run(name, func(t *testing.T) { testAgain(t, timeout) })
	}
}

func testAgain(t *testing.T, timeout time.Duration) {
	runs := 0
	h := serve(t, false, &simplysocket.Options{EmptyRoomTimeout: timeout}, func(s *simplysocket.Server) {
		s.HandleRoom("r", countingRoom(&runs))
		s.HandleRoom("locked", func(room *simplysocket.Room) error {
			room.OnJoin(func(*simplysocket.Join) error { return simplysocket.Errorf("forbidden", "no") })
			return nil
		})
	})
	p := h.page()
	p.Call("join-room", "r", nil) // 1
	sent := []string{
		envelope(2, "count", "r", nil),
		envelope(3, "fail", "r", nil),
		envelope(4, "count", "r", nil),
		envelope(5, "x", "nowhere", nil),
		envelope(6, "join-room", "locked", nil),
		envelope(7, "list-members", "r", nil),
		envelope(8, "leave-room", "r", nil),
	}
	want := map[uint64]string{}
	for i, text := range sent {
		p.Write(text)
		m := p.Answer(uint64(i + 2))
		want[m.Ref] = m.Action + " " + m.Re + " " + string(m.Body)
	}
	if timeout < time.Second {
		waitFor(t, "the room to close", func() bool { return h.Stats().Rooms == 1 })
	}
	for range 2 {
		p.cut()
		p.resume()
		for i, text := range sent {
			p.Write(text)
			m := p.Answer(uint64(i + 2))
			if got := m.Action + " " + m.Re + " " + string(m.Body); got != want[m.Ref] {
				t.Errorf("id %d again: %s, want %s", m.Ref, got, want[m.Ref])
			}
		}
		p.Write(sent[0]) // a second time over one connection
		if m := p.Answer(2); m.Code() != "stale-id" {
			t.Errorf("got %v", m)
		}
	}
	if runs != 3 {
		t.Errorf("handled %d times, want 3", runs)
	}
	p.LastID = 8
	p.Call("join-room", "r", nil)
	p.Call("count", "r", nil)
	p.Call("list-rooms", "", nil)
	p.cut()
	p.resume()
	p.Write(envelope(11, "list-rooms", "", nil))
	if m := p.Answer(11); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
}

// countingRoom counts how often its handlers run.
func countingRoom(runs *int) func(*simplysocket.Room) error {
	return func(room *simplysocket.Room) error {
		simplysocket.OnCall(room, "count", func(*simplysocket.Member, simplysocket.None) (count, error) {
			*runs++
			return count{*runs}, nil
		})
		simplysocket.On(room, "fail", func(*simplysocket.Member, simplysocket.None) error {
			*runs++
			return simplysocket.Errorf("no-way", "run %d", *runs)
		})
		return nil
	}
}

// TestAnswerIsGone: a message whose answer was forgotten never runs again.
func TestAnswerIsGone(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	p := h.page()
	p.Call("join-room", "r", nil)
	for range 700 {
		p.Call("x", "r", nil)
	}
	p.cut()
	p.resume()
	for _, id := range []uint64{2, 140} {
		p.Write(envelope(id, "x", "r", note{"again"}))
		if m := p.Answer(id); m.Code() != "stale-id" {
			t.Errorf("id %d: %v", id, m)
		}
	}
	p.Write(envelope(701, "x", "r", note{"again"}))
	if m := p.Answer(701); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	for _, m := range p.Received() {
		if m.Field("text") == "again" {
			t.Errorf("it ran again: %v", m)
		}
	}
}

// TestSentAgainWaits: lost messages are resent in a burst after a resume, and are not
// refused for it.
func TestSentAgainWaits(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: 100, MessageBurst: 10, MailboxMessages: 4})
	p := h.page()
	p.Call("join-room", "r", nil)
	p.cut()
	p.resume()
	const burst = 60
	for i := range burst {
		p.Write(envelope(uint64(10+i), "x", "r", nil))
	}
	for i := range burst {
		if m := p.Answer(uint64(10 + i)); m.Action != "ack" {
			t.Fatalf("got %v", m)
		}
	}
}

// FuzzHello says hello with anything: the answer is a welcome or a close, and at most the
// token's own session is taken over.
func FuzzHello(f *testing.F) {
	h := serve(f, true, nil)
	p := h.page()
	p.Call("join-room", "r", nil)
	p.position()
	good, err := json.Marshal(object{"session": p.token, "rooms": p.rooms, "direct": p.n})
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		string(good), `{}`, `null`, `{"session":null}`, `{"session":1}`, `{"rooms":{"r":[1]}}`, `{"rooms":{"r":[1,2,3]}}`,
		`{"rooms":{"r":[-1,0]}}`, `{"rooms":{"a//b":[18446744073709551615,18446744073709551615]}}`, `{"direct":1e9}`, `{"direct":"x"}`,
		`{"session":"` + p.token + `","rooms":{"r":[1,1],"nowhere":[1,1],"lobby":[1,1]},"direct":18446744073709551615}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c, err := servertest.Open(t, h.Server, "", v1)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CutOff()
		c.Write(`{"action":"hello","message_body":` + body + `}`)
		first, came := c.First()
		code := uint16(1008)
		if !utf8.ValidString(body) {
			code = 1007
		}
		if !came && c.Closing().Code != code {
			t.Errorf("%q: closed with %v", body, c.Closing())
		} else if came && first.Action != "welcome" {
			t.Errorf("%q: %v", body, first)
		}
		_ = c.Conn.WriteClose(1000, "")
	})
}
