package simplysocket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

// historyPage is the answer to `history`.
type historyPage struct {
	Epoch    uint64
	Messages []struct {
		Action string
		Sender string
		Seq    uint64
		Body   struct{ Text string } `json:"message_body"`
	}
	Next     uint64
	Complete bool
}

func (p historyPage) texts() (texts []string) {
	for _, m := range p.Messages {
		if m.Action == "x" {
			texts = append(texts, m.Body.Text)
		}
	}
	return texts
}

func (c *peer) history(room string, before uint64) historyPage {
	c.t.Helper()
	return decode[historyPage](c.t, c.Call("history", room, object{"before": before}).Body)
}

func TestHistory(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, HistoryMessages: 300, HistoryBytes: 1 << 20})
	a := h.member("r")
	a.Call("x", "r", note{"before b came"})
	b := h.member("r") // a late member reads what is kept, in a relay room
	const n = 250
	for i := range n {
		a.Call("x", "r", note{fmt.Sprint(i)})
	}
	var all []string
	page := b.history("r", 0)
	for pages := 0; ; pages++ {
		if len(page.Messages) > 100 || page.Epoch == 0 || pages > 3 {
			t.Fatalf("page %d has %d messages", pages, len(page.Messages))
		}
		all = append(page.texts(), all...)
		if page.Next == 0 {
			break
		}
		page = b.history("r", page.Next)
	}
	if len(all) != 1+n || all[0] != "before b came" || all[n] != fmt.Sprint(n-1) || !page.Complete {
		t.Errorf("%d messages from %s, complete: %t", len(all), all[0], page.Complete)
	}
	for _, m := range page.Messages {
		if m.Action != "x" || m.Sender != a.id || m.Seq == 0 {
			t.Errorf("got %+v", m)
		}
	}

	// A history that has lost its beginning says so.
	for range 300 {
		a.Call("x", "r", note{"more"})
	}
	for page = b.history("r", 0); page.Next != 0; page = b.history("r", page.Next) {
	}
	if page.Complete {
		t.Error("a history without its beginning claims to be complete")
	}

	// Large messages make small pages.
	for range 5 {
		a.Call("x", "r", note{strings.Repeat("y", 20<<10)})
	}
	if page = b.history("r", 0); len(page.Messages) != 1 || page.Next == 0 {
		t.Errorf("a page of large messages has %d", len(page.Messages))
	}
}

func TestHistoryIsEntitled(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		setup := func(shown simplysocket.HistoryAccess) func(*simplysocket.Room) error {
			return func(room *simplysocket.Room) error {
				room.SetHistory(shown)
				simplysocket.On(room, "say", func(m *simplysocket.Member, _ simplysocket.None) error {
					_ = room.Broadcast("x", note{"all"})
					_ = room.Broadcast("x", note{"except"}, simplysocket.Except(m))
					_ = room.Broadcast("x", note{"volatile"}, simplysocket.Volatile())
					return m.Send("x", note{"alone"})
				})
				return nil
			}
		}
		s.HandleRoom("shown", setup(simplysocket.HistorySinceJoin))
		s.HandleRoom("all", setup(simplysocket.HistoryAll))
		s.HandleRoom("coded", setup(simplysocket.HistoryNone))
		s.HandleRoom("relay", simplysocket.Relay)
		s.HandleRoom("quiet", func(room *simplysocket.Room) error { room.SetHistory(simplysocket.HistoryNone); return nil })
	})
	a, b := h.member("shown"), h.member("shown")
	a.Call("say", "shown", nil)
	if got := a.history("shown", 0).texts(); !slices.Equal(got, []string{"all", "alone"}) {
		t.Errorf("got %v", got)
	}
	if got := b.history("shown", 0).texts(); !slices.Equal(got, []string{"all", "except"}) {
		t.Errorf("got %v", got)
	}
	a.Call("join-room", "all", nil)
	a.Call("say", "all", nil)
	for room, want := range map[string][]string{"shown": nil, "all": {"all", "except"}} {
		late := h.member(room)
		if got := late.history(room, 0).texts(); !slices.Equal(got, want) {
			t.Errorf("a newcomer to %q reads %v, want %v", room, got, want)
		}
	}
	for _, room := range []string{"coded", "quiet"} {
		a.Call("join-room", room, nil)
		a.Refused("history", room, nil, "forbidden")
	}
	a.Refused("history", "", nil, "forbidden")
	a.Refused("history", "relay", nil, "unknown-room")
	h.member("relay")
	a.Refused("history", "relay", nil, "not-a-member")
	a.Refused("history", "shown", object{"before": "x"}, "bad-message")
}
