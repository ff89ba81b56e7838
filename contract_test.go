package simplysocket_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestAnswersOfALeftRoom: they do not push out answers that another room has yet to give.
func TestAnswersOfALeftRoom(t *testing.T) {
	gate := make(chan struct{})
	ran := 0
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) {
		s.HandleRoom("fast", func(room *simplysocket.Room) error {
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
			return nil
		})
		s.HandleRoom("slow", func(room *simplysocket.Room) error {
			simplysocket.OnCall(room, "x", func(*simplysocket.Member, simplysocket.None) (note, error) {
				gate <- struct{}{}
				<-gate
				ran++
				return note{"the only answer"}, nil
			})
			return nil
		})
	})
	p := h.page()
	p.Call("join-room", "fast", nil)
	p.Call("join-room", "slow", nil)
	p.LastID++
	slow := p.LastID
	p.Write(envelope(slow, "x", "slow", nil))
	<-gate
	for range 3 * protocol.MaxUnanswered { // each is answered before the next one
		p.Call("x", "fast", nil)
	}
	p.Call("leave-room", "fast", nil)
	p.cut()
	p.resume()
	p.Write(envelope(slow, "x", "slow", nil)) // its answer may have been lost
	gate <- struct{}{}
	if m := p.Answer(slow); m.Action != "ack" || m.Field("text") != "the only answer" {
		t.Errorf("got %v", m)
	}
	p.Call("list-members", "slow", nil)
	if ran != 1 {
		t.Errorf("it ran %d times", ran)
	}
}

// TestPatientRetry: a message that waits for a place in a mailbox counts once.
func TestPatientRetry(t *testing.T) {
	gate := make(chan struct{})
	h := serve(t, false, &simplysocket.Options{MailboxMessages: 4, MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "block", func(*simplysocket.Member, simplysocket.None) error { gate <- struct{}{}; <-gate; return nil })
			simplysocket.OnCall(room, "x", func(*simplysocket.Member, simplysocket.None) (note, error) { return note{"x"}, nil })
			return nil
		})
	})
	p, other := h.page(), h.member("r")
	p.Call("join-room", "r", nil)
	others := []*peer{other, h.member("r"), h.member("r"), h.member("r"), h.member("r")} // each has a share
	first := p.Call("x", "r", nil).Ref
	p.cut()
	p.resume()
	other.Send("block", "r", nil)
	<-gate
	for range 16 {
		for _, c := range others {
			c.Send("x", "r", nil)
		}
	}
	waitFor(t, "the mailbox to fill", func() bool { return h.Stats().Busy > 0 })
	p.LastID++
	id := p.LastID
	p.Write(envelope(id, "x", "r", nil)) // it is retried until there is a place
	busy := h.Stats().Busy
	waitFor(t, "many tries", func() bool { return h.Stats().Busy > busy+3 })
	gate <- struct{}{}
	if m := p.Answer(id); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	p.cut()
	p.resume()
	for _, again := range []uint64{first, id} {
		p.Write(envelope(again, "x", "r", nil))
		if m := p.Answer(again); m.Action != "ack" || m.Field("text") != "x" {
			t.Errorf("%d again: %v", again, m)
		}
	}
}

// TestOpenerDecidesNothingOverCode: a room with a setup accepts no options from the
// client that opens it, whether it handles messages or relays them.
func TestOpenerDecidesNothingOverCode(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("game/{id}", func(room *simplysocket.Room) error { room.SetCapacity(2); return nil })
		s.HandleRoom("own/{id}", func(room *simplysocket.Room) error { room.SetTimestamps(false); return simplysocket.Relay(room) })
		s.HandleRoom("relay/{id}", simplysocket.Relay)
	})
	options := object{"capacity": 1000, "password": "mine", "hidden": true, "properties": object{"a": 1}}
	opener := h.connect()
	for _, room := range []string{"game/1", "own/1"} {
		opener.Call("join-room", room, options)
		h.connect().Call("join-room", room, nil)
	}
	h.connect().Refused("join-room", "game/1", nil, "room-full")
	if m := opener.Call("list-rooms", "", nil); strings.Contains(string(m.Body), "properties") || !strings.Contains(string(m.Body), `"capacity":2`) {
		t.Errorf("got %v", m)
	}
	opener.Call("join-room", "relay/1", options)
	h.connect().Refused("join-room", "relay/1", object{"password": "yours"}, "forbidden")
}

// TestLobbyOfACodedServer: it relays nothing, whichever way it is sent, unless a handler
// does.
func TestLobbyOfACodedServer(t *testing.T) {
	h := coded(t, "game/{id}", func(room *simplysocket.Room) error {
		simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
		return nil
	})
	a, b := h.connect(), h.connect()
	for _, target := range []string{"", "lobby"} {
		a.Refused("x", target, nil, "unknown-action")
		a.Refused("join-room", target, nil, "unknown-action")
	}
	a.Send("x", "", nil)
	a.Write(`{"action":"x","target":"` + b.id + `","IsTargetClient":true,"id":70}`)
	if m := a.AnswerOf(70); m.Code() != "unknown-client" {
		t.Errorf("got %v", m)
	}
	a.Write(`{"action":"x","target":"` + b.id + `","IsTargetClient":true,"room":"lobby","id":71}`)
	if m := a.AnswerOf(71); m.Action != "error" {
		t.Errorf("got %v", m)
	}
	if err := h.Room("lobby").Broadcast("from-the-server", nil); err != nil {
		t.Error(err)
	}
	b.Expect("from-the-server")
	for _, m := range b.Received() {
		if m.Action == "x" {
			t.Errorf("the lobby relayed %v", m)
		}
	}
	b.Call("list-members", "", nil)
}

// TestServerReadsKeysExactly: the server matches the keys of a body exactly, and rejects
// duplicate keys.
func TestServerReadsKeysExactly(t *testing.T) {
	h := serve(t, false, nil)
	a := h.connect()
	a.Write(`{"action":"join-room","target":"r","message_body":{"password":"one","PASSWORD":"two","Capacity":1},"id":1}`)
	a.AnswerOf(1)
	b := h.connect()
	b.Refused("join-room", "r", object{"Password": "one"}, "forbidden")
	b.Refused("join-room", "r", object{"password": "two"}, "forbidden")
	b.Call("join-room", "r", object{"password": "one"})
	for i, to := range []string{
		`"join-room","target":"new","message_body":{"password":"a","password":"b"}`,
		`"join-room","target":"new","message_body":{"create":true,"create":false}`,
		`"join-room","target":"new","message_body":{"capacity":"x"}`,
		`"list-rooms","message_body":{"after":"a","after":"b"}`,
		`"list-rooms","message_body":{"after":1}`,
	} {
		id := uint64(100 + i)
		b.Write(fmt.Sprintf(`{"action":%s,"id":%d}`, to, id))
		if m := b.AnswerOf(id); m.Code() != "bad-message" {
			t.Errorf("%s: %v", to, m)
		}
	}
	b.Write(`{"action":"join-room","target":"case","message_body":{"CREATE":false},"id":120}`)
	if m := b.AnswerOf(120); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	c := h.raw("", v1)
	c.Write(`{"action":"hello","message_body":{"SESSION":"x","features":["later"]}}`)
	c.Expect("welcome")
	c = h.raw("", v1)
	c.Write(`{"action":"hello","message_body":{"session":"x","session":"y"}}`)
	if end := c.Closing(); end.Code != 1008 {
		t.Errorf("closed with %v", end)
	}
}

type secretLedgerEntry struct {
	Amount int `json:"amount"`
	Nested struct {
		At time.Time `json:"at"`
	} `json:"nested"`
	embedded
}

type embedded struct {
	Tags []string `json:"tags"`
}

// ownForm has its own error text.
type ownForm struct{}

func (*ownForm) UnmarshalJSON([]byte) error { return errors.New("simplysocket_test.ownForm: nope") }

// spokenForm says itself what clients may know.
type spokenForm struct{}

func (*spokenForm) UnmarshalJSON([]byte) error { return simplysocket.Errorf("too-odd", "be even") }

// TestErrorsNameNoGoTypes: error texts use the words of JSON.
func TestErrorsNameNoGoTypes(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "x", func(*simplysocket.Member, secretLedgerEntry) error { return nil })
		simplysocket.On(room, "own", func(*simplysocket.Member, struct{ A ownForm }) error { return nil })
		simplysocket.On(room, "spoken", func(*simplysocket.Member, struct{ A spokenForm }) error { return nil })
		room.OnJoin(func(j *simplysocket.Join) error {
			var p secretLedgerEntry
			return j.Params(&p)
		})
		return nil
	})
	c := h.member("r")
	for _, body := range []any{
		object{"amount": "a"}, object{"amount": 1.5}, object{"nested": 1}, object{"nested": object{"at": "noon"}},
		object{"nested": object{"at": 1}}, object{"tags": 1}, object{"tags": []int{1}}, object{"amount": 1e300},
	} {
		m := c.Ask("x", "r", body)
		text := m.Field("message")
		for _, leak := range []string{"Go", "struct", "ledger", "Ledger", "simplysocket", "time.", "embedded", "int", "[]"} {
			if strings.Contains(strings.ReplaceAll(text, "integer", ""), leak) {
				t.Errorf("%v: %q names %q", body, text, leak)
			}
		}
		if m.Code() != "bad-message" {
			t.Errorf("%v: %v", body, m)
		}
		if m := h.connect().Ask("join-room", "r", body); m.Code() != "bad-message" || m.Field("message") != text {
			t.Errorf("join with %v: %v", body, m)
		}
	}
	if m := c.Ask("x", "r", object{"amount": "a"}); m.Field("message") != `message_body: "amount" wants an integer in range, not string` {
		t.Errorf("got %v", m)
	}
	if m := c.Ask("own", "r", object{"A": 1}); strings.Contains(m.Field("message"), "ownForm") {
		t.Errorf("got %v", m)
	}
	c.Refused("spoken", "r", object{"A": 1}, "too-odd")
}

// TestClosesThatStand: for any code and reason of the application, the client reads a
// close that it understands as intended: stay away, or come back.
func TestClosesThatStand(t *testing.T) {
	h := serve(t, false, nil)
	reasons := map[string]string{
		"plain":    "enough",
		"cut":      strings.Repeat("é", 100),
		"cut odd":  "x" + strings.Repeat("é", 100),
		"no UTF-8": "caf\xe9",
		"tails":    strings.Repeat("\x80", 200),
		"half":     strings.Repeat("x", 122) + "é",
		"emoji":    strings.Repeat("😀", 40),
	}
	for name, reason := range reasons {
		c := h.connect()
		h.Client(c.id).Disconnect(4003, reason)
		end := c.Closing()
		if end.Code != 4003 || !utf8.ValidString(end.Reason) || len(end.Reason) > 123 || end.Reason == "" {
			t.Errorf("%s: closed with %d %q", name, end.Code, end.Reason)
		}
	}
	for _, code := range []protocol.CloseCode{0, 1, 999, 1002, 1003, 1004, 1005, 1006, 1007, 1009, 1010, 1014, 1015, 1016, 2999, 4000, 4008, 4009, 4010, 4029, 4099, 5000, 65535} {
		c := h.connect()
		h.Client(c.id).Disconnect(code, "banned")
		if end := c.Closing(); end.Code != 4003 || end.Reason != "banned" {
			t.Errorf("%d: closed with %v", code, end)
		}
	}
	for _, code := range []protocol.CloseCode{1000, 1001, 1008, 1011, 1012, 1013, 3000, 3999, 4001, 4003, 4100, 4999} {
		c := h.connect()
		h.Client(c.id).Disconnect(code, "")
		if end := c.Closing(); end.Code != uint16(code) {
			t.Errorf("%d: closed with %v", code, end)
		}
	}
}

// TestConflateInATurn: of the messages that wait for a flush interval, the newest of a
// key is sent, in its place; messages with another audience stay.
func TestConflateInATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				room.SetFlushInterval(16 * time.Millisecond)
				simplysocket.On(room, "move", func(m *simplysocket.Member, at struct{ N int }) error {
					_ = room.Broadcast("move", at, simplysocket.Except(m), simplysocket.Conflate("cursor"))
					if at.N%10 == 9 {
						return errors.New("revoked") // and the message that it would have replaced stays
					}
					if at.N == 50 {
						_ = room.Broadcast("note", nil)
						_ = room.Broadcast("move", struct{ N int }{-1}, simplysocket.Conflate("cursor"))
					}
					return nil
				})
				return nil
			})
		})
		a, b := h.member("r"), h.member("r")
		for n := range 60 {
			a.Send("move", "r", struct{ N int }{n})
		}
		time.Sleep(time.Second)
		for c, want := range map[*peer][]string{a: {"note {}", `move {"N":-1}`}, b: {"note {}", `move {"N":58}`}} {
			var got []string
			for _, m := range c.Received() {
				if m.Action == "move" || m.Action == "note" {
					got = append(got, m.Action+" "+string(m.Body))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		a.CutOff()
		b.CutOff()
	})
}

// TestRoomTimeNeverGoesBack: Now follows the monotonic clock from the opening of the
// room.
func TestRoomTimeNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened, now time.Time
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				opened = room.Now()
				simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { now = room.Now(); return nil })
				return nil
			})
		})
		c := h.member("r")
		time.Sleep(90 * time.Minute)
		c.Call("x", "r", nil)
		if got := now.Sub(opened); !exactly(got, 90*time.Minute) || now.Round(0).Sub(opened.Round(0)) != got {
			t.Errorf("%v by the monotonic clock, %v by the wall clock", got, now.Round(0).Sub(opened.Round(0)))
		}
		c.CutOff()
	})
}

// TestRelayedBodiesAreCompact: a client that splits its input at newlines is not misled,
// and every digit and every space in a string stays.
func TestRelayedBodiesAreCompact(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.member("r"), h.member("r")
	a.Write("{\"action\":\"x\",\n\"target\":\"r\",\"message_body\":{\r\n\t\"a b\" : \"c  \\\" d\\\\\" ,\n\"n\": [ 1.50 , 9007199254740993 ] } }")
	if m := b.Expect("x"); string(m.Body) != `{"a b":"c  \" d\\","n":[1.50,9007199254740993]}` {
		t.Errorf("got %s", m.Body)
	}
	a.Write("{\"action\":\"y\",\"target\":\"" + b.id + "\",\"IsTargetClient\":true,\"message_body\":{ \"a\":\n1 }}")
	if m := b.Expect("y"); string(m.Body) != `{"a":1}` {
		t.Errorf("got %s", m.Body)
	}
}

// TestJoinsAndLeavesAreAnnounced, no matter which hooks a room has.
func TestJoinsAndLeavesAreAnnounced(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			if err := j.Announce(object{"client": "forged"}); err == nil {
				t.Error("the slug of an announcement can be set")
			}
			return nil
		})
		room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return nil })
		simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
		return nil
	})
	a, b := h.member("r"), h.member("r")
	if m := a.Expect("client-joined-room"); m.Field("client") != b.id || m.Field("message") != "Client "+b.id+" joined the room" {
		t.Errorf("got %v", m)
	}
	b.Call("leave-room", "r", nil)
	if m := a.Expect("client-left-room"); m.Field("client") != b.id || m.Field("reason") != "left" {
		t.Errorf("got %v", m)
	}
}

// TestEpochGapIsFollowedByJoinedRoom: also if the history no longer has the member's own,
// and if the member has seen more than the room has said.
func TestEpochGapIsFollowedByJoinedRoom(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, HistoryMessages: 8})
	other, p := h.member("r"), h.page()
	p.Call("join-room", "r", nil)
	joined := decode[struct{ Epoch uint64 }](t, p.Expect("joined-room").Body)
	for range 20 {
		other.Call("x", "r", nil)
	}
	for name, seen := range map[string][2]uint64{
		"another epoch":       {joined.Epoch + 1, 5},
		"more than was said":  {joined.Epoch, 1 << 40},
		"another epoch, seq0": {joined.Epoch + 1, 0},
	} {
		p.position()
		p.rooms["r"] = seen
		p.resume()
		gap := p.Expect("gap")
		again := p.Expect("joined-room")
		state := decode[struct {
			Epoch, Seq uint64
			Count      int
		}](t, again.Body)
		if gap.Room != "r" || state.Epoch != joined.Epoch || state.Seq != again.Seq || state.Count != 2 {
			t.Errorf("%s: gap %v, then %v", name, gap, again)
		}
		acked := other.Call("x", "r", nil) // what the history still holds precedes it
		p.Until("the message before the ack", func(m message) bool { return m.Action == "x" && m.Seq == acked.Seq-1 })
		if acked.Seq <= state.Seq {
			t.Errorf("%s: after %d came %v", name, state.Seq, acked)
		}
		p.position()
		p.cut()
		p.resume() // counts in the new epoch
		p.Call("list-members", "r", nil)
		if got := p.texts("x"); len(got) != 0 {
			t.Errorf("%s: after a second resume came %v", name, got)
		}
	}
}

// TestWelcomeHasFeatures: they allow the protocol to grow.
func TestWelcomeHasFeatures(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("")
	if m := c.Expect("welcome"); !strings.Contains(string(m.Body), `"features":[]`) {
		t.Errorf("got %v", m)
	}
}

// TestOnlyTakesMembers: a list of members can be used as an audience directly.
func TestOnlyTakesMembers(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "x", func(m *simplysocket.Member, _ simplysocket.None) error {
			players := []*simplysocket.Member{m}
			_ = room.Broadcast("to", nil, simplysocket.Only(players...))
			return room.Broadcast("others", nil, simplysocket.Except(players...))
		})
		return nil
	})
	a, b := h.member("r"), h.member("r")
	a.Call("x", "r", nil)
	a.Expect("to")
	b.Expect("others")
	if err := h.Room("r").Broadcast("nil", json.RawMessage(`{}`), nil); err != nil {
		t.Error(err)
	}
	b.Expect("nil")
}

// TestTakeoverDoesNotWait: a connection that waits for a place in a mailbox gives up when
// another one wants its session, and its message is handled over that one.
func TestTakeoverDoesNotWait(t *testing.T) {
	gate := make(chan struct{})
	ran := 0
	h := serve(t, false, &simplysocket.Options{MailboxMessages: 1}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "block", func(*simplysocket.Member, simplysocket.None) error { gate <- struct{}{}; <-gate; return nil })
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { ran++; return nil })
			return nil
		})
	})
	p, other := h.page(), h.member("r")
	p.Call("join-room", "r", nil)
	p.cut()
	p.resume()
	other.Send("block", "r", nil)
	<-gate
	p.LastID += 2
	p.Write(envelope(p.LastID-1, "x", "r", nil)) // waits
	p.Write(envelope(p.LastID, "x", "r", nil))   // queues after it
	waitFor(t, "the first to wait", func() bool { return h.Stats().Busy > 2 })
	began := time.Now()
	p.resume()
	if took := time.Since(began); took > longTakeover {
		t.Errorf("the takeover took %v", took)
	}
	for id := p.LastID - 1; id <= p.LastID; id++ {
		p.Write(envelope(id, "x", "r", nil))
	}
	gate <- struct{}{}
	for id := p.LastID - 1; id <= p.LastID; id++ {
		if m := p.Answer(id); m.Action != "ack" {
			t.Errorf("%d: %v", id, m)
		}
	}
	p.Call("list-members", "r", nil)
	if ran != 2 {
		t.Errorf("it ran %d times", ran)
	}
}

// longTakeover is half of the time for which a connection may wait for a place in a
// mailbox.
const longTakeover = 5 * time.Second
