package simplysocket_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

func TestCodedLobby(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("lobby", func(room *simplysocket.Room) error {
			room.OnJoin(func(j *simplysocket.Join) error {
				if room.Len() > 2 {
					return simplysocket.Errorf("forbidden", "two are enough")
				}
				return j.Welcome(note{"hello"})
			})
			simplysocket.On(room, "join-room", func(m *simplysocket.Member, n note) error { return m.JoinRoom(n.Text, nil) })
			return nil
		})
		s.HandleRoom("game/{id}", simplysocket.Relay)
	})
	c := h.connect()
	if m := c.Expect("joined-room"); m.Field("text") != "hello" || m.Room != "lobby" {
		t.Errorf("got %v", m)
	}
	c.Call("join-room", "lobby", note{"game/1"})
	c.Until("joined game/1", func(m message) bool { return m.Action == "joined-room" && m.Room == "game/1" })
	c.Call("join-room", "", note{"nowhere"})
	if m := c.Expect("error"); m.Code() != "unknown-room" || m.Re != "join-room" {
		t.Errorf("got %v", m)
	}
	h.connect()
	if end := h.raw("").Closing(); end.Code != 4003 {
		t.Errorf("a client that may not enter the lobby is closed with %v", end)
	}
}

var (
	score = simplysocket.NewKey[int]("score")
	topic = simplysocket.NewKey[string]("topic", simplysocket.Listed())
)

func TestProperties(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		topic.Set(room, "go")
		score.Set(room, 1)
		room.SetCapacity(7)
		simplysocket.OnCall(room, "score", func(m *simplysocket.Member, add count) (count, error) {
			if _, ok := score.Lookup(m); ok != (score.Value(m) != 0) {
				return count{}, errors.New("Lookup and Value differ")
			}
			score.Set(m, score.Value(m)+add.N)
			return count{score.Value(m)}, nil
		})
		simplysocket.On(room, "forget", func(m *simplysocket.Member, _ simplysocket.None) error {
			score.Delete(m)
			topic.Delete(room)
			return nil
		})
		return nil
	})
	c := h.member("r")
	c.Call("score", "r", count{2})
	if m := c.Call("score", "r", count{3}); string(m.Body) != `{"n":5}` {
		t.Errorf("score %s", m.Body)
	}
	if m := c.Call("list-rooms", "", nil); string(m.Body) != `{"rooms":[{"name":"r","members":1,"capacity":7,"properties":{"topic":"go"}}],"count":1}` {
		t.Errorf("list %s", m.Body)
	}
	c.Call("forget", "r", nil)
	if m := c.Call("score", "r", count{1}); string(m.Body) != `{"n":1}` {
		t.Errorf("score %s", m.Body)
	}
	if m := c.Call("list-rooms", "", nil); strings.Contains(string(m.Body), "topic") {
		t.Errorf("list %s", m.Body)
	}
}

func TestKickAndClose(t *testing.T) {
	reasons := make(chan string, 10)
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.OnLeave(func(m *simplysocket.Member, why simplysocket.LeaveReason) error {
			reasons <- why.String()
			return room.Broadcast("gone", note{why.String()}, simplysocket.From(m))
		})
		room.OnClose(func() error { return room.Broadcast("bye", nil) })
		simplysocket.On(room, "kick", func(_ *simplysocket.Member, n note) error { room.Member(n.Text).Kick(); return nil })
		simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { room.Close(); return nil })
		return nil
	})
	a, b, c := h.member("r"), h.member("r"), h.member("r")
	a.Call("kick", "r", note{b.id})
	if all := a.Received(); all[len(all)-1].Action != "ack" || all[len(all)-2].Action != "gone" {
		t.Errorf("the ack is not the last output of the kick: %v", a.Recent())
	}
	if m := b.Expect("left-room"); m.Field("reason") != "kicked" || m.Room != "r" {
		t.Errorf("got %v", m)
	}
	b.Refused("kick", "r", note{a.id}, "not-a-member")
	if got := h.Client(b.id).Rooms(); len(got) != 0 {
		t.Errorf("the kicked client is in %v", got)
	}
	if m := a.Expect("gone"); m.Sender != b.id {
		t.Errorf("got %v", m)
	}
	_ = c.Conn.CloseNow() // without a close frame
	a.Expect("gone")
	a.Call("close", "r", nil)
	a.Expect("gone")
	a.Expect("bye")
	a.Expect("room-closed")
	if m := a.Expect("left-room"); m.Field("reason") != "closed" || m.Target != a.id || m.Room != "r" {
		t.Errorf("got %v", m)
	}
	for _, want := range []string{"kicked", "dropped", "closed"} {
		if got := <-reasons; got != want {
			t.Errorf("OnLeave with %s, want %s", got, want)
		}
	}
	a.Refused("kick", "r", note{}, "unknown-room")
}

func TestJoinParamsAndUndo(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			var p struct{ Ticket string }
			if err := j.Params(&p); err != nil {
				return err
			}
			_ = room.Broadcast("at-the-door", note{j.ID()})
			_ = j.Send("psst", nil)
			if p.Ticket != "golden" {
				return simplysocket.Errorf("forbidden", "no ticket")
			}
			if err := j.Welcome(object{"members": 1}); err == nil {
				return errors.New("Welcome accepted a key of the protocol")
			}
			return j.Welcome(note{"come in"})
		})
		simplysocket.OnCall(room, "len", func(*simplysocket.Member, simplysocket.None) (count, error) { return count{room.Len()}, nil })
		return nil
	})
	a, b := h.connect(), h.connect()
	a.Call("join-room", "r", object{"ticket": "golden"})
	a.Expect("at-the-door")
	b.Refused("join-room", "r", object{"ticket": "fake"}, "forbidden")
	b.Refused("join-room", "r", object{"ticket": 1}, "bad-message")
	if m := a.Call("len", "r", nil); string(m.Body) != `{"n":1}` {
		t.Errorf("len %s", m.Body)
	}
	doors := 0
	for _, m := range a.Received() {
		if m.Action == "at-the-door" {
			doors++
		}
	}
	for _, m := range b.Received() {
		if m.Action == "psst" || m.Action == "joined-room" {
			t.Errorf("a refused joiner got %v", m)
		}
	}
	if doors != 1 {
		t.Errorf("%d refused joins, want 1", doors)
	}
	// joined-room precedes what OnJoin sent to the joiner.
	if all := a.Received(); all[1].Action != "joined-room" || all[1].Field("text") != "come in" {
		t.Errorf("the order is %v", all[:4])
	}
}

func TestOnDirect(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		handle := func(room *simplysocket.Room) {
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
		}
		s.HandleRoom("silent", func(room *simplysocket.Room) error { handle(room); return nil })
		s.HandleRoom("open", func(room *simplysocket.Room) error {
			handle(room)
			room.OnDirect(func(from, to *simplysocket.Member, req *simplysocket.Request) error {
				if req.Action == "rude" {
					return simplysocket.Errorf("forbidden", "be nice to %s", to.ID())
				}
				return nil
			})
			return nil
		})
	})
	a, b := h.member("silent"), h.member("silent")
	direct := func(action, room string) message {
		a.LastID++
		a.Write(fmt.Sprintf(`{"action":%q,"IsTargetClient":true,"target":%q,"room":%q,"id":%d}`, action, b.id, room, a.LastID))
		return a.Answer(a.LastID)
	}
	if m := direct("hi", ""); m.Code() != "forbidden" {
		t.Errorf("got %v", m)
	}
	a.Call("join-room", "open", nil)
	b.Call("join-room", "open", nil)
	if m := direct("rude", "open"); m.Code() != "forbidden" {
		t.Errorf("got %v", m)
	}
	if m := direct("hi", "open"); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	b.Expect("hi")
}
