package client_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
)

// ids are the client IDs of the members of a room.
func ids(room *client.Room) []string {
	var slugs []string
	for _, m := range room.Members() {
		slugs = append(slugs, m.ID)
	}
	return slugs
}

// TestPresence: clients that go away, come back, and show a profile.
func TestPresence(t *testing.T) {
	h := inMemory(t, func(s *simplysocket.Server) {
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error { return c.SetInfo(map[string]any{"n": 1}) })
	})
	heard := newEvents()
	anna := connect(t, h.URL, client.Options{NetDial: h.Dial})
	room := join(t, anna, "r", nil, func(r *client.Room) {
		r.OnPresence(func(m client.Member) { heard.add("%s away=%t %s", m.ID, m.Away, m.Info) })
	})
	tickets := make(chan struct{}, 1) // one per connection
	tickets <- struct{}{}
	bert := h.connect(client.Options{MinBackoff: time.Millisecond, NetDial: func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case <-tickets:
			return h.Dial(ctx, network, address)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}})
	join(t, bert, "r", nil)
	until(t, "bert", func() bool { return len(room.Members()) == 2 })
	if m := room.Members()[1]; m.ID != bert.ID() || m.Away || string(m.Info) != `{"n":1}` {
		t.Errorf("got %+v", m)
	}
	h.cut()
	heard.want(t, bert.ID()+` away=true {"n":1}`)
	if m := room.Members()[1]; !m.Away {
		t.Errorf("got %+v", m)
	}
	tickets <- struct{}{}
	heard.want(t, bert.ID()+` away=false {"n":1}`)
	if err := h.Client(bert.ID()).SetInfo(map[string]any{"n": 2}); err != nil {
		t.Fatal(err)
	}
	heard.want(t, bert.ID()+` away=false {"n":2}`)
	page, err := room.ListMembers(t.Context(), 0)
	if err != nil || len(page.Members) != 2 || string(page.Members[1].Info) != `{"n":2}` {
		t.Errorf("got %+v, %v", page, err)
	}
}

// TestSetInfo: where the server allows clients to set it.
func TestSetInfo(t *testing.T) {
	h := serve(t, "", simplysocket.Options{ClientInfo: true})
	heard := newEvents()
	join(t, h.connect(client.Options{}), "r", nil, func(r *client.Room) {
		r.OnPresence(func(m client.Member) { heard.add("%s", m.Info) })
	})
	bert := h.connect(client.Options{})
	join(t, bert, "r", nil)
	if err := bert.SetInfo(t.Context(), map[string]string{"name": "Bert"}); err != nil {
		t.Fatal(err)
	}
	heard.want(t, `{"name":"Bert"}`)
	if err := inMemory(t).connect(client.Options{}).SetInfo(t.Context(), nil); !errors.Is(err, client.ErrNoSetInfo) {
		t.Errorf("got %v", err)
	}
}
