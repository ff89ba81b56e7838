package simplysocket_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

func TestRoomRef(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
			simplysocket.OnServer(room, "news", func(n note) error { return room.Broadcast("news", n) })
			simplysocket.OnServerCall(room, "len", func(simplysocket.None) (count, error) { return count{room.Len()}, nil })
			simplysocket.OnServerCall(room, "self", func(simplysocket.None) (note, error) {
				err := room.Ref().Call(room.Context(), "len", nil, nil)
				return note{fmt.Sprint(errors.Is(err, simplysocket.ErrInTurn))}, nil
			})
			simplysocket.OnServer(room, "fail", func(simplysocket.None) error { return simplysocket.Errorf("no-way", "no") })
			simplysocket.OnServer(room, "close", func(simplysocket.None) error { room.Close(); return nil })
			return nil
		})
		s.HandleRoom("relay", simplysocket.Relay)
	})
	ref := h.Room("r")
	ctx := t.Context()
	if err := ref.Send("news", nil); !errors.Is(err, simplysocket.ErrRoomClosed) {
		t.Errorf("Send to a room that is not open: %v", err)
	}
	c, d := h.member("r"), h.member("relay")
	if err := ref.Send("news", note{"hi"}); err != nil {
		t.Error(err)
	}
	if m := c.Expect("news"); m.Field("text") != "hi" || m.Sender != "server" {
		t.Errorf("got %v", m)
	}
	if err := ref.Broadcast("all", note{"x"}, simplysocket.Except(h.Client(d.id))); err != nil {
		t.Error(err)
	}
	c.Expect("all")
	var n count
	if err := ref.Call(ctx, "len", nil, &n); err != nil || n.N != 1 {
		t.Errorf("Call: %v, %v", n, err)
	}
	var self note
	if err := ref.Call(ctx, "self", nil, &self); err != nil || self.Text != "true" {
		t.Errorf("Call in a turn: %v, %v", self, err)
	}
	var public *simplysocket.Error
	if err := ref.Call(ctx, "fail", nil, nil); !errors.As(err, &public) || public.Code != "no-way" {
		t.Errorf("Call that fails: %v", err)
	}
	if err := ref.Call(ctx, "unknown", nil, nil); !errors.As(err, &public) || public.Code != "unknown-action" {
		t.Errorf("Call of nothing: %v", err)
	}
	if err := ref.Send("x", 1); err == nil {
		t.Error("a body that is not an object was sent")
	}
	if err := ref.Send("$x", nil); !errors.Is(err, simplysocket.ErrBadAction) {
		t.Errorf("reserved action: %v", err)
	}
	if err := h.Room("relay").Send("relayed", note{"y"}); err != nil {
		t.Error(err)
	}
	d.Expect("relayed")
	if err := ref.Call(ctx, "close", nil, nil); err != nil {
		t.Error(err)
	}
	c.Expect("room-closed")
	if err := ref.Call(ctx, "len", nil, nil); !errors.Is(err, simplysocket.ErrRoomClosed) {
		t.Errorf("Call to a closed room: %v", err)
	}
	var names []string
	for r := range h.Rooms() {
		names = append(names, r.Name())
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"lobby", "relay"}) {
		t.Errorf("rooms %v", names)
	}
}

func TestClientAndUser(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Authenticate: byHeader})
	a, b := h.connect(header("X-User", "ann")), h.connect(header("X-User", "ann"))
	c := h.connect(header("X-User", "bob"))
	if err := h.Client(c.id).Send("hi", note{"x"}); err != nil {
		t.Error(err)
	}
	if m := c.Expect("hi"); m.Room != "" || m.Target != c.id || m.N != 0 {
		t.Errorf("got %v", m)
	}
	if got := h.Client(c.id).Identity().User; got != "bob" {
		t.Errorf("identity %q", got)
	}
	if err := h.User("ann").Send("both", nil); err != nil {
		t.Error(err)
	}
	a.Expect("both")
	b.Expect("both")
	ann := h.Client(a.id)
	if err := ann.Join("r", nil); err != nil {
		t.Error(err)
	}
	a.Expect("joined-room")
	if err := ann.Join("a//b", nil); !errors.Is(err, simplysocket.ErrBadName) {
		t.Errorf("Join: %v", err)
	}
	if err := ann.Leave("other"); !errors.Is(err, simplysocket.ErrRoomClosed) {
		t.Errorf("Leave: %v", err)
	}
	if err := ann.Leave("r"); err != nil {
		t.Error(err)
	}
	a.Expect("left-room")
	seen := 0
	for range h.Clients() {
		seen++
	}
	if seen != 3 || h.Stats().Clients != 3 {
		t.Errorf("%d clients, %d counted", seen, h.Stats().Clients)
	}
	h.User("ann").Disconnect(4001, "revoked")
	for _, cl := range []*peer{a, b} {
		if end := cl.Closing(); end.Code != 4001 || end.Reason != "revoked" {
			t.Errorf("closed with %v", end)
		}
	}
	if err := ann.Send("late", nil); !errors.Is(err, simplysocket.ErrClientGone) {
		t.Errorf("Send: %v", err)
	}
	if h.Client(a.id) != nil || h.Client("nobody") != nil {
		t.Error("a client that is gone is found")
	}
}
