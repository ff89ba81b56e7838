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

func (c *client) history(room string, before uint64) historyPage {
	c.t.Helper()
	return decode[historyPage](c.t, c.call("history", room, object{"before": before}).Body)
}

func TestHistory(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, HistoryMessages: 300, HistoryBytes: 1 << 20})
	a := h.member("r")
	a.call("x", "r", note{"before b came"})
	b := h.member("r")
	const n = 250
	for i := range n {
		a.call("x", "r", note{fmt.Sprint(i)})
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
	if len(all) != n || all[0] != "0" || all[n-1] != fmt.Sprint(n-1) || !page.Complete {
		t.Errorf("%d messages from %s, complete: %t", len(all), all[0], page.Complete)
	}
	if first := page.Messages[0]; first.Action != "joined-room" {
		t.Errorf("the history begins with %+v", first)
	}
	if m := page.Messages[1]; m.Sender != a.id || m.Seq == 0 {
		t.Errorf("got %+v", m)
	}

	// What is gone is not told as if it had never been.
	for range 300 {
		a.call("x", "r", note{"more"})
	}
	for page = b.history("r", 0); page.Next != 0; page = b.history("r", page.Next) {
	}
	if page.Complete {
		t.Error("a history without its beginning is complete")
	}

	// Large messages make small pages.
	for range 5 {
		a.call("x", "r", note{strings.Repeat("y", 20<<10)})
	}
	if page = b.history("r", 0); len(page.Messages) != 1 || page.Next == 0 {
		t.Errorf("a page of large messages has %d", len(page.Messages))
	}
}

func TestHistoryIsEntitled(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		setup := func(shown bool) func(*simplysocket.Room) error {
			return func(room *simplysocket.Room) error {
				if shown {
					room.SetHistory(true)
				}
				simplysocket.On(room, "say", func(m *simplysocket.Member, _ simplysocket.None) error {
					_ = room.Broadcast("x", note{"all"})
					_ = room.Broadcast("x", note{"except"}, simplysocket.Except(m))
					_ = room.Broadcast("x", note{"volatile"}, simplysocket.Volatile())
					return m.Send("x", note{"alone"})
				})
				return nil
			}
		}
		s.HandleRoom("shown", setup(true))
		s.HandleRoom("coded", setup(false))
		s.HandleRoom("relay", simplysocket.Relay)
		s.HandleRoom("quiet", func(room *simplysocket.Room) error { room.SetHistory(false); return nil })
	})
	a, b := h.member("shown"), h.member("shown")
	a.call("say", "shown", nil)
	if got := a.history("shown", 0).texts(); !slices.Equal(got, []string{"all", "alone"}) {
		t.Errorf("got %v", got)
	}
	if got := b.history("shown", 0).texts(); !slices.Equal(got, []string{"all", "except"}) {
		t.Errorf("got %v", got)
	}
	for _, room := range []string{"coded", "quiet"} {
		a.call("join-room", room, nil)
		a.refused("history", room, nil, "forbidden")
	}
	a.refused("history", "", nil, "forbidden")
	a.refused("history", "relay", nil, "unknown-room")
	h.member("relay")
	a.refused("history", "relay", nil, "not-a-member")
	a.refused("history", "shown", object{"before": "x"}, "bad-message")
}
