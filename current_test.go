package simplysocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// These tests are about connections that act for a client whose session has moved to
// another connection, or has ended.

// TestOldConnectionThatIsStuck: the heartbeat cuts a replaced connection, and the session
// continues over its new one.
func TestOldConnectionThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		p := h.page()
		p.Call("join-room", "r", nil)
		old := p.peer
		_ = old.Conn.Write([]byte(rawFrame(0x01, `{"action":`))) // a message that never ends
		p.resume()
		for range 20 { // data keeps coming, so that the connection is not silent
			time.Sleep(10 * time.Second)
			_ = old.Conn.Write([]byte(rawFrame(0x00, " ")))
		}
		p.Call("say", "r", nil)
		if h.Client(p.id) == nil {
			t.Error("the session has ended")
		}
		old.CutOff()
		p.CutOff()
	})
}

// TestDisconnectIsToldOnce: even if a replaced connection outlives the session.
func TestDisconnectIsToldOnce(t *testing.T) {
	var told atomic.Int64
	h := serve(t, false, &simplysocket.Options{CloseTimeout: 100 * time.Millisecond, Trace: &simplysocket.Trace{
		Disconnect: func(simplysocket.DisconnectInfo) { told.Add(1) },
	}})
	p := h.page()
	p.Pause() // it does not answer 4009
	next := h.raw("", v1)
	next.Write(envelope(0, "hello", "", object{"session": p.token}))
	next.Expect("welcome")
	_ = next.Conn.WriteClose(1000, "")
	waitFor(t, "both connections to end", func() bool { return h.Stats().Clients == 0 })
	s := h.Stats()
	if s.Connects != s.Disconnects || told.Load() != int64(s.Disconnects) {
		t.Errorf("%d connects, %d disconnects, %d traced", s.Connects, s.Disconnects, told.Load())
	}
}

// TestTraceTellsHowItEnded: by the peer, the network, the application, the window.
func TestTraceTellsHowItEnded(t *testing.T) {
	told := make(chan simplysocket.DisconnectInfo, 1)
	h := serve(t, false, &simplysocket.Options{ResumeWindow: 50 * time.Millisecond, Trace: &simplysocket.Trace{
		Disconnect: func(info simplysocket.DisconnectInfo) { told <- info },
	}})
	for want, end := range map[uint16]func(p *page){
		1000: func(p *page) { _ = p.Conn.WriteClose(1000, "bye") },
		1006: func(p *page) { p.CutOff() },
		1003: func(p *page) { _ = p.Conn.Write([]byte(rawFrame(0x82, ""))) },
		4100: func(p *page) { h.Client(p.id).Disconnect(4100, "enough") },
	} {
		p := h.page()
		end(p)
		if info := <-told; info.Code != want || info.Client != p.id {
			t.Errorf("traced %+v, want code %d", info, want)
		}
	}
}

// TestNoResumeTakesNothingOver: neither a disconnected session nor a connected one.
func TestNoResumeTakesNothingOver(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{DisableResume: true})
	p := h.page()
	p.Call("join-room", "r", nil)
	if p.token != "" {
		t.Errorf("a token %q that resumes nothing", p.token)
	}
	first := p.id
	if m := p.hello(object{"session": p.token}); p.id == first || !strings.Contains(string(m.Body), `"resumed":false`) {
		t.Errorf("got %v", m)
	}
}

// TestIdentityIsTheUser: a fresh token of the same user has other claims; the session
// continues with them.
func TestIdentityIsTheUser(t *testing.T) {
	issued := 0.0
	claims := make(chan any, 2)
	h := serve(t, false, &simplysocket.Options{Authenticate: func(*http.Request) (simplysocket.Identity, error) {
		issued++
		return simplysocket.Identity{User: "ann", Claims: map[string]any{"iat": json.Number(fmt.Sprint(issued)), "at": time.Now()}}, nil
	}}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			room.OnJoin(func(j *simplysocket.Join) error { claims <- j.Identity().Claims["iat"]; return nil })
			room.OnResume(func(m *simplysocket.Member) error { claims <- m.Identity().Claims["iat"]; return nil })
			return nil
		})
	})
	p := h.page()
	p.Call("join-room", "r", nil)
	p.cut()
	p.resume()
	if first, second := <-claims, <-claims; first != json.Number("1") || second != json.Number("2") {
		t.Errorf("claims %v, then %v", first, second)
	}
	if got := h.Client(p.id).Identity().Claims["iat"]; got != json.Number("2") {
		t.Errorf("the client has claims %v", got)
	}
}

// TestSameIdentity: it replaces the check of a session's owner. A panic in it denies.
func TestSameIdentity(t *testing.T) {
	same := func(a, b simplysocket.Identity) bool { return a.Claims["org"] == b.Claims["org"] }
	h := serve(t, false, &simplysocket.Options{
		Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
			return simplysocket.Identity{User: r.Header.Get("X-User"), Claims: map[string]any{"org": r.Header.Get("X-Org")}}, nil
		},
		SameIdentity: func(session, request simplysocket.Identity) bool {
			if request.User == "boom" {
				panic("boom")
			}
			return same(session, request)
		},
	})
	p := h.page(header("X-User", "ann"), header("X-Org", "a"))
	for _, c := range []struct {
		user, org string
		resumed   bool
	}{{"ben", "a", true}, {"ann", "b", false}} {
		q := h.page(header("X-User", c.user), header("X-Org", c.org))
		if m := q.hello(object{"session": p.token}); strings.Contains(string(m.Body), `"resumed":true`) != c.resumed {
			t.Errorf("%s of %s: %v", c.user, c.org, m)
		}
		p.token = q.token
	}
	q := h.page(header("X-User", "boom"), header("X-Org", "b"))
	if m := q.hello(object{"session": p.token}); !strings.Contains(string(m.Body), `"resumed":false`) {
		t.Errorf("a panic was taken for the same identity: %v", m)
	}
}

// TestJoinWhileAway: a member that the server adds while its client is away is away, and
// online once the client is back.
func TestJoinWhileAway(t *testing.T) {
	h := serve(t, false, nil)
	p, w := h.page(), h.member("r")
	p.cut()
	if err := h.Client(p.id).Join("r", nil); err != nil {
		t.Fatal(err)
	}
	w.Expect("client-joined-room")
	if m := w.Call("list-members", "r", nil); !strings.Contains(string(m.Body), `{"client":"`+p.id+`","state":"away"}`) {
		t.Errorf("got %v", m)
	}
	w.Call("x", "r", note{"while away"})
	p.resume()
	p.Expect("joined-room")
	if m := p.Expect("x"); m.Field("text") != "while away" {
		t.Errorf("got %v", m)
	}
	p.Call("x", "r", note{"back"})
	if got := p.texts("x"); len(got) != 2 {
		t.Errorf("got %v", got)
	}
	if m := w.Call("list-members", "r", nil); !strings.Contains(string(m.Body), `{"client":"`+p.id+`","state":"online"}`) {
		t.Errorf("got %v", m)
	}
}

// TestKickWhileAway: a client that comes back while a room is removing it gets left-room.
func TestKickWhileAway(t *testing.T) {
	gate := make(chan struct{})
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.OnServer(room, "wait", func(simplysocket.None) error { gate <- struct{}{}; <-gate; return nil })
		simplysocket.OnServer(room, "kick", func(n note) error { room.Member(n.Text).Kick(); return nil })
		return nil
	})
	p := h.page()
	p.Call("join-room", "r", nil)
	p.position()
	p.cut()
	_ = h.Room("r").Send("wait", nil)
	<-gate
	_ = h.Room("r").Send("kick", note{p.id})
	p.resume() // its resume queues after the kick
	gate <- struct{}{}
	if m := p.Expect("left-room"); m.Field("reason") != "kicked" {
		t.Errorf("got %v", m)
	}
}

// TestPeerCloses: which closes keep the session.
func TestPeerCloses(t *testing.T) {
	h := serve(t, false, nil)
	for code, kept := range map[uint16]bool{
		1000: false, 1001: true, 1005: true, 1008: false, 1011: false, 1012: true, 1013: true, 1014: true,
		3000: false, 4000: false, 4001: false, 4003: false, 4010: true,
	} {
		p := h.page()
		p.Call("join-room", "r", nil)
		_ = p.Conn.WriteClose(code, "")
		<-p.Done()
		waitFor(t, "the end", func() bool { return h.Stats().Clients == 0 })
		m := p.hello(object{"session": p.token})
		if resumed := strings.Contains(string(m.Body), `"resumed":true`); resumed != kept {
			t.Errorf("after a close with %d: resumed %t, want %t", code, resumed, kept)
		}
		p.forgetAll()
	}
}

// TestOverlappingHellos: of two connections with one token, the one that gets the session
// last has the valid token. `-drill.takeovers 20000` runs that many.
func TestOverlappingHellos(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, MaxDisconnectedSessions: simplysocket.Unlimited})
	var done, lost atomic.Int64
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for done.Add(1) <= int64(*takeovers) {
				if !overlap(h) {
					lost.Add(1)
				}
			}
		})
	}
	workers.Wait()
	if lost.Load() > 0 {
		t.Errorf("%d of %d sessions were lost", lost.Load(), *takeovers)
	}
}

// overlap makes two connections take over one session at once, and reports whether the
// later one's token resumes it.
func overlap(h *host) bool {
	token, _ := h.greet("")
	if token == "" {
		return true // the server rejected it
	}
	first, err1 := h.open("", v1)
	second, err2 := h.open("", v1)
	if err1 != nil || err2 != nil {
		return true
	}
	defer first.CutOff()
	defer second.CutOff()
	hello := []byte(envelope(0, "hello", "", object{"session": token}))
	go func() { _ = first.Conn.WriteText(hello) }()
	_ = second.Conn.WriteText(hello)
	m := second.Expect("welcome")
	second.Write(envelope(1, "list-members", "", nil)) // shows that it has the token
	second.Answer(1)
	second.CutOff()
	_, resumed := h.greet(m.Field("session"))
	return resumed
}

// greet says hello over a connection of its own, which then breaks.
func (h *host) greet(session string) (token string, resumed bool) {
	c, err := h.open("", v1)
	if err != nil {
		return "", false
	}
	defer c.CutOff()
	c.Write(envelope(0, "hello", "", object{"session": session}))
	m := c.Expect("welcome")
	return m.Field("session"), strings.Contains(string(m.Body), `"resumed":true`)
}

// TestLobbyAfterPanic: whatever reaches the lobby first after a panic has closed it, in a
// handler or in middleware, no client stays outside and none waits.
func TestLobbyAfterPanic(t *testing.T) {
	boom := func(*simplysocket.Member, simplysocket.None) error { panic("boom") }
	for name, configure := range map[string]func(*simplysocket.Server){
		"handler": func(s *simplysocket.Server) {
			s.HandleRoom("lobby", func(room *simplysocket.Room) error {
				simplysocket.On(room, "boom", boom)
				simplysocket.On(room, "hi", func(*simplysocket.Member, simplysocket.None) error { return nil })
				return nil
			})
		},
		"middleware": func(s *simplysocket.Server) {
			s.Use(func(next simplysocket.Handler) simplysocket.Handler {
				return func(r *simplysocket.Request) (any, error) {
					if r.Action == "boom" {
						panic("boom")
					}
					return next(r)
				}
			})
		},
	} {
		for first, use := range map[string]func(h *host, p *page, c *peer){
			"drop":    func(_ *host, p *page, _ *peer) { p.cut() },
			"resume":  func(_ *host, p *page, _ *peer) { p.resume() },
			"message": func(_ *host, _ *page, c *peer) { c.Call("hi", "", nil) },
			"connect": func(h *host, _ *page, _ *peer) { h.connect() },
			"leave":   func(h *host, p *page, _ *peer) { h.Client(p.id).Disconnect(4100, "") },
		} {
			t.Run(name+"/"+first, func(t *testing.T) {
				h := serve(t, false, nil, configure)
				p, c := h.page(), h.connect()
				var others []*peer
				for range 20 {
					others = append(others, h.connect())
				}
				for range 3 {
					c.Refused("boom", "", nil, "internal")
				}
				use(h, p, c)
				for _, other := range others {
					other.Call("hi", "", nil)
				}
				h.connect().Call("hi", "", nil)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := h.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
			})
		}
	}
}

// TestLobbyThatDoesNotOpen: clients that cannot enter the lobby are closed with a code
// that says to come back, each once.
func TestLobbyThatDoesNotOpen(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("lobby", func(room *simplysocket.Room) error {
			if broken.Load() {
				return context.DeadlineExceeded // from its database
			}
			simplysocket.On(room, "hi", func(*simplysocket.Member, simplysocket.None) error { return nil })
			return nil
		})
	})
	for range 50 {
		c := h.raw("")
		if end := c.Closing(); protocol.CloseCode(end.Code) != protocol.CloseInternal {
			t.Fatalf("closed with %v", end)
		}
		if n := len(c.Received()); n > 1 {
			t.Errorf("a client that only connected read %d messages: %v", n, c.Recent())
		}
	}
	h.waitForClients(0)
	broken.Store(false)
	h.connect().Call("hi", "", nil)
}

// TestLobbyThatPanicsAtEachJoin: it ends, and each client is sent away once.
func TestLobbyThatPanicsAtEachJoin(t *testing.T) {
	var broken atomic.Bool
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("lobby", func(room *simplysocket.Room) error {
			room.OnJoin(func(*simplysocket.Join) error {
				if broken.Load() {
					panic("join")
				}
				return nil
			})
			simplysocket.On(room, "boom", func(*simplysocket.Member, simplysocket.None) error { panic("boom") })
			return nil
		})
	})
	var clients []*peer
	for range 30 {
		clients = append(clients, h.connect())
	}
	broken.Store(true)
	clients[0].Send("boom", "", nil)
	for _, c := range clients {
		if end := c.Closing(); protocol.CloseCode(end.Code) != protocol.CloseInternal {
			t.Errorf("closed with %v", end)
		}
	}
	broken.Store(false)
	h.connect()
}

// TestJoinedWhileAway: a client that code adds to a room while it is away, and that is
// back before the room handles the join, is welcomed once.
func TestJoinedWhileAway(t *testing.T) {
	busy, free := make(chan struct{}), make(chan struct{})
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.OnServer(room, "block", func(simplysocket.None) error { close(busy); <-free; return nil })
			simplysocket.OnServer(room, "say", func(simplysocket.None) error { return room.Broadcast("x", nil) })
			return nil
		})
	})
	h.member("r")
	p := h.page()
	p.cut()
	if err := h.Room("r").Send("block", nil); err != nil {
		t.Fatal(err)
	}
	<-busy
	if err := h.Client(p.id).Join("r", nil); err != nil {
		t.Fatal(err)
	}
	if err := h.Room("r").Send("say", nil); err != nil {
		t.Fatal(err)
	}
	p.resume()
	close(free)
	p.Call("list-members", "r", nil)
	var got []string
	for _, m := range p.Received() {
		if m.Room == "r" && m.Ref == 0 || m.Target == "r" {
			got = append(got, m.Action)
		}
	}
	if want := []string{"joined-room", "x"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
