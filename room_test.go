package simplysocket_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

type note struct {
	Text string `json:"text"`
}

type count struct {
	N int `json:"n"`
}

// coded serves rooms of one pattern.
func coded(t testing.TB, pattern string, setup func(*simplysocket.Room) error) *host {
	t.Helper()
	return serve(t, false, nil, func(s *simplysocket.Server) { s.HandleRoom(pattern, setup) })
}

func TestCodedRoom(t *testing.T) {
	h := coded(t, "chat/{topic}", func(room *simplysocket.Room) error {
		seen := 0
		room.OnJoin(func(j *simplysocket.Join) error {
			if err := j.Welcome(note{"Welcome client " + j.ID() + " to " + room.Param("topic")}); err != nil {
				return err
			}
			return j.Announce(note{"Client " + j.ID() + " joined the room"})
		})
		simplysocket.On(room, "send-message", func(m *simplysocket.Member, line note) error {
			seen++
			return room.Broadcast("send-message", line, simplysocket.From(m))
		})
		simplysocket.OnCall(room, "count", func(*simplysocket.Member, simplysocket.None) (count, error) {
			return count{seen}, nil
		})
		return nil
	})
	a, b := h.member("chat/go"), h.member("chat/go")
	if m := b.Received()[1]; m.Action != "joined-room" || m.Field("text") != "Welcome client "+b.id+" to go" || m.Field("message") != "" {
		t.Errorf("got %v", m)
	}
	if m := a.Expect("client-joined-room"); m.Field("text") != "Client "+b.id+" joined the room" || m.Field("message") != "" || m.Field("client") != b.id {
		t.Errorf("got %v", m)
	}
	a.Call("send-message", "chat/go", note{"hi"})
	if m := b.Expect("send-message"); m.Sender != a.id || m.Field("text") != "hi" {
		t.Errorf("got %v", m)
	}
	if m := b.Call("count", "chat/go", nil); string(m.Body) != `{"n":1}` {
		t.Errorf("reply %s", m.Body)
	}
	a.Refused("dance", "chat/go", nil, "unknown-action")
	a.Refused("send-message", "chat/go", object{"text": 7}, "bad-message")
	a.Refused("join-room", "other", nil, "unknown-room")
	a.Refused("join-room", "chat/a/b", nil, "unknown-room")
	// No OnLeave was registered, so the default text stays.
	_ = b.Conn.WriteClose(1000, "")
	if m := a.Expect("client-left-room"); m.Field("client") != b.id {
		t.Errorf("got %v", m)
	}
}

func TestDefaultsAreReplacedOneByOne(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("quiet", func(room *simplysocket.Room) error { // relays, and announces nobody
			room.SetPresence(false)
			room.OnJoin(func(*simplysocket.Join) error { return nil })
			room.OnLeave(func(m *simplysocket.Member, why simplysocket.LeaveReason) error {
				return room.Broadcast("gone", note{why.String()}, simplysocket.From(m))
			})
			return nil
		})
		s.HandleRoom("plain", simplysocket.Relay)
	})
	a, b := h.member("quiet"), h.member("quiet")
	b.Call("anything", "quiet", nil)
	a.Expect("anything")
	b.Call("leave-room", "quiet", nil)
	if m := a.Expect("gone"); m.Field("text") != "left" || m.Sender != b.id {
		t.Errorf("got %v", m)
	}
	for _, m := range a.Received() {
		if strings.HasPrefix(m.Action, "client-") {
			t.Errorf("default words: %v", m)
		}
		if m.Action == "joined-room" && m.Field("message") != "Welcome client "+a.id {
			t.Errorf("no default welcome: %v", m)
		}
	}
	c := h.member("plain")
	h.member("plain")
	c.Expect("client-joined-room")
}

func TestOnMessage(t *testing.T) {
	got := make(chan simplysocket.Message, 1)
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "known", func(m *simplysocket.Member, _ simplysocket.None) error { return m.Send("known", nil) })
		room.OnMessage(func(_ *simplysocket.Member, msg *simplysocket.Message) error {
			got <- *msg
			return room.Deliver(&simplysocket.Message{Action: "echo", MessageBody: msg.MessageBody, IsTargetClient: true, Target: msg.Sender})
		})
		return nil
	})
	c := h.member("r")
	c.Call("known", "r", nil)
	c.Expect("known")
	c.Call("whatever", "r", object{"n": 1})
	if m := <-got; m.Action != "whatever" || m.Sender != c.id || m.Target != "r" || fmt.Sprint(m.MessageBody["n"]) != "1" {
		t.Errorf("got %+v", m)
	}
	if m := c.Expect("echo"); string(m.Body) != `{"n":1}` || !m.IsTargetClient || m.Target != c.id || m.Room != "r" || m.Sender != "server" {
		t.Errorf("got %v", m)
	}
}

func TestOutputIsReleasedOnNilAlone(t *testing.T) {
	started := make(chan struct{}, 10)
	h := coded(t, "{name}", func(room *simplysocket.Room) error {
		slow := simplysocket.NewTask(room, "slow", func(context.Context, note) (note, error) {
			started <- struct{}{}
			return note{}, nil
		}, func(note, note, error) error { return nil })
		bell := simplysocket.NewTimer(room, "bell", func(n note) error { return room.Broadcast("bell", n) })
		simplysocket.On(room, "try", func(m *simplysocket.Member, n note) error {
			_ = room.Broadcast("all", n)
			_ = m.Send("one", n)
			_ = m.JoinRoom("other", nil)
			slow.Start(n)
			bell.Set(0, n)
			room.Kick(m)
			room.Close()
			return simplysocket.Errorf("no-way", "not %s", n.Text)
		})
		simplysocket.On(room, "ok", func(m *simplysocket.Member, n note) error {
			_ = room.Broadcast("all", n)
			return m.Send("one", n)
		})
		return nil
	})
	a, b := h.member("r"), h.member("r")
	m := a.Ask("try", "r", note{"dropped"})
	if m.Action != "error" || m.Code() != "no-way" || m.Field("message") != "not dropped" || m.Re != "try" || m.Room != "r" {
		t.Errorf("got %v", m)
	}
	a.Call("ok", "r", note{"released"})
	b.Expect("all")
	select {
	case <-started:
		t.Error("the task was started")
	default:
	}
	for _, m := range append(a.Received(), b.Received()...) {
		if m.Field("text") == "dropped" || m.Action == "left-room" || m.Action == "bell" || m.Room == "other" {
			t.Errorf("dropped output has arrived: %v", m)
		}
	}
	// The frames precede the ack.
	all := a.Received()
	if got := []string{all[len(all)-3].Action, all[len(all)-2].Action, all[len(all)-1].Action}; !slices.Equal(got, []string{"all", "one", "ack"}) {
		t.Errorf("the order is %v", got)
	}
}

func TestErrorsOfHandlers(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "secret", func(*simplysocket.Member, simplysocket.None) error { return errors.New("password is 1234") })
		simplysocket.On(room, "wrapped", func(*simplysocket.Member, simplysocket.None) error {
			return fmt.Errorf("more: %w", simplysocket.Errorf("own-code", "for you"))
		})
		simplysocket.OnCall(room, "no-object", func(*simplysocket.Member, simplysocket.None) (int, error) { return 1, nil })
		simplysocket.On(room, "bad-body", func(*simplysocket.Member, simplysocket.None) error { return room.Broadcast("x", 1) })
		simplysocket.On(room, "bad-action", func(*simplysocket.Member, simplysocket.None) error { return room.Broadcast("ack", nil) })
		return nil
	})
	c := h.member("r")
	for action, code := range map[string]string{"secret": "internal", "wrapped": "own-code", "no-object": "internal", "bad-body": "internal", "bad-action": "internal"} {
		m := c.Ask(action, "r", nil)
		if m.Code() != code || strings.Contains(string(m.Body), "1234") {
			t.Errorf("%s: %v", action, m)
		}
	}
	// Without an id, the error comes as well.
	c.Send("wrapped", "r", nil)
	if m := c.Expect("error"); m.Code() != "own-code" || m.Ref != 0 || m.Re != "wrapped" {
		t.Errorf("got %v", m)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Errorf takes any code")
			}
		}()
		_ = simplysocket.Errorf("Not A Code", "")
	}()
}
