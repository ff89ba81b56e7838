package simplysocket_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestFrameFloods: frames that are not messages have a limit too. Each kind ends with
// 4029 before a hundred thousand of them.
func TestFrameFloods(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{CloseTimeout: 100 * time.Millisecond})
	for name, burst := range map[string]string{
		"empty continuations":          strings.Repeat(rawFrame(0x00, ""), 1000),
		"one-byte continuations":       strings.Repeat(rawFrame(0x00, " "), 1000),
		"pings":                        strings.Repeat(rawFrame(0x89, ""), 1000),
		"pongs":                        strings.Repeat(rawFrame(0x8a, "x"), 1000),
		"continuations with a message": rawFrame(0x80, "}") + rawFrame(0x01, `{"action":"list-members"`) + strings.Repeat(rawFrame(0x00, ""), 1000),
	} {
		t.Run(name, func(t *testing.T) {
			c := h.connect()
			_ = c.Conn.Write([]byte(rawFrame(0x01, `{"action":"list-members"`)))
			for range 100 {
				if c.Conn.Write([]byte(burst)) != nil {
					break
				}
			}
			if end := c.Closing(); end.Code != 4029 && end.Code != 1006 { // a reset may overtake the close frame
				t.Errorf("closed with %v", end)
			}
		})
	}
	h.waitForClients(0)
}

// TestFloodAfterTheEnd: a client that was disconnected and keeps sending is ignored, and
// soon cut.
func TestFloodAfterTheEnd(t *testing.T) {
	h := serve(t, false, nil)
	c := h.connect()
	_ = c.Conn.Write([]byte(strings.Repeat(rawFrame(0x81, `{"action":"x"}`), 7900)))
	_ = c.Closing()
	if n := h.Stats().Received; n > 2000 {
		t.Errorf("%d messages of a disconnected client were handled", n)
	}
	c = h.connect()
	burst, n := []byte(strings.Repeat(rawFrame(0x89, ""), 10_000)), 0
	for c.Conn.Write(burst) == nil && n < 256<<20 {
		n += len(burst)
	}
	if n > 64<<20 {
		t.Errorf("%d MiB of pings were read", n>>20)
	}
	h.waitForClients(0)
}

// TestFragmentsAreNoFlood: a client within its rate may split each message into many
// fragments.
func TestFragmentsAreNoFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		c := h.member("r")
		for range 1000 {
			c.LastID++
			text := envelope(c.LastID, "x", "r", object{"text": strings.Repeat("x", 64)})
			frames := rawFrame(0x01, text[:1])
			for i := 1; i < 16; i++ {
				frames += rawFrame(0x00, text[i:i+1])
			}
			_ = c.Conn.Write([]byte(frames + rawFrame(0x80, text[16:])))
			if m := c.Answer(c.LastID); m.Action != "ack" {
				t.Fatal(m)
			}
			time.Sleep(5 * time.Millisecond)
		}
		c.CutOff()
	})
}

// TestRateAfterResume: resent messages count against the rate like all others. They wait
// instead of being refused, as long as they may.
func TestRateAfterResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		for _, action := range []string{"list-rooms", "list-members", "x"} {
			p := h.page()
			p.Write(fmt.Sprintf(`{"action":%q,"id":%d}`, action, protocol.MaxID))
			p.Answer(protocol.MaxID)
			_ = p.Conn.CloseNow()
			synctest.Wait()
			p.resume()
			began := time.Now()
			const n = 3000
			go func() {
				for id := 1; id <= n; id++ {
					_ = p.Conn.WriteText([]byte(fmt.Sprintf(`{"action":%q,"id":%d}`, action, id)))
				}
			}()
			for !p.Ended() && time.Since(began) < time.Minute {
				time.Sleep(100 * time.Millisecond)
			}
			acks := 0
			for _, m := range p.Received() {
				if m.Action == "ack" {
					acks++
				}
			}
			if most := 400 + 200*int(time.Since(began)/time.Second+1); acks > most || acks > 1200 {
				t.Errorf("%s: %d answers in %v", action, acks, time.Since(began))
			}
			p.CutOff()
		}
	})
}

// TestResumesHaveARate: a session that is resumed again and again is rejected, but not
// lost.
func TestResumesHaveARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		p := h.page()
		slug := p.id
		turned := 0
		for range 100 {
			c := h.raw("", v1)
			c.Write(envelope(0, "hello", "", object{"session": p.token}))
			synctest.Wait()
			if c.Ended() {
				if end := c.Closing(); end.Code != 1013 {
					t.Fatalf("closed with %v", end)
				}
				turned++
				continue
			}
			if m := c.Expect("welcome"); m.Field("client") != slug {
				t.Fatalf("another session: %v", m)
			} else {
				p.token = m.Field("session")
			}
		}
		if turned < 30 || turned > 60 {
			t.Errorf("%d of 100 resumes were rejected", turned)
		}
		time.Sleep(time.Second)
		if m := p.hello(object{"session": p.token}); p.id != slug {
			t.Errorf("the session is lost: %v", m)
		}
		p.CutOff()
	})
}

// TestTakenOverConnectionsDoNotPileUp: for a client that reads nothing, one replaced
// connection is kept for its close code, and no more.
func TestTakenOverConnectionsDoNotPileUp(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{CloseTimeout: time.Minute})
	p := h.page()
	token := p.token
	for range 20 {
		c := h.raw("", v1)
		c.Write(envelope(0, "hello", "", object{"session": token}))
		token = c.Expect("welcome").Field("session")
		c.Pause() // so that it does not answer a close
	}
	waitFor(t, "the old connections to be cut", func() bool { return h.Stats().Clients <= 2 })
}

// TestKeptSessionsCountForTheirAddress: an address cannot fill the server's limit of
// disconnected sessions, nor a room's places, with sessions that have no connection.
func TestKeptSessionsCountForTheirAddress(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MaxClientsPerAddress: 3}, func(s *simplysocket.Server) {
		s.HandleRoom("game", func(room *simplysocket.Room) error {
			room.SetCapacity(4)
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
			return nil
		})
	})
	var pages []*page
	for range 12 {
		p := h.page()
		p.Call("join-room", "game", nil)
		kept := h.Stats().Disconnected
		p.CutOff()
		waitFor(t, "the session to wait", func() bool { s := h.Stats(); return s.Clients == 0 && s.Disconnected >= min(kept, 2) })
		pages = append(pages, p)
	}
	if kept := h.Stats().Disconnected; kept > 3 {
		t.Errorf("an address with a limit of 3 keeps %d sessions", kept)
	}
	last := pages[len(pages)-1]
	last.resume() // the newest have the longest window left
	h.member("game")
}

// TestKeptSessionsOfAnAddressHaveAShare, even if the connections of an address have no
// limit.
func TestKeptSessionsOfAnAddressHaveAShare(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{
		MaxDisconnectedSessions: 40,
		TrustedProxies:          []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	for range 60 {
		p := h.page(header("X-Forwarded-For", "2001:db8::"+fmt.Sprint(h.Stats().Connects)))
		p.CutOff()
	}
	waitFor(t, "the share", func() bool { s := h.Stats(); return s.Clients == 0 && s.Disconnected <= 10 })
	p := h.page(header("X-Forwarded-For", "198.51.100.1"))
	p.cut()
	p.resume()
}

// TestIPv6CountsByNetwork: one host can use any number of addresses in its /64.
func TestIPv6CountsByNetwork(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{
		MaxClientsPerAddress: 2,
		TrustedProxies:       []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	connect := func(from string) error {
		_, err := h.try("", header("X-Forwarded-For", from))
		return err
	}
	for _, from := range []string{"2001:db8::1", "[2001:DB8:0:0::2]:443"} {
		if err := connect(from); err != nil {
			t.Error(err)
		}
	}
	for _, from := range []string{"2001:db8::3", "2001:db8:0:0:ffff::1", "[2001:db8::4]", "2001:db8::5%eth0"} {
		if connect(from) == nil {
			t.Errorf("%s was admitted as a third client of its /64", from)
		}
	}
	if err := connect("2001:db8:0:1::1"); err != nil {
		t.Error(err)
	}
	owner := h.connect()
	owner.Call("join-room", "secret", object{"password": "x"})
	wrong := 0
	for i := range 30 {
		c, err := h.open("", header("X-Forwarded-For", fmt.Sprintf("2001:db8:7::%x", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		c.Expect("welcome")
		if m := c.Ask("join-room", "secret", object{"password": fmt.Sprint(i)}); m.Code() == "forbidden" {
			wrong++
		}
		c.CutOff()
		waitFor(t, "its place", func() bool { return h.Stats().Clients <= 4 })
	}
	if wrong != 10 {
		t.Errorf("%d guesses from one /64", wrong)
	}
}

// TestForwardedAddresses: as proxies write them, in their canonical form.
func TestForwardedAddresses(t *testing.T) {
	told := make(chan string, 1)
	h := serve(t, false, &simplysocket.Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::ffff:10.0.0.0/104")},
		Trace:          &simplysocket.Trace{Connect: func(info simplysocket.ConnectInfo) { told <- info.Address }},
	})
	for forwarded, want := range map[string]string{
		"1.2.3.4":                         "1.2.3.4",
		"1.2.3.6:1000":                    "1.2.3.6",
		"[2001:db8::1]":                   "2001:db8::1",
		"[2001:DB8:0::1]:443":             "2001:db8::1",
		" 2001:0db8::0001 ":               "2001:db8::1",
		"::ffff:1.2.3.4":                  "1.2.3.4",
		"9.9.9.9, 1.2.3.4, 10.0.0.1":      "1.2.3.4",
		"9.9.9.9, 1.2.3.4:80, 10.0.0.1:9": "1.2.3.4",
		"9.9.9.9, junk, 10.0.0.1":         "10.0.0.1",
		"9.9.9.9, , 10.0.0.1":             "10.0.0.1",
		"junk":                            "127.0.0.1",
		"1.2.3.4, 127.0.0.1":              "1.2.3.4",
	} {
		h.connect(header("X-Forwarded-For", forwarded))
		if got := <-told; got != want {
			t.Errorf("X-Forwarded-For: %s is %s, want %s", forwarded, got, want)
		}
	}
}

// TestUnixSocketProxy: behind a proxy on a Unix socket, clients have their own addresses.
func TestUnixSocketProxy(t *testing.T) {
	h := serve(t, false, nil)
	path := t.TempDir() + "/socket"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := simplysocket.NewHTTPServer(h)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	h.URL = "ws://x/ws"
	h.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	h.connect(header("X-Forwarded-For", "198.51.100.1")).Call("join-room", "secret", object{"password": "x"})
	evil := h.connect(header("X-Forwarded-For", "203.0.113.9"))
	for i := range 12 {
		evil.Ask("join-room", "secret", object{"password": fmt.Sprint(i)})
	}
	h.connect(header("X-Forwarded-For", "192.0.2.7")).Call("join-room", "secret", object{"password": "x"})
}

// TestMailboxShare: a client that floods a slow room takes no places from a modest
// client, nor from clients that join.
func TestMailboxShare(t *testing.T) {
	for name, o := range map[string]simplysocket.Options{
		"entries": {MailboxMessages: 64},
		"bytes":   {MailboxBytes: 32 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			step := make(chan struct{})
			o.MessageRate = simplysocket.Unlimited
			h := serve(t, false, &o, func(s *simplysocket.Server) {
				s.HandleRoom("r", func(room *simplysocket.Room) error {
					simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { <-step; return nil })
					simplysocket.On(room, "modest", func(*simplysocket.Member, simplysocket.None) error { return nil })
					return nil
				})
			})
			greedy, modest := h.member("r"), h.member("r")
			for range 500 {
				greedy.Send("x", "r", nil)
			}
			waitFor(t, "the flooding client to be refused", func() bool { return h.Stats().Busy > 100 })
			for range 8 { // with the flooding client always at its limit
				modest.LastID++
				modest.Write(envelope(modest.LastID, "modest", "r", nil))
			}
			late := h.connect()
			late.Write(envelope(1, "join-room", "r", nil))
			waitForReceived(h)
			close(step)
			for id := uint64(2); id <= modest.LastID; id++ {
				if m := modest.AnswerOf(id); m.Action != "ack" {
					t.Errorf("the modest client reads %v", m)
				}
			}
			if m := late.AnswerOf(1); m.Action != "ack" {
				t.Errorf("the late client reads %v", m)
			}
		})
	}
}

// TestLobbySharesItsDeliveries: what one client sends there silences neither the others
// nor the server.
func TestLobbySharesItsDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, &simplysocket.Options{LobbyDeliveriesPerSecond: 1000})
		var clients []*peer
		for range 50 {
			clients = append(clients, h.connect())
		}
		limited := 0
		for range 200 {
			if m := clients[0].Ask("x", "", nil); m.Code() == "rate-limited" {
				limited++
			}
			time.Sleep(6 * time.Millisecond)
		}
		if limited < 100 {
			t.Errorf("of 200 messages to 50 clients %d were refused", limited)
		}
		clients[1].Call("x", "", nil)
		for i := range 15 {
			if err := h.Room("lobby").Broadcast("maintenance", object{"n": i}); err != nil {
				t.Error(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		synctest.Wait()
		got := 0
		for _, m := range clients[2].Received() {
			if m.Action == "maintenance" {
				got++
			}
		}
		if got != 15 {
			t.Errorf("of 15 announcements of the server %d arrived", got)
		}
		for _, c := range clients {
			c.CutOff()
		}
	})
}

// TestServerIsHeardInTheLobby: what the application sends from outside the room arrives,
// since the application would not learn of a refusal.
func TestServerIsHeardInTheLobby(t *testing.T) {
	for name, send := range map[string]func(simplysocket.RoomRef) error{
		"Broadcast": func(lobby simplysocket.RoomRef) error { return lobby.Broadcast("maintenance", nil) },
		"Send":      func(lobby simplysocket.RoomRef) error { return lobby.Send("maintenance", nil) },
		"Call":      func(lobby simplysocket.RoomRef) error { return lobby.Call(t.Context(), "maintenance", nil, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, false, &simplysocket.Options{LobbyDeliveriesPerSecond: 20})
			clients := []*peer{h.connect(), h.connect(), h.connect()}
			for range 100 { // a client that uses its whole budget changes nothing
				clients[0].Ask("x", "", nil)
			}
			for range 100 {
				if err := send(h.Room("lobby")); err != nil {
					t.Fatal(err)
				}
			}
			for range 100 {
				clients[2].Expect("maintenance")
			}
		})
	}
}

// TestClientDeliveries: a client's messages to large rooms are limited; those of others,
// and of the server, are not affected.
func TestClientDeliveries(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{ClientDeliveriesPerSecond: 100, MessageRate: 50, MessageBurst: 1000})
	var members []*peer
	for range 10 {
		members = append(members, h.member("r"))
	}
	limited := 0
	for range 30 {
		if m := members[0].Ask("x", "r", nil); m.Code() == "rate-limited" {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("of 30 messages to 10 members %d were refused", limited)
	}
	members[1].Call("x", "r", nil)
	for range 30 {
		if err := h.Room("r").Call(t.Context(), "x", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDeliveriesOfResentMessages: messages resent after a resume are never refused for
// their deliveries. They wait.
func TestDeliveriesOfResentMessages(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{ClientDeliveriesPerSecond: 100, MessageRate: 50, MessageBurst: 1000})
	p := h.page()
	p.Call("join-room", "r", nil)
	for range 9 {
		h.member("r")
	}
	waitFor(t, "the listing to show all members", func() bool {
		return strings.Contains(string(h.connect().Call("list-rooms", "", nil).Body), `"members":10`)
	})
	p.cut()
	p.resume()
	const messages = 20 // twice the deliveries that the client may cause at once
	first := p.LastID + 1
	for range messages {
		p.LastID++
		p.Write(envelope(p.LastID, "x", "r", nil))
	}
	for id := first; id < first+messages; id++ {
		if m := p.Answer(id); m.Action != "ack" {
			t.Errorf("message %d: %v", id, m)
		}
	}
}

// TestMaxRooms bounds the server's rooms; a place that becomes free can be used again.
func TestMaxRooms(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MaxRooms: 3, EmptyRoomTimeout: time.Millisecond})
	c := h.connect()
	for i := range 3 {
		c.Call("join-room", fmt.Sprint("r", i), nil)
	}
	c.Refused("join-room", "r3", nil, "limit-exceeded")
	h.connect().Call("join-room", "r0", nil)
	c.Call("leave-room", "r1", nil)
	waitFor(t, "a place", func() bool { return c.Ask("join-room", "r3", nil).Action == "ack" })
}

// TestLeftRoomsKeepNothing: the history of a room that everybody has left is freed at
// once.
func TestLeftRoomsKeepNothing(t *testing.T) {
	skipStored(t)
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	c := h.connect()
	body := object{"text": strings.Repeat("x", 60_000)}
	talk := func(n int) {
		for i := range n {
			room := fmt.Sprint("x", i)
			c.Call("join-room", room, nil)
			c.Call("say", room, body)
			c.Call("leave-room", room, nil)
			c.Forget()
		}
	}
	talk(20)
	_, before, _ := resources()
	talk(300)
	if _, after, _ := resources(); after > before+6<<20 {
		t.Errorf("the heap went from %d to %d KiB", before>>10, after>>10)
	}
}

// TestSessionsKeepLittle: a session remembers the answers to its messages in little
// memory, whichever rooms gave them.
func TestSessionsKeepLittle(t *testing.T) {
	skipStored(t)
	sessions := 500
	if testing.Short() {
		sessions = 50
	}
	h := serve(t, true, &simplysocket.Options{
		MessageRate: simplysocket.Unlimited, HistoryAge: 50 * time.Millisecond,
		HeartbeatInterval: time.Hour, // pings would wait in memory for the pages that do not read
	})
	pages := make([]*page, sessions)
	talk := func(messages int) {
		for i, p := range pages {
			for n := range messages {
				p.Call("say", fmt.Sprintf("r%d/%d", i, n%3), nil)
				p.Forget()
			}
		}
		waitFor(t, "the history to be trimmed", func() bool {
			left := pages[0].Ask("history", "r0/0", nil)
			pages[0].Forget()
			return strings.Contains(string(left.Body), `"messages":[]`)
		})
	}
	for i := range pages {
		pages[i] = h.page()
		for n := range 3 {
			pages[i].Call("join-room", fmt.Sprintf("r%d/%d", i, n), nil)
		}
	}
	talk(1)
	_, before, _ := resources()
	talk(300)
	_, after, _ := resources()
	if grown := (int64(after) - int64(before)) / int64(sessions); grown > 1024 {
		t.Errorf("a session took %d bytes more after 300 messages", grown)
	}
}

// TestLegalMessageFits: with any options, a message of the largest size reaches
// everybody, including its sender.
func TestLegalMessageFits(t *testing.T) {
	skipStored(t)
	for name, o := range map[string]simplysocket.Options{
		"large messages": {MaxMessageBytes: 4 << 20},
		"small outbox":   {OutboxBytes: 1, MaxMessageBytes: 1 << 20},
		"small mailbox":  {MailboxBytes: 1, MaxMessageBytes: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, true, &o)
			a, b := h.member("r"), h.member("r")
			a.Call("say", "r", object{"text": strings.Repeat("x", 1<<20-1000)})
			b.Expect("say")
			a.Call("say", "r", nil)
		})
	}
}

// TestAnswersFit: with any options, the protocol's own messages to a client that sends
// one request at a time fit its outbox.
func TestAnswersFit(t *testing.T) {
	for name, o := range map[string]simplysocket.Options{
		"one message":   {OutboxMessages: 1},
		"few bytes":     {OutboxBytes: 1, MaxMessageBytes: 600},
		"small pages":   {OutboxBytes: 1, MaxMessageBytes: 600, HistoryBytes: 1, HistoryMessages: 1},
		"small mailbox": {MailboxMessages: 1, MailboxBytes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			o.MessageRate = simplysocket.Unlimited
			h := serve(t, true, &o) // in memory, all output waits in the outbox
			a, b := h.page(), h.page()
			room := func(i int) string { return fmt.Sprintf("%0120d", i) }
			for i := range 100 {
				a.Call("join-room", room(i), object{"properties": object{"x": strings.Repeat("x", 250)}})
			}
			b.Call("join-room", room(1), nil)
			for range 100 {
				b.Call("say", room(1), object{"text": strings.Repeat("x", 300)})
				a.Expect("say") // a message that it does not read in time is not an answer to it
			}
			b.Call("list-rooms", "", nil)
			b.Call("list-members", room(1), nil)
			b.Call("history", room(1), nil)
			a.cut()
			b.Call("say", room(1), nil)
			a.resume()
			a.Call("leave-room", room(1), nil)
		})
	}
}

// TestHelloOfManyRooms: with any options, the hello of a client in the maximum number of
// rooms fits; a message after it must not be as large.
func TestHelloOfManyRooms(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MaxMessageBytes: 1024})
	rooms := map[string][2]uint64{}
	for i := range 100 {
		rooms[fmt.Sprintf("%0128d", i)] = [2]uint64{1<<53 - 1, 1<<53 - 1}
	}
	c := h.raw("", v1)
	c.Write(envelope(0, "hello", "", object{"session": "none", "rooms": rooms}))
	c.Expect("welcome")
	c.Write(envelope(1, "x", "", object{"text": strings.Repeat("x", 2000)}))
	if end := c.Closing(); end.Code != 1009 {
		t.Errorf("closed with %v", end)
	}
}

// TestOptionsThatAreNoNumbers: they are errors that name the field.
func TestOptionsThatAreNoNumbers(t *testing.T) {
	for field, o := range map[string]simplysocket.Options{
		"MessageRate":               {MessageRate: math.Inf(1)},
		"ResumeWindow":              {ResumeWindow: math.MaxInt64},
		"HistoryAge":                {HistoryAge: math.MaxInt64},
		"HeartbeatInterval":         {HeartbeatInterval: math.MaxInt64},
		"MaxRooms":                  {MaxRooms: -1},
		"ClientDeliveriesPerSecond": {ClientDeliveriesPerSecond: -1},
	} {
		_, err := simplysocket.New(&o)
		var bad *simplysocket.OptionError
		if !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, rate := range []float64{math.NaN(), math.Inf(-1), -1} {
		if _, err := simplysocket.New(&simplysocket.Options{MessageRate: rate}); err == nil {
			t.Errorf("a rate of %v was accepted", rate)
		}
	}
	most := simplysocket.Unlimited
	if _, err := simplysocket.New(&simplysocket.Options{
		MaxMessageBytes: most, MaxRoomsPerClient: most, MaxClients: most, MaxClientsPerAddress: most, MaxRooms: most,
		MessageRate: simplysocket.Unlimited, MessageBurst: most, ClientDeliveriesPerSecond: most, MailboxMessages: most, MailboxBytes: most,
		OutboxMessages: most, OutboxBytes: most, MaxDisconnectedSessions: most, HistoryMessages: most, HistoryBytes: most, AnnounceMaxMembers: most, LobbyDeliveriesPerSecond: most,
	}); err != nil {
		t.Error(err)
	}
}

// TestManySessionsOfAUser: connecting and leaving costs the same for any number of
// sessions.
func TestManySessionsOfAUser(t *testing.T) {
	h := serve(t, true, &simplysocket.Options{Authenticate: func(*http.Request) (simplysocket.Identity, error) {
		return simplysocket.Identity{User: "kiosk"}, nil
	}})
	each := func(n int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			h.raw("").Expect("welcome")
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / uint64(n)
	}
	first := each(200)
	each(1600)
	if last := each(200); last > 2*first {
		t.Errorf("a session allocates %d bytes among 200 and %d among 2,000", first, last)
	}
	if err := h.User("kiosk").Send("x", nil); err != nil {
		t.Error(err)
	}
}

// TestListIsSharedAndFresh: a list shows a client's own last changes.
func TestListIsSharedAndFresh(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	c := h.connect()
	for i := range 60 {
		c.Call("join-room", fmt.Sprint("r", i), nil)
		if m := c.Call("list-rooms", "", nil); !strings.Contains(string(m.Body), fmt.Sprintf(`"count":%d}`, i+1)) {
			t.Fatalf("after %d rooms: %s", i+1, m.Body)
		}
	}
}

// TestRoomParametersHaveLimits: the joins in a URL count like messages.
func TestRoomParametersHaveLimits(t *testing.T) {
	for name, o := range map[string]*simplysocket.Options{"rooms": nil, "rate": {MessageRate: 5, MessageBurst: 10}} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, false, o)
			c := h.raw("?" + strings.Repeat("room=a&", 3) + rooms(1000))
			c.Expect("welcome")
			if m := c.Expect("error"); m.Code() != map[string]string{"rooms": "limit-exceeded", "rate": "rate-limited"}[name] {
				t.Errorf("got %v", m)
			}
			waitForReceived(h)
			if n := len(c.Received()); n > 103 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// rooms returns the parameters of a URL that joins that many.
func rooms(n int) string {
	var q strings.Builder
	for i := range n {
		fmt.Fprintf(&q, "room=r%d&", i)
	}
	return q.String()
}
