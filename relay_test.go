package simplysocket_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// object is a message body.
type object = map[string]any

func decode[T any](t testing.TB, raw json.RawMessage) (v T) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func TestWelcome(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("")
	m := c.Expect("welcome")
	if got := c.Received()[0]; got.Action != "welcome" {
		t.Errorf("the first message is %v", got)
	}
	body := decode[struct {
		Client, Server, Session string
		Resumed                 *bool
		Heartbeat               int64
		Limits                  struct {
			MessageBytes int `json:"message_bytes"`
			Rooms        int
			Rate         float64 `json:"messages_per_second"`
			Burst        int
		}
	}](t, m.Body)
	if body.Client == "" || body.Server != "server" || body.Resumed == nil || *body.Resumed || body.Heartbeat != 25_000 || body.Session != "" {
		t.Errorf("welcome %s", m.Body)
	}
	if l := body.Limits; l.MessageBytes != 65_536 || l.Rooms != 100 || l.Rate != 200 || l.Burst != 400 {
		t.Errorf("limits %+v", l)
	}
	if !m.IsTargetClient || m.Target != body.Client || m.Sender != "server" {
		t.Errorf("welcome %v", m)
	}
}

func TestRelayRoom(t *testing.T) {
	h := serve(t, false, nil)
	a := h.connect()
	ack := a.Call("join-room", "chat/general", nil)
	if ack.Re != "join-room" || ack.Room != "chat/general" || !ack.IsTargetClient || ack.Target != a.id {
		t.Errorf("ack %v", ack)
	}
	joined := a.Received()[1]
	state := decode[struct {
		Message    string
		Epoch, Seq uint64
		Count      int
		Members    []struct{ Client string }
	}](t, joined.Body)
	if joined.Action != "joined-room" || state.Message != "Welcome client "+a.id || state.Epoch == 0 || state.Seq != joined.Seq ||
		state.Count != 1 || len(state.Members) != 1 || state.Members[0].Client != a.id || joined.Target != a.id || joined.Room != "chat/general" {
		t.Errorf("joined %v", joined)
	}

	b := h.member("chat/general")
	news := a.Expect("client-joined-room")
	if news.Field("client") != b.id || news.Field("message") != "Client "+b.id+" joined the room" || news.Target != "chat/general" || news.IsTargetClient || news.Sender != "server" {
		t.Errorf("news %v", news)
	}
	for _, m := range b.Received() {
		if m.Action == "client-joined-room" {
			t.Errorf("the joiner gets its own announcement: %v", m)
		}
	}

	// A message goes to all members, including its sender, before the ack.
	a.Write(`{"action":"send-message","target":"chat/general","message_body":{"n":9007199254740993, "x":[1.50]},"sender":"forged","id":9,"extra":1}`)
	for _, c := range []*peer{a, b} {
		m := c.Expect("send-message")
		if m.Sender != a.id || m.Target != "chat/general" || string(m.Body) != `{"n":9007199254740993,"x":[1.50]}` {
			t.Errorf("got %v", m)
		}
	}
	if ack := a.Answer(9); ack.Action != "ack" || ack.Re != "send-message" || ack.Seq == 0 {
		t.Errorf("ack %v", ack)
	}
	a.LastID = 9

	a.Call("leave-room", "chat/general", nil)
	if left := b.Expect("client-left-room"); left.Field("client") != a.id || left.Field("reason") != "left" || left.Field("message") != "Client "+a.id+" left the room" {
		t.Errorf("got %v", left)
	}
	var told bool
	for _, m := range a.Received() {
		told = told || m.Action == "left-room" && m.Field("reason") == "left" && m.Room == "chat/general"
	}
	if !told {
		t.Errorf("the client that left got no notice: %v", a.Received())
	}
	a.Refused("send-message", "chat/general", nil, "not-a-member")
	a.Refused("leave-room", "chat/general", nil, "not-a-member")
	a.Refused("send-message", "nowhere", nil, "unknown-room")

	_ = b.Conn.WriteClose(1000, "")
	if end := b.Closing(); end.Code != 1000 {
		t.Errorf("close was answered with %v", end)
	}
}

func TestJoinAgainChangesNothing(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.member("r"), h.member("r")
	b.Call("join-room", "r", nil)
	a.Expect("client-joined-room")
	a.Send("x", "r", nil)
	b.Expect("x")
	joined := 0
	for _, m := range append(a.Received(), b.Received()...) {
		if m.Action == "client-joined-room" || m.Action == "joined-room" {
			joined++
		}
	}
	if joined != 3 {
		t.Errorf("%d announcements, want 3", joined)
	}
}

func TestLobby(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.connect(), h.connect()
	// Without any configuration, everybody receives what one client sends.
	a.Call("send-message", "", object{"text": "hi"})
	if m := b.Expect("send-message"); m.Sender != a.id || m.Target != "lobby" {
		t.Errorf("got %v", m)
	}
	b.Call("send-message", "lobby", nil)
	if list := a.Call("list-members", "", nil); string(list.Body) != `{"count":2}` {
		t.Errorf("list %s", list.Body)
	}
	for _, m := range append(a.Received(), b.Received()...) {
		if strings.HasPrefix(m.Action, "client-") || m.Action == "joined-room" {
			t.Errorf("the lobby announces %v", m)
		}
	}
	a.Refused("join-room", "lobby", nil, "unknown-action")
	a.Refused("leave-room", "", nil, "unknown-action")
}

func TestLobbyBudget(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{LobbyDeliveriesPerSecond: 10})
	a := h.connect()
	for range 10 {
		a.Call("x", "", nil)
	}
	a.Refused("x", "", nil, "rate-limited")
}

func TestDirectMessages(t *testing.T) {
	h := serve(t, false, nil)
	a, b, c := h.member("r1"), h.member("r1"), h.connect()
	b.Call("join-room", "r2", nil)
	a.Call("join-room", "r2", nil)

	direct := func(from *peer, to, room string) message {
		from.LastID++
		from.Write(fmt.Sprintf(`{"action":"whisper","IsTargetClient":true,"target":%q,"room":%q,"message_body":{"x":1},"id":%d}`, to, room, from.LastID))
		return from.Answer(from.LastID)
	}
	if m := direct(a, b.id, ""); m.Action != "ack" || m.Room != "r1" {
		t.Errorf("got %v", m)
	}
	if m := b.Expect("whisper"); m.Sender != a.id || m.Target != b.id || !m.IsTargetClient || m.Room != "r1" || string(m.Body) != `{"x":1}` {
		t.Errorf("got %v", m)
	}
	if m := direct(a, b.id, "r2"); m.Action != "ack" || m.Room != "r2" {
		t.Errorf("got %v", m)
	}
	for _, tt := range []struct{ to, room, code string }{
		{c.id, "", "unknown-client"},      // shares only the lobby
		{c.id, "lobby", "unknown-client"}, // which does not count
		{a.id, "", "unknown-client"},      // oneself
		{"nobody", "", "unknown-client"},
		{"", "", "unknown-client"},
		{b.id, "r3", "unknown-room"},
		{b.id, "a//b", "bad-name"},
	} {
		if m := direct(a, tt.to, tt.room); m.Code() != tt.code {
			t.Errorf("to %q in %q: got %v, want %s", tt.to, tt.room, m, tt.code)
		}
	}
	for id, action := range []string{"join-room", "leave-room", "list-rooms", "list-members", "history"} {
		b.Write(fmt.Sprintf(`{"action":%q,"IsTargetClient":true,"target":%q,"id":%d}`, action, a.id, 100+id))
		if m := b.Answer(uint64(100 + id)); m.Code() != "bad-message" {
			t.Errorf("%s to a client: %v", action, m)
		}
	}
	b.LastID = 200
	b.Call("leave-room", "r1", nil)
	if m := direct(a, b.id, "r1"); m.Code() != "unknown-client" {
		t.Errorf("to a client that left: %v", m)
	}
	for _, m := range a.Received() {
		if m.Action == "whisper" {
			t.Errorf("the sender of a direct message received %v", m)
		}
	}
}

func TestRoomOptions(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.connect(), h.connect()
	a.Call("join-room", "r", object{"capacity": 2, "password": "secret", "properties": object{"topic": "<go>"}, "create": true})
	a.Refused("join-room", "r", object{"create": true}, "room-exists")
	b.Refused("join-room", "r", object{"create": true}, "room-exists")
	b.Refused("join-room", "other", object{"create": false}, "unknown-room")
	b.Refused("join-room", "r", nil, "forbidden")
	b.Refused("join-room", "r", object{"password": "wrong"}, "forbidden")
	b.Refused("join-room", "r", object{"password": 1}, "bad-message")
	b.Refused("join-room", "r", object{"create": "yes"}, "bad-message")
	b.Call("join-room", "r", object{"password": "secret", "create": false})
	c := h.connect()
	c.Refused("join-room", "r", object{"password": "secret"}, "room-full")
	list := decode[struct {
		Rooms []object
		Count int
		Next  string
	}](t, c.Call("list-rooms", "", nil).Body)
	if fmt.Sprint(list.Rooms) != `[map[capacity:2 locked:true members:2 name:r properties:map[topic:<go>]]]` || list.Count != 1 || list.Next != "" {
		t.Errorf("list %+v", list)
	}
	for _, m := range append(append(a.Received(), b.Received()...), c.Received()...) {
		if strings.Contains(string(m.Body), "secret") {
			t.Errorf("the password is in a message: %v", m)
		}
	}
	for _, body := range []object{{"capacity": 0}, {"capacity": -1}, {"capacity": 1.5}, {"capacity": "2"}, {"properties": []int{}}, {"hidden": 1}} {
		c.Refused("join-room", "new", body, "bad-message")
	}
	c.Refused("join-room", "new", object{"properties": object{"x": strings.Repeat("x", 3000)}}, "too-large")
}

// TestRefusedOpener: the options of an opener that is refused do not stay.
func TestRefusedOpener(t *testing.T) {
	held := make(chan struct{})
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			<-held // both are in the mailbox by then
			var p struct{ Banned bool }
			if err := j.Params(&p); err != nil || !p.Banned {
				return err
			}
			return simplysocket.Errorf("forbidden", "no")
		})
		return nil
	})
	a, b, c := h.connect(), h.connect(), h.connect()
	a.Send("join-room", "r", object{"banned": true, "capacity": 1, "password": "x", "hidden": true, "properties": object{"a": 1}})
	waitFor(t, "the room", func() bool { return h.Stats().Rooms == 2 })
	b.Send("join-room", "r", nil)
	c.Send("join-room", "r", nil)
	close(held)
	a.Expect("error")
	b.Expect("joined-room")
	c.Expect("joined-room")
	if m := b.Call("list-rooms", "", nil); string(m.Body) != `{"rooms":[{"name":"r","members":2}],"count":1}` {
		t.Errorf("list %s", m.Body)
	}
}

func TestPasswordAttemptsAreLimited(t *testing.T) {
	h := serve(t, false, nil)
	a := h.connect()
	a.Call("join-room", "r", object{"password": "secret"})
	for range 2 { // a new connection gives no new attempts
		b := h.connect()
		for range 5 {
			b.Refused("join-room", "r", object{"password": "wrong"}, "forbidden")
		}
	}
	h.connect().Refused("join-room", "r", object{"password": "secret"}, "rate-limited")
}

func TestHiddenRoom(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.connect(), h.connect()
	a.Call("join-room", "r", object{"hidden": true})
	b.Refused("send-message", "r", nil, "unknown-room")
	b.Refused("list-members", "r", nil, "unknown-room")
	b.Refused("leave-room", "r", nil, "unknown-room")
	if list := b.Call("list-rooms", "", nil); string(list.Body) != `{"rooms":[],"count":0}` {
		t.Errorf("list %s", list.Body)
	}
	b.Call("join-room", "r", nil)
}

// TestHiddenFromTheFirst: nobody learns of a hidden room while it opens.
func TestHiddenFromTheFirst(t *testing.T) {
	opening, held := make(chan struct{}), make(chan struct{})
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.SetHidden(true)
		close(opening)
		<-held
		return nil
	})
	a, b := h.connect(), h.connect()
	a.Send("join-room", "r", nil)
	<-opening
	b.Refused("x", "r", nil, "unknown-room")
	close(held)
	a.Expect("joined-room")
	b.Refused("x", "r", nil, "unknown-room")
}

func TestLists(t *testing.T) {
	h := serve(t, true, &simplysocket.Options{MaxRoomsPerClient: 300, MessageRate: simplysocket.Unlimited})
	a := h.connect()
	for i := range 250 {
		a.Call("join-room", fmt.Sprintf("room/%03d", i), nil)
	}
	type page struct {
		Rooms []struct{ Name string }
		Count int
		Next  string
	}
	var names []string
	for after := ""; ; {
		p := decode[page](t, a.Call("list-rooms", "", object{"after": after}).Body)
		if len(p.Rooms) > 100 || p.Count != 250 {
			t.Errorf("a page has %d rooms of %d", len(p.Rooms), p.Count)
		}
		for _, r := range p.Rooms {
			names = append(names, r.Name)
		}
		if after = p.Next; after == "" {
			break
		}
	}
	for i, name := range names {
		if name != fmt.Sprintf("room/%03d", i) {
			t.Fatalf("room %d of the list is %s", i, name)
		}
	}
	if len(names) != 250 {
		t.Errorf("the list has %d rooms", len(names))
	}
	a.Refused("list-rooms", "", object{"after": 1}, "bad-message")
	a.Refused("list-rooms", "room/007", nil, "bad-message")

	var ids []string
	for range 120 {
		ids = append(ids, h.member("full").id)
	}
	last := h.member("full")
	ids = append(ids, last.id)
	type members struct {
		Members []struct{ Client string }
		Count   int
		Next    uint64
	}
	var joined message
	for _, m := range last.Received() {
		if m.Action == "joined-room" {
			joined = m
		}
	}
	p := decode[members](t, joined.Body)
	if len(p.Members) != 100 || p.Count != 121 || p.Next == 0 {
		t.Errorf("joined-room lists %d of %d, next %d", len(p.Members), p.Count, p.Next)
	}
	got := p.Members
	for p.Next != 0 {
		p = decode[members](t, last.Call("list-members", "full", object{"after": p.Next}).Body)
		got = append(got, p.Members...)
	}
	if len(got) != len(ids) {
		t.Fatalf("%d members are listed, want %d", len(got), len(ids))
	}
	for i, m := range got {
		if m.Client != ids[i] {
			t.Errorf("member %d is %s, want %s: not in joining order", i, m.Client, ids[i])
		}
	}
}

func TestConnectIntoRooms(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("?room=a&room=b/c&room=a//b")
	joined := map[string]bool{}
	c.Until("both rooms", func(m message) bool {
		if m.Action == "joined-room" {
			joined[m.Room] = true
		}
		return joined["a"] && joined["b/c"]
	})
	c = h.raw("?room=a//b")
	if m := c.Expect("error"); m.Code() != "bad-name" || m.Re != "join-room" {
		t.Errorf("got %v", m)
	}
}

func TestSeqAndEpoch(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.member("r"), h.member("r")
	for range 20 {
		a.Call("x", "r", nil)
		b.Send("y", "r", nil)
	}
	b.Call("z", "r", nil)
	a.Expect("z")
	for _, c := range []*peer{a, b} {
		last := uint64(0)
		for _, m := range c.Received() {
			if m.Target != "r" && m.Room != "r" {
				continue
			}
			if m.Seq <= last {
				t.Errorf("seq %d after %d: %v", m.Seq, last, m)
			}
			last = m.Seq
		}
	}
}

func TestProtocolActions(t *testing.T) {
	h := serve(t, false, nil)
	c := h.member("r")
	for _, action := range []string{
		"welcome", "ack", "error", "gap", "joined-room", "left-room", "room-closed", "client-joined-room",
		"client-left-room", "client-anything", "room-count", "heartbeat", "hello",
	} {
		c.Refused(action, "r", nil, "forbidden")
		c.Refused(action, "", nil, "forbidden")
	}
	for _, action := range []string{"$x", "find-room", "watch-rooms"} {
		c.Refused(action, "r", nil, "unknown-action")
	}
	for _, name := range []string{"a b", "a//b", "..", "a/", "é", "*", ">", "a\x00", strings.Repeat("a", 129)} {
		c.Refused("join-room", name, nil, "bad-name")
		c.Refused("x", name, nil, "bad-name")
	}
}

func TestThinnedAnnouncements(t *testing.T) {
	h := serve(t, true, &simplysocket.Options{AnnounceMaxMembers: 5})
	first := h.member("r")
	for range 10 {
		h.member("r")
	}
	first.Until("room-count of 11", func(m message) bool {
		return m.Action == protocol.ActionRoomCount && string(m.Body) == `{"count":11}`
	})
	news := 0
	for _, m := range first.Received() {
		if m.Action == "client-joined-room" {
			news++
		}
	}
	if news != 4 {
		t.Errorf("%d joins are announced, want 4", news)
	}
}
