package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

type line struct {
	Text string `json:"text"`
}

// overBoth runs a test over TCP and in memory.
func overBoth(t *testing.T, test func(*testing.T, *host), configure ...func(*simplysocket.Server)) {
	for name, address := range map[string]string{"TCP": "127.0.0.1:0", "memory": ""} {
		t.Run(name, func(t *testing.T) { test(t, serve(t, address, simplysocket.Options{}, configure...)) })
	}
}

func TestChat(t *testing.T) {
	overBoth(t, func(t *testing.T, h *host) {
		anna, bert := h.connect(client.Options{}), h.connect(client.Options{})
		heard := newEvents()
		listen := func(who string) func(*client.Room) {
			return func(r *client.Room) {
				client.On(r, "say", func(from string, l line) {
					heard.add("%s hears %s from %t", who, l.Text, from == bert.ID())
				})
			}
		}
		room := join(t, anna, "chat/go", nil, listen("anna"), func(r *client.Room) {
			r.OnJoin(func(slug string) { heard.add("joined %t", slug == bert.ID()) })
			r.OnLeave(func(slug string, reason client.LeaveReason) { heard.add("%s %t", reason, slug == bert.ID()) })
		})
		his := join(t, bert, "chat/go", nil)
		heard.want(t, "joined true")
		if got, want := ids(room), []string{anna.ID(), bert.ID()}; !slices.Equal(got, want) || room.Count() != 2 {
			t.Errorf("%d members %v, want %v", room.Count(), got, want)
		}
		if !slices.Equal(ids(his), ids(room)) || his.Count() != 2 {
			t.Errorf("%d members %v", his.Count(), his.Members())
		}
		send(t, his, "say", line{"hi"})
		heard.want(t, "anna hears hi from true")
		if err := his.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		heard.want(t, "left true")
		if got := ids(room); !slices.Equal(got, []string{anna.ID()}) || room.Count() != 1 {
			t.Errorf("%d members %v", room.Count(), got)
		}
		if err := his.Send(t.Context(), "say", line{"still here"}); code(err) != protocol.CodeNotAMember {
			t.Errorf("a message after leaving: %v", err)
		}
		if err := his.Leave(t.Context()); code(err) != protocol.CodeNotAMember {
			t.Errorf("left twice: %v", err)
		}
		heard.none(t)
	})
}

func TestSession(t *testing.T) {
	h := inMemory(t)
	conn := h.connect(client.Options{})
	s := conn.Session()
	if s.Client == "" || s.Client != conn.ID() || s.Server != "server" || s.Resumed || s.Heartbeat != beat ||
		s.Limits != (client.Limits{MessageBytes: 64 << 10, Rooms: 100, MessagesPerSecond: 200, Burst: 400}) {
		t.Errorf("got %+v", s)
	}
	if conn.State() != client.Online || conn.Err() != nil {
		t.Errorf("%v, %v", conn.State(), conn.Err())
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if conn.State() != client.Closed || waitDone(t, conn).Code != protocol.CloseNormal {
		t.Errorf("%v, %v", conn.State(), conn.Err())
	}
	var closed *client.CloseError
	if _, err := conn.Join(t.Context(), "r", nil); !errors.As(err, &closed) {
		t.Errorf("a join after Close: %v", err)
	}
}

func TestCall(t *testing.T) {
	type sum struct{ Sum int }
	overBoth(t, func(t *testing.T, h *host) {
		room := join(t, h.connect(client.Options{}), "calc", nil)
		got, err := client.Call[sum](t.Context(), room, "add", map[string]int{"a": 2, "b": 3})
		if err != nil || got.Sum != 5 {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := client.Call[struct{ Sum string }](t.Context(), room, "add", map[string]int{"a": 2}); err == nil || code(err) != "" {
			t.Errorf("a reply of another type: %v", err)
		}
		for name, test := range map[string]struct {
			action string
			body   any
			want   protocol.Code
		}{
			"the application's own": {"add", map[string]int{"a": -1}, "negative"},
			"no such action":        {"subtract", nil, protocol.CodeUnknownAction},
			"a body of other types": {"add", map[string]string{"a": "two"}, protocol.CodeBadMessage},
			"the server's action":   {"welcome", nil, protocol.CodeForbidden},
			"too large":             {"add", map[string]string{"a": string(make([]byte, 70_000))}, protocol.CodeTooLarge},
		} {
			t.Run(name, func(t *testing.T) {
				err := room.Send(t.Context(), test.action, test.body)
				if code(err) != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			})
		}
		if err := room.Send(t.Context(), "add", 7); !errors.Is(err, protocol.ErrNotObject) {
			t.Errorf("a body that is no object: %v", err)
		}
		if err := room.Post("add", func() {}); err == nil {
			t.Error("a body that cannot be encoded")
		}
	}, func(s *simplysocket.Server) {
		s.HandleRoom("calc", func(room *simplysocket.Room) error {
			simplysocket.OnCall(room, "add", func(_ *simplysocket.Member, n struct{ A, B int }) (sum, error) {
				if n.A < 0 {
					return sum{}, simplysocket.Errorf("negative", "only from 0 on")
				}
				return sum{n.A + n.B}, nil
			})
			return nil
		})
	})
}

func TestJoinRefused(t *testing.T) {
	h := serve(t, "", simplysocket.Options{MaxRoomsPerClient: 2})
	anna, bert := h.connect(client.Options{}), h.connect(client.Options{})
	join(t, anna, "locked", map[string]any{"password": "sesame", "capacity": 2})
	join(t, anna, "small", map[string]any{"capacity": 1})
	for _, test := range []struct {
		room   string
		params any
		want   protocol.Code
	}{
		{"locked", nil, protocol.CodeForbidden},
		{"locked", map[string]any{"password": "simsim"}, protocol.CodeForbidden},
		{"locked", map[string]any{"create": true}, protocol.CodeRoomExists},
		{"small", nil, protocol.CodeRoomFull},
		{"none", map[string]any{"create": false}, protocol.CodeUnknownRoom},
		{"bad name", nil, protocol.CodeBadName},
		{"", nil, protocol.CodeBadName},
	} {
		if room, err := bert.Join(t.Context(), test.room, test.params); code(err) != test.want || room != nil {
			t.Errorf("%s %v: %v, want %s", test.room, test.params, err, test.want)
		}
	}
	room := join(t, bert, "locked", map[string]any{"password": "sesame"})
	if again := join(t, bert, "locked", nil); again != room {
		t.Error("to join again is another room")
	}
	if _, err := bert.Join(t.Context(), "r", 7); !errors.Is(err, protocol.ErrNotObject) {
		t.Errorf("parameters that are no object: %v", err)
	}
	join(t, bert, "other", nil)
	if _, err := bert.Join(t.Context(), "third", nil); code(err) != protocol.CodeLimitExceeded {
		t.Errorf("a room too many: %v", err)
	}
}

func TestSendTo(t *testing.T) {
	h := inMemory(t)
	anna, bert := h.connect(client.Options{}), h.connect(client.Options{})
	heard := newEvents()
	join(t, bert, "r", nil, func(r *client.Room) {
		r.OnMessage(func(m *client.Message) { heard.add("%s direct=%t %t", m.Action, m.Direct, m.Sender == anna.ID()) })
	})
	room := join(t, anna, "r", nil)
	for name, via := range map[string]*client.Room{"the room": room, "any room": anna.Lobby()} {
		if err := via.SendTo(t.Context(), bert.ID(), "psst", line{"hi"}); err != nil {
			t.Errorf("through %s: %v", name, err)
		}
		heard.want(t, "psst direct=true true")
	}
	for _, nobody := range []string{"nobody", ""} {
		if err := room.SendTo(t.Context(), nobody, "psst", nil); code(err) != protocol.CodeUnknownClient {
			t.Errorf("to %q: %v", nobody, err)
		}
	}
	heard.none(t)
}

// TestPost: posts arrive in order, and refusals are reported.
func TestPost(t *testing.T) {
	h := inMemory(t)
	heard := newEvents()
	room := join(t, h.connect(client.Options{}), "r", nil, heard.all)
	for i := range 3 {
		if err := room.Post("at", map[string]int{"x": i}); err != nil {
			t.Fatal(err)
		}
	}
	send(t, room, "end", nil)
	heard.want(t, `at {"x":0}`, `at {"x":1}`, `at {"x":2}`, `end {}`)
	if err := room.Post("list-members", map[string]string{"after": "x"}); err != nil {
		t.Fatal(err)
	}
	heard.want(t, "error list-members bad-message")
}

func TestOut(t *testing.T) {
	configure := func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "kick", func(m *simplysocket.Member, _ simplysocket.None) error { m.Kick(); return nil })
			simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { room.Close(); return nil })
			simplysocket.On(room, "fail", func(*simplysocket.Member, simplysocket.None) error { panic("torn") })
			return nil
		})
	}
	for _, test := range []struct{ action, want string }{
		{"kick", "closed kicked"},
		{"close", "closed closed"},
		{"fail", "closed closed"},
	} {
		t.Run(test.action, func(t *testing.T) {
			h := inMemory(t, configure)
			heard := newEvents()
			conn := h.connect(client.Options{})
			room := join(t, conn, "r", nil, heard.all)
			_ = room.Send(t.Context(), test.action, nil) // its answer does not matter here
			heard.want(t, test.want)
			join(t, conn, "r", nil, heard.all)
			heard.none(t)
		})
	}
}

// TestLobby: messages from outside any room, and messages in the lobby, go to the lobby's
// handlers, from the first one on.
func TestLobby(t *testing.T) {
	h := inMemory(t, func(s *simplysocket.Server) {
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error { return c.Send("news", line{"first"}) })
	})
	heard := newEvents()
	conn := h.connect(client.Options{Lobby: heard.all})
	heard.want(t, `news {"text":"first"}`)
	send(t, conn.Lobby(), "shout", nil)
	heard.want(t, "shout {}")
	if err := conn.Lobby().Leave(t.Context()); code(err) != protocol.CodeNotAMember {
		t.Errorf("left the lobby: %v", err)
	}
}

// TestServerJoins: the server puts the client into rooms, and the client misses nothing
// in them.
func TestServerJoins(t *testing.T) {
	h := inMemory(t)
	heard := newEvents()
	conn := h.connect(client.Options{OnRoom: func(r *client.Room) {
		heard.add("room %s", r.Name())
		heard.all(r)
	}})
	mate := join(t, h.connect(client.Options{}), "game", nil)
	c := h.Client(conn.ID())
	if err := c.Join("game", nil); err != nil {
		t.Fatal(err)
	}
	heard.want(t, "room game")
	send(t, mate, "go", nil)
	heard.want(t, "go {}")
	if room := join(t, conn, "game", nil); len(room.Members()) != 2 {
		t.Errorf("members %v", room.Members())
	}
	if err := c.Leave("game"); err != nil {
		t.Fatal(err)
	}
	heard.want(t, "closed left")
}

func TestWelcome(t *testing.T) {
	h := inMemory(t, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			room.OnJoin(func(j *simplysocket.Join) error { return j.Welcome(line{"come in"}) })
			return nil
		})
	})
	room := join(t, h.connect(client.Options{}), "r", nil)
	m := client.Message{Body: room.Welcome()}
	var l line
	if err := m.Decode(&l); err != nil || l.Text != "come in" {
		t.Errorf("%s: %v", room.Welcome(), err)
	}
}

func TestTime(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	_, p := s.connect(client.Options{Lobby: func(r *client.Room) {
		r.OnMessage(func(m *client.Message) { heard.add("%s %d", m.Action, m.Time.UnixMilli()) })
	}})
	p.say(`{"action":"tick","message_body":{},"target":"lobby","sender":"server","seq":1,"time":1700000000123}`)
	heard.want(t, "tick 1700000000123")
}

func TestLists(t *testing.T) {
	h := serve(t, "", simplysocket.Options{MaxRoomsPerClient: 200})
	conn := h.connect(client.Options{})
	for i := range 101 {
		join(t, conn, fmt.Sprintf("r/%03d", i), map[string]any{"properties": map[string]int{"i": i}, "password": "x"})
	}
	page, err := conn.ListRooms(t.Context(), "")
	if err != nil || len(page.Rooms) != 100 || page.Count != 101 || page.Next != "r/099" {
		t.Fatalf("%d of %d rooms, next %q: %v", len(page.Rooms), page.Count, page.Next, err)
	}
	page, err = conn.ListRooms(t.Context(), page.Next)
	if err != nil || len(page.Rooms) != 1 || page.Next != "" {
		t.Fatalf("%d rooms, next %q: %v", len(page.Rooms), page.Next, err)
	}
	if r := page.Rooms[0]; r.Name != "r/100" || r.Members != 1 || !r.Locked || string(r.Properties) != `{"i":100}` {
		t.Errorf("got %+v", r)
	}

	var room *client.Room
	for range 101 {
		room = join(t, h.connect(client.Options{}), "crowd", nil)
	}
	members, err := room.ListMembers(t.Context(), 0)
	if err != nil || len(members.Members) != 100 || members.Count != 101 || members.Next == 0 {
		t.Fatalf("%d of %d members, next %d: %v", len(members.Members), members.Count, members.Next, err)
	}
	members, err = room.ListMembers(t.Context(), members.Next)
	if err != nil || len(members.Members) != 1 || members.Next != 0 {
		t.Fatalf("%d members, next %d: %v", len(members.Members), members.Next, err)
	}
	if room.Count() != 101 {
		t.Errorf("count %d", room.Count())
	}
}

// TestRoomCount: in a large room joins and leaves are announced as a number.
func TestRoomCount(t *testing.T) {
	h := serve(t, "", simplysocket.Options{AnnounceMaxMembers: 1})
	heard := newEvents()
	room := join(t, h.connect(client.Options{}), "r", nil, heard.all)
	join(t, h.connect(client.Options{}), "r", nil)
	heard.want(t, `room-count {"count":2}`)
	if room.Count() != 2 {
		t.Errorf("count %d", room.Count())
	}
}

// TestRoomThatShrinks: a room that was too large to announce its members, and no longer
// is, has named neither all joins nor all leaves.
func TestRoomThatShrinks(t *testing.T) {
	h := serve(t, "", simplysocket.Options{AnnounceMaxMembers: 2})
	conns := make([]*client.Conn, 4)
	rooms := make([]*client.Room, 4)
	for i := range rooms {
		conns[i] = h.connect(client.Options{})
		rooms[i] = join(t, conns[i], "r", nil)
	}
	first := rooms[0]
	until(t, "the count of all", func() bool { return first.Count() == 4 })
	if err := rooms[1].Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the count of the others", func() bool { return first.Count() == 3 })
	if err := rooms[2].Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the right members", func() bool {
		m := first.Members()
		return first.Count() == 2 && len(m) == 2 && m[0].ID == conns[0].ID() && m[1].ID == conns[3].ID()
	})
}

// TestPlacedThenJoined: a room that the server put the client into, and that the
// application then joins, is joined again in a new session.
func TestPlacedThenJoined(t *testing.T) {
	h := inMemory(t)
	placed := make(chan *client.Room, 1)
	conn := h.connect(client.Options{OnRoom: func(r *client.Room) { placed <- r }})
	id := conn.ID()
	if err := h.Client(id).Join("r", nil); err != nil {
		t.Fatal(err)
	}
	room := <-placed
	rejoined := make(chan struct{}, 1)
	if join(t, conn, "r", nil, func(r *client.Room) {
		r.OnRejoin(func(json.RawMessage) { rejoined <- struct{}{} })
	}) != room {
		t.Fatal("another room")
	}
	h.Client(id).Disconnect(protocol.CloseRestart, "")
	select {
	case <-rejoined:
	case <-time.After(patience):
		t.Fatalf("not joined again; members: %v", room.Members())
	}
}
