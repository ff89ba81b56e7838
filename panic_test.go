package simplysocket_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

func TestPanicClosesTheRoom(t *testing.T) {
	for name, blow := range map[string]func(){
		"panic":  func() { panic("boom") },
		"index":  func() { _ = []int{}[len(t.Name())] },
		"goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			var hooks atomic.Int32
			panics := make(chan simplysocket.PanicInfo, 10)
			h := serve(t, false, &simplysocket.Options{Trace: &simplysocket.Trace{Panic: func(p simplysocket.PanicInfo) { panics <- p }}}, func(s *simplysocket.Server) {
				s.HandleRoom("{name}", func(room *simplysocket.Room) error {
					room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { hooks.Add(1); return nil })
					room.OnClose(func() error { hooks.Add(100); return nil })
					simplysocket.On(room, "blow", func(m *simplysocket.Member, _ simplysocket.None) error {
						_ = room.Broadcast("torn", nil)
						blow()
						return nil
					})
					simplysocket.On(room, "hi", func(*simplysocket.Member, simplysocket.None) error { return nil })
					return nil
				})
			})
			a, b := h.member("r"), h.member("r")
			a.Refused("blow", "r", nil, "internal")
			a.Expect("room-closed")
			if m := b.Expect("room-closed"); m.Target != "r" {
				t.Errorf("got %v", m)
			}
			for _, m := range b.Received() {
				if m.Action == "torn" {
					t.Errorf("output from before the panic was released: %v", m)
				}
			}
			if p := <-panics; p.Room != "r" || len(p.Stack) == 0 {
				t.Errorf("traced %+v", p)
			}
			if n := h.Stats().Panics; n != 1 {
				t.Errorf("counted %d panics", n)
			}
			if n := hooks.Load(); n != 100 {
				t.Errorf("hooks after the panic: %d, want OnClose alone", n)
			}
			a.Refused("hi", "r", nil, "unknown-room")
			a.Call("join-room", "r", nil) // opens it again
			a.Call("hi", "r", nil)
		})
	}
}

func TestPanicElsewhere(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("setup", func(*simplysocket.Room) error { panic("boom") })
		s.HandleRoom("setup-exits", func(*simplysocket.Room) error { runtime.Goexit(); return nil })
		s.HandleRoom("setup-fails", func(*simplysocket.Room) error { return simplysocket.Errorf("not-today", "come back") })
		s.HandleRoom("join", func(room *simplysocket.Room) error {
			room.OnJoin(func(*simplysocket.Join) error { panic("boom") })
			return nil
		})
		s.HandleRoom("leave", func(room *simplysocket.Room) error {
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { panic("boom") })
			return nil
		})
		s.HandleRoom("timer", func(room *simplysocket.Room) error {
			simplysocket.NewTimer(room, "t", func(note) error { panic("boom") })
			timer := simplysocket.NewTimer(room, "u", func(note) error { panic("boom") })
			room.OnJoin(func(*simplysocket.Join) error { timer.Set(0, note{}); return nil })
			return nil
		})
		s.HandleRoom("close", func(room *simplysocket.Room) error {
			room.OnClose(func() error { panic("boom") })
			simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { room.Close(); return nil })
			return nil
		})
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error {
			if c.Identity().User == "bad" {
				panic("boom")
			}
			return nil
		})
	})
	c, d := h.connect(), h.connect()
	c.Refused("join-room", "setup", nil, "internal")
	c.Refused("join-room", "setup-exits", nil, "internal")
	c.Refused("join-room", "setup-fails", nil, "not-today")
	c.Refused("join-room", "join", nil, "internal")
	c.Call("join-room", "leave", nil)
	d.Call("join-room", "leave", nil)
	c.Call("leave-room", "leave", nil)
	d.Expect("room-closed") // OnLeave has poisoned the room
	c.Call("join-room", "timer", nil)
	c.Expect("room-closed")
	c.Call("join-room", "close", nil)
	c.Call("close", "close", nil)
	c.Expect("room-closed")
	c.Call("join-room", "close", nil)
}

// TestGoexitInOnConnect: it ends the connection's goroutine, and the client keeps no
// place.
func TestGoexitInOnConnect(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.OnConnect(func(context.Context, *simplysocket.Client) error { runtime.Goexit(); return nil })
	})
	page := h.raw("", v1)
	page.Write(`{"action":"hello"}`)
	for _, c := range []*peer{h.raw(""), page} {
		if end := c.Closing(); end.Code != 1011 {
			t.Errorf("closed with %v", end)
		}
	}
	h.waitForClients(0)
}

// TestGoexitInHooks: it ends the turn's goroutine while a room ends. The room must end
// all the same, and notify its members.
func TestGoexitInHooks(t *testing.T) {
	for name, hook := range map[string]func(*simplysocket.Room){
		"OnClose": func(room *simplysocket.Room) { room.OnClose(func() error { runtime.Goexit(); return nil }) },
		"OnLeave": func(room *simplysocket.Room) {
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { runtime.Goexit(); return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := coded(t, "r", func(room *simplysocket.Room) error {
				hook(room)
				simplysocket.OnServer(room, "close", func(simplysocket.None) error { room.Close(); return nil })
				simplysocket.OnServer(room, "kick", func(n note) error { room.Member(n.Text).Kick(); return nil })
				return nil
			})
			c, d := h.member("r"), h.member("r")
			if name == "OnLeave" {
				if err := h.Room("r").Call(t.Context(), "kick", note{d.id}, nil); err == nil {
					t.Error("a kick that poisoned the room succeeded")
				}
				c.Expect("room-closed")
				c.Call("join-room", "r", nil)
			}
			if err := h.Room("r").Call(t.Context(), "close", nil, nil); err == nil {
				t.Error("a close that poisoned the room succeeded")
			}
			c.Expect("room-closed")
			c.Call("join-room", "r", nil)
		})
	}
}

func TestLobbyReopensAfterPanic(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("lobby", func(room *simplysocket.Room) error {
			simplysocket.On(room, "blow", func(*simplysocket.Member, simplysocket.None) error { panic("boom") })
			simplysocket.On(room, "hi", func(m *simplysocket.Member, _ simplysocket.None) error {
				return room.Broadcast("hi", nil, simplysocket.From(m))
			})
			return nil
		})
	})
	a, b := h.connect(), h.connect()
	a.Refused("blow", "", nil, "internal")
	a.Expect("room-closed")
	a.Call("hi", "", nil)
	b.Expect("hi")
}

func TestTurnsOnly(t *testing.T) {
	var room *simplysocket.Room
	var member *simplysocket.Member
	h := coded(t, "r", func(r *simplysocket.Room) error {
		room = r
		r.OnJoin(func(j *simplysocket.Join) error { member = j.Member; return nil })
		simplysocket.OnServer(r, "sync", func(simplysocket.None) error { return nil })
		simplysocket.On(r, "late", func(*simplysocket.Member, simplysocket.None) error {
			simplysocket.On(r, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
			return nil
		})
		return nil
	})
	c := h.member("r")
	if err := h.Room("r").Call(t.Context(), "sync", nil, nil); err != nil { // orders this goroutine after the turn
		t.Fatal(err)
	}
	for name, use := range map[string]func(){
		"Broadcast": func() { _ = room.Broadcast("x", nil) },
		"Deliver":   func() { _ = room.Deliver(&simplysocket.Message{Action: "x"}) },
		"Kick":      func() { room.Kick(member) },
		"Close":     func() { room.Close() },
		"Send":      func() { _ = member.Send("x", nil) },
		"JoinRoom":  func() { _ = member.JoinRoom("x", nil) },
		"OnLeave":   func() { room.OnLeave(nil) },
		"Every":     func() { room.Every(time.Second, func() error { return nil }) },
	} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, name) || !strings.Contains(p, "room r") {
					t.Errorf("%s outside the turns: panic %q", name, p)
				}
			}()
			use()
		}()
	}
	c.Refused("late", "r", nil, "internal") // it panics
	c.Expect("room-closed")
}

func TestSetupHasNoEffectOutside(t *testing.T) {
	h := coded(t, "r", func(r *simplysocket.Room) error { return r.Broadcast("x", nil) })
	h.connect().Refused("join-room", "r", nil, "internal")
}

func TestRegistrationPanics(t *testing.T) {
	none := func(*simplysocket.Member, simplysocket.None) error { return nil }
	for name, setup := range map[string]func(*simplysocket.Room){
		"twice":     func(r *simplysocket.Room) { simplysocket.On(r, "a", none); simplysocket.On(r, "a", none) },
		"empty":     func(r *simplysocket.Room) { simplysocket.On(r, "", none) },
		"protocol":  func(r *simplysocket.Room) { simplysocket.On(r, "client-x", none) },
		"reserved":  func(r *simplysocket.Room) { simplysocket.On(r, "$x", none) },
		"hello":     func(r *simplysocket.Room) { simplysocket.On(r, "hello", none) },
		"list":      func(r *simplysocket.Room) { simplysocket.On(r, "list-members", none) },
		"join":      func(r *simplysocket.Room) { simplysocket.On(r, "join-room", none) },
		"no period": func(r *simplysocket.Room) { r.Every(0, func() error { return nil }) },
	} {
		h := coded(t, "r", func(r *simplysocket.Room) error { setup(r); return nil })
		h.connect().Refused("join-room", "r", nil, "internal")
		if h.Stats().Panics != 1 {
			t.Errorf("%s: no panic", name)
		}
	}
	for _, patterns := range [][]string{{"a//b"}, {"a/{x}", "{y}/b"}, {"a", "a"}, {"lobby", "lobby"}, {"chat room"}, {"{x}/*"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("HandleRoom took %q", patterns)
				}
			}()
			srv, err := simplysocket.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range patterns {
				srv.HandleRoom(p, simplysocket.Relay)
			}
		}()
	}
}

// TestLobbyGoexitOfMany: if a lobby reopens and its OnJoin ends the goroutine again and
// again, the clients that are not admitted are sent away: nobody stays outside the lobby.
func TestLobbyGoexitOfMany(t *testing.T) {
	var broken atomic.Bool
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("lobby", func(room *simplysocket.Room) error {
			room.OnJoin(func(*simplysocket.Join) error {
				if broken.Load() {
					runtime.Goexit()
				}
				return nil
			})
			simplysocket.OnCall(room, "ping", func(*simplysocket.Member, simplysocket.None) (note, error) {
				return note{"pong"}, nil
			})
			return nil
		})
	})
	var clients []*peer
	for range 5 {
		c := h.connect()
		c.Call("ping", "", nil)
		clients = append(clients, c)
	}
	broken.Store(true)
	clients = append(clients, h.raw(""))
	for _, c := range clients {
		if end := c.Closing(); end.Code != uint16(protocol.CloseInternal) {
			t.Errorf("closed with %v", end)
		}
	}
	broken.Store(false)
	h.connect().Call("ping", "", nil)
}
