package simplysocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

type presenceNews struct {
	Clients []struct {
		Client string
		State  string
		Info   json.RawMessage
	}
}

// presences returns what a client received about others, one line per frame.
func (c *peer) presences() (lines []string) {
	for _, m := range c.Received() {
		if m.Action != "client-presence" {
			continue
		}
		var line []string
		for _, one := range decode[presenceNews](c.t, m.Body).Clients {
			line = append(line, fmt.Sprint(one.Client[:3], " ", one.State, " ", string(one.Info)))
		}
		lines = append(lines, strings.Join(line, ", "))
	}
	return lines
}

func TestInfo(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error {
			return c.SetInfo(object{"name": "nobody"})
		})
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.OnCall(room, "who", func(m *simplysocket.Member, _ simplysocket.None) (note, error) {
				return note{string(m.Info())}, nil
			})
			return nil
		})
	})
	a, b := h.member("r"), h.member("r")
	if m := a.Expect("client-joined-room"); !strings.Contains(string(m.Body), `"info":{"name":"nobody"}`) {
		t.Errorf("got %v", m)
	}
	for _, name := range []string{"an", "ann"} { // announced together
		if err := h.Client(a.id).SetInfo(object{"name": name}); err != nil {
			t.Fatal(err)
		}
	}
	if m := b.Expect("client-presence"); string(m.Body) != `{"clients":[{"client":"`+a.id+`","state":"online","info":{"name":"ann"}}]}` || m.Target != "r" {
		t.Errorf("got %v", m)
	}
	if m := b.Call("list-members", "r", nil); string(m.Body) != `{"members":[{"client":"`+a.id+`","state":"online","info":{"name":"ann"}},{"client":"`+b.id+`","state":"online","info":{"name":"nobody"}}],"count":2}` {
		t.Errorf("list %s", m.Body)
	}
	if m := a.Call("who", "r", nil); m.Field("text") != `{"name":"ann"}` {
		t.Errorf("got %v", m)
	}
	client := h.Client(a.id)
	if err := client.SetInfo(object{"x": strings.Repeat("x", 1024)}); !errors.Is(err, simplysocket.ErrInfoTooLarge) {
		t.Errorf("SetInfo with too much: %v", err)
	}
	if err := client.SetInfo(1); err == nil {
		t.Error("a number was set")
	}
	if got := string(client.Info()); got != `{"name":"ann"}` {
		t.Errorf("info %s", got)
	}
	if err := client.SetInfo(nil); err != nil || client.Info() != nil {
		t.Errorf("nothing: %v, %s", err, client.Info())
	}
	a.CutOff()
	h.waitForClients(1)
	if err := client.SetInfo(nil); !errors.Is(err, simplysocket.ErrClientGone) {
		t.Errorf("SetInfo of a client that is gone: %v", err)
	}
}

// TestPresence: members that go away and come back are announced, with changes joined,
// but not in rooms that disable it and not in large ones.
func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, &simplysocket.Options{AnnounceMaxMembers: 4}, func(s *simplysocket.Server) {
			s.HandleRoom("r", simplysocket.Relay)
			s.HandleRoom("large", simplysocket.Relay)
			s.HandleRoom("quiet", func(room *simplysocket.Room) error { room.SetPresence(false); return nil })
		})
		witness := h.member("r")
		p := h.page()
		for _, room := range []string{"r", "quiet", "large"} {
			if room != "r" {
				witness.Call("join-room", room, nil)
			}
			p.Call("join-room", room, nil)
		}
		for range 4 {
			h.member("large")
		}
		slug := p.id[:3]
		p.cut()
		time.Sleep(time.Second)
		if m := witness.Call("list-members", "r", nil); !strings.Contains(string(m.Body), `{"client":"`+p.id+`","state":"away"}`) {
			t.Errorf("list %s", m.Body)
		}
		p.resume()
		time.Sleep(time.Second)
		p.cut() // and at once
		p.resume()
		time.Sleep(time.Second)
		synctest.Wait()
		if got, want := fmt.Sprint(witness.presences()), fmt.Sprintf("[%[1]s away  %[1]s online  %[1]s online ]", slug); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		witness.Call("leave-room", "r", nil)
		p.Call("leave-room", "r", nil)
	})
}

// TestPresencePages: changes of many members fit into messages.
func TestPresencePages(t *testing.T) {
	h := serve(t, true, nil)
	witness := h.member("r")
	const n = 120
	for range n {
		c := h.member("r")
		if err := h.Client(c.id).SetInfo(object{"x": strings.Repeat("x", 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	told := 0
	witness.Until("all", func(m message) bool {
		if m.Action == "client-presence" {
			if len(m.Body) > 64<<10 {
				t.Errorf("a message of %d bytes", len(m.Body))
			}
			told += len(decode[presenceNews](t, m.Body).Clients)
		}
		return told == n
	})
	seen := 0
	for after := uint64(0); ; {
		m := witness.Call("list-members", "r", object{"after": after})
		page := decode[struct {
			Members []json.RawMessage
			Next    uint64
		}](t, m.Body)
		seen += len(page.Members)
		if after = page.Next; after == 0 {
			break
		}
		if len(m.Body) > 64<<10 {
			t.Errorf("a page of %d bytes", len(m.Body))
		}
	}
	if seen != n+1 {
		t.Errorf("%d members are listed", seen)
	}
}

// TestClientSetsInfo: where the application allows it, and only there.
func TestClientSetsInfo(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{ClientInfo: true})
	a, b := h.member("r"), h.raw("")
	m := b.Expect("welcome")
	if b.id = m.Field("client"); !strings.Contains(string(m.Body), `"features":["set-info"]`) {
		t.Errorf("got %v", m)
	}
	b.Call("join-room", "r", nil)
	a.Expect("client-joined-room")
	b.Call("$set-info", "", object{"name": "Bert"})
	if m := a.Expect("client-presence"); !strings.Contains(string(m.Body), `"info":{"name":"Bert"}`) {
		t.Errorf("got %v", m)
	}
	b.Refused("$set-info", "", object{"pad": strings.Repeat("x", 2000)}, "too-large")
	b.Refused("$set-info", "r", object{"name": "Bert"}, "unknown-action")
	b.Call("$set-info", "lobby", nil)
	if m := a.Expect("client-presence"); strings.Contains(string(m.Body), "info") {
		t.Errorf("got %v", m)
	}
	if info := h.Client(b.id).Info(); info != nil {
		t.Errorf("the client shows %s", info)
	}
	serve(t, false, nil).connect().Refused("$set-info", "", object{"name": "Bert"}, "forbidden")
}

// TestAwayAtItsJoin: the others learn that a member was already away when it joined.
func TestAwayAtItsJoin(t *testing.T) {
	h := serve(t, false, nil)
	a, p := h.member("r"), h.page()
	p.cut()
	if err := h.Client(p.id).Join("r", nil); err != nil {
		t.Fatal(err)
	}
	a.Expect("client-joined-room")
	if m := a.Expect("client-presence"); string(m.Body) != `{"clients":[{"client":"`+p.id+`","state":"away"}]}` {
		t.Errorf("got %v", m)
	}
	p.resume()
	if m := a.Expect("client-presence"); string(m.Body) != `{"clients":[{"client":"`+p.id+`","state":"online"}]}` {
		t.Errorf("got %v", m)
	}
}
