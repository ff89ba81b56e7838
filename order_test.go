package simplysocket_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

func TestSendOptions(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "go", func(m *simplysocket.Member, _ simplysocket.None) error {
			var others []*simplysocket.Member
			for o := range room.Members() {
				if o != m {
					others = append(others, o)
				}
			}
			_ = room.Broadcast("except", nil, simplysocket.Except(m))
			_ = room.Broadcast("only", nil, simplysocket.Only(others[0], others[0]))
			_ = room.Broadcast("only-except", nil, simplysocket.Only(others...), simplysocket.Except(others[0]))
			_ = room.Broadcast("nobody", nil, simplysocket.Only[simplysocket.Participant]())
			_ = room.Broadcast("volatile", nil, simplysocket.Volatile())
			_ = room.Broadcast("keyed", nil, simplysocket.Conflate("k"))
			_ = m.Send("from", nil, simplysocket.From(others[0]))
			return room.Broadcast("end", nil)
		})
		return nil
	})
	a, b, c := h.member("r"), h.member("r"), h.member("r")
	a.Call("go", "r", nil)
	want := map[*peer][]string{
		a: {"volatile", "keyed", "from", "end"},
		b: {"except", "only", "volatile", "keyed", "end"},
		c: {"except", "only-except", "volatile", "keyed", "end"},
	}
	for cl, want := range want {
		cl.Expect("end")
		var got []string
		for _, m := range cl.Received() {
			switch m.Action {
			case "welcome", "joined-room", "client-joined-room", "ack":
				continue
			case "from":
				if m.Sender != b.id {
					t.Errorf("got %v", m)
				}
			}
			got = append(got, m.Action)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestMiddleware(t *testing.T) {
	wrap := func(name string) func(simplysocket.Handler) simplysocket.Handler {
		return func(next simplysocket.Handler) simplysocket.Handler {
			return func(req *simplysocket.Request) (any, error) {
				if err := req.Room.Broadcast(name+" "+req.Action, nil); err != nil {
					return nil, err
				}
				return next(req)
			}
		}
	}
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.Use(wrap("1"))
		s.Use(wrap("2"))
		s.HandleRoom("coded", func(room *simplysocket.Room) error {
			room.Use(wrap("3"))
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return room.Broadcast("x", nil) })
			return nil
		})
		s.HandleRoom("relay", simplysocket.Relay)
		s.HandleRoom("gate", func(room *simplysocket.Room) error {
			room.Use(func(simplysocket.Handler) simplysocket.Handler {
				return func(*simplysocket.Request) (any, error) { return nil, simplysocket.Errorf("forbidden", "no") }
			})
			room.OnMessage(func(*simplysocket.Member, *simplysocket.Message) error { return nil })
			return nil
		})
	})
	for room, want := range map[string][]string{"coded": {"1 x", "2 x", "3 x", "x", "ack"}, "relay": {"1 x", "2 x", "x", "ack"}} {
		c := h.member(room)
		c.Call("x", room, nil)
		var got []string
		for _, m := range c.Received()[3:] {
			got = append(got, m.Action)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", room, got, want)
		}
	}
	h.member("gate").Refused("x", "gate", nil, "forbidden")
}

// TestOrder: 64 clients send at once. All members see one order, and each sender's own
// order is kept.
func TestOrder(t *testing.T) {
	const senders, each = 64, 50
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	clients := make([]*peer, senders)
	for i := range clients {
		clients[i] = h.member("r")
	}
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			for n := range each {
				c.Send("x", "r", object{"sender": i, "n": n})
			}
		})
	}
	wg.Wait()
	var first []string
	for i, c := range clients {
		var got []string
		c.Until("all messages", func(m message) bool {
			if m.Action == "x" {
				got = append(got, string(m.Body))
			}
			return len(got) == senders*each
		})
		if i == 0 {
			first = got
		} else if !slices.Equal(got, first) {
			t.Fatalf("member %d sees another order", i)
		}
	}
	next := make([]int, senders)
	for _, body := range first {
		m := decode[struct{ Sender, N int }](t, []byte(body))
		if m.N != next[m.Sender] {
			t.Fatalf("sender %d: message %d, want %d", m.Sender, m.N, next[m.Sender])
		}
		next[m.Sender]++
	}
}

// nameless is a participant whose client ID the server did not assign.
type nameless string

func (n nameless) ID() string { return string(n) }

// TestSenders: the sender of a message is a valid name, however it is set.
func TestSenders(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.OnCall(room, "as", func(m *simplysocket.Member, as note) (note, error) {
				from := simplysocket.From(nameless(as.Text))
				return note{fmt.Sprint(
					errors.Is(room.Broadcast("x", nil, from), simplysocket.ErrBadName),
					errors.Is(m.Send("x", nil, from), simplysocket.ErrBadName),
					errors.Is(room.Deliver(&simplysocket.Message{Action: "x", Sender: as.Text}), simplysocket.ErrBadName),
					errors.Is(room.Deliver(&simplysocket.Message{Action: "x", Sender: as.Text, IsTargetClient: true, Target: m.ID()}), simplysocket.ErrBadName),
				)}, nil
			})
			return nil
		})
	})
	c := h.member("r")
	for as, refused := range map[string]bool{
		"": false, "bot/1": false, c.id: false, "server": false,
		"a bot": true, "a\n": true, "\xff": true, "..": true, strings.Repeat("n", 129): true,
	} {
		if got, want := c.Call("as", "r", note{as}).Field("text"), fmt.Sprint(refused, refused, refused, refused); got != want {
			t.Errorf("sender %q: refused %s, want %s", as, got, want)
		}
		err := h.Room("r").Broadcast("x", nil, simplysocket.From(nameless(as)))
		if errors.Is(err, simplysocket.ErrBadName) != refused {
			t.Errorf("sender %q from outside: %v", as, err)
		}
	}
}
