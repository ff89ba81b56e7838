package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

const (
	joinedFrame = `{"action":"joined-room","message_body":{"epoch":%d,"seq":%d,"count":1,"members":[{"client":"anna"}]},"IsTargetClient":true,"target":"anna","sender":"server","room":"r","seq":%d}`
	leftFrame   = `{"action":"left-room","message_body":{"reason":%q},"IsTargetClient":true,"target":"anna","sender":"server","room":"r"}`
	closedFrame = `{"action":"room-closed","message_body":{},"IsTargetClient":false,"target":"r","sender":"server","seq":%d}`
	errorFrame  = `{"action":"error","message_body":{"code":%q,"message":""},"IsTargetClient":true,"target":"anna","sender":"server","room":"r","ref":%d,"re":%q}`
)

// wantDead fails unless every method of the room refuses to act.
func wantDead(t *testing.T, room *client.Room) {
	t.Helper()
	ctx := t.Context()
	_, call := client.Call[struct{}](ctx, room, "x", nil)
	_, members := room.ListMembers(ctx, 0)
	_, history := room.History(ctx, 0)
	for name, err := range map[string]error{
		"Send":        room.Send(ctx, "x", nil),
		"SendTo":      room.SendTo(ctx, "bert", "x", nil),
		"Post":        room.Post("x", nil),
		"Call":        call,
		"ListMembers": members,
		"History":     history,
		"Leave":       room.Leave(ctx),
	} {
		if !errors.Is(err, client.ErrOutOfRoom) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRemovedWhileJoining: if a room removes the client inside OnJoin, the join is
// refused with the reason.
func TestRemovedWhileJoining(t *testing.T) {
	overBoth(t, func(t *testing.T, h *host) {
		conn := h.connect(client.Options{})
		for name, reason := range map[string]client.LeaveReason{"kicks": client.LeaveReasonKicked, "closes": client.LeaveReasonClosed} {
			heard := newEvents()
			for range 20 {
				room, err := conn.Join(t.Context(), name, nil, heard.all)
				var removed *client.RemovedError
				switch {
				case err == nil: // it was in, and must learn that it is out
					heard.want(t, "closed "+string(reason))
					wantDead(t, room)
				case !errors.As(err, &removed) || removed.Reason != reason || removed.Room != name || !errors.Is(err, client.ErrOutOfRoom):
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
	}, func(s *simplysocket.Server) {
		s.HandleRoom("kicks", func(room *simplysocket.Room) error {
			room.OnJoin(func(j *simplysocket.Join) error { j.Kick(); return nil })
			return nil
		})
		s.HandleRoom("closes", func(room *simplysocket.Room) error {
			room.OnJoin(func(*simplysocket.Join) error { room.Close(); return nil })
			return nil
		})
	})
}

// TestEndBeforeBeginning: the end of a membership and the answer to its join arrive in
// every order.
func TestEndBeforeBeginning(t *testing.T) {
	const (
		joined = iota
		left
		ack
	)
	for name, test := range map[string]struct {
		order []int
		in    bool
	}{
		"joined left ack": {[]int{joined, left, ack}, false},
		"joined ack left": {[]int{joined, ack, left}, true},
		"left ack":        {[]int{left, ack}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			conn, p := s.connect(client.Options{})
			heard := newEvents()
			go func() {
				env := p.hear("join-room")
				for _, step := range test.order {
					switch step {
					case joined:
						p.say(joinedFrame, 1, 1, 1)
					case left:
						p.say(leftFrame, "kicked")
					case ack:
						p.ack(env, 2, "{}")
					}
				}
			}()
			room, err := conn.Join(t.Context(), "r", nil, heard.all)
			if test.in {
				if err != nil {
					t.Fatal(err)
				}
				heard.want(t, "closed kicked")
				wantDead(t, room)
				return
			}
			var removed *client.RemovedError
			if !errors.As(err, &removed) || removed.Reason != client.LeaveReasonKicked {
				t.Fatalf("got %v, %v", room, err)
			}
			go p.admit(2, 1)
			join(t, conn, "r", nil) // the name is free again
			heard.none(t)
		})
	}
}

// TestDeadRoom: a room that the client has left sends nothing, and does not act on a
// later membership of its name.
func TestDeadRoom(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *peer, *client.Room){
		"left": func(t *testing.T, p *peer, room *client.Room) {
			go func() { p.ack(p.hear("leave-room"), 5, "{}") }()
			if err := room.Leave(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"kicked": func(_ *testing.T, p *peer, _ *client.Room) { p.say(leftFrame, "kicked") },
		"closed": func(_ *testing.T, p *peer, _ *client.Room) { p.say(closedFrame, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			conn, p := s.connect(client.Options{})
			dead, live := newEvents(), newEvents()
			go p.admit(1, 1)
			room := join(t, conn, "r", nil, dead.all)
			end(t, p, room)
			dead.want(t, "closed "+name)
			wantDead(t, room)
			go p.admit(2, 1)
			second := join(t, conn, "r", nil, live.all)
			wantDead(t, room)
			p.tell("r", 9, "hi")
			live.want(t, `say {"text":"hi"}`)
			dead.none(t)
			go func() { p.ack(p.hear("marker"), 10, "{}") }() // and nothing before it
			send(t, second, "marker", nil)
		})
	}
}

// TestBeforeJoin: a setup cannot act in a room that is not joined yet.
func TestBeforeJoin(t *testing.T) {
	conn := inMemory(t).connect(client.Options{})
	join(t, conn, "r", nil, func(r *client.Room) { wantDead(t, r) })
}

// TestLateEnd: a server's message about an earlier membership does not end a new one.
func TestLateEnd(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{})
	heard := newEvents()
	go p.admit(1, 1)
	join(t, conn, "r", nil, heard.all)
	p.say(closedFrame, 5)
	heard.want(t, "closed closed")
	go func() {
		env := p.hear("join-room")
		p.say(leftFrame, "closed")
		p.say(joinedFrame, 2, 1, 1)
		p.ack(env, 2, "{}")
	}()
	join(t, conn, "r", nil, heard.all)
	p.tell("r", 3, "hi")
	heard.want(t, `say {"text":"hi"}`)
}

// TestWaitingForDeadRoom: messages that wait to be sent fail with their room.
func TestWaitingForDeadRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		heard := newEvents()
		rooms := make(chan *client.Room, 1)
		conn, p := s.connect(client.Options{OnRoom: func(r *client.Room) { heard.all(r); rooms <- r }})
		p.say(joinedFrame, 1, 1, 1)
		room := <-rooms
		_ = p.conn.CloseNow()
		synctest.Wait()
		waiting := make(chan error, 1)
		go func() { waiting <- room.Send(t.Context(), "x", nil) }()
		synctest.Wait()
		p, _ = s.next()
		p.welcome("token-2", false)
		if err := <-waiting; !errors.Is(err, client.ErrOutOfRoom) {
			t.Errorf("got %v", err)
		}
		heard.want(t, "gap 0-0 whole=true direct=false", "closed lost")
		go func() { p.ack(p.hear("marker"), 1, "{}") }()
		send(t, conn.Lobby(), "marker", nil)
	})
}

// TestLeaveOffline: a leave has a place while offline and behind a full queue, and a
// server that resumes the session learns of it even if nobody waits any more.
func TestLeaveOffline(t *testing.T) {
	for name, policy := range map[string]client.OfflinePolicy{"wait": client.Wait, "reject": client.Reject} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				heard := newEvents()
				conn, p := s.connect(client.Options{QueueMessages: 1, OfflineSends: policy})
				go p.admit(1, 1)
				room := join(t, conn, "r", nil, heard.all)
				_ = p.conn.CloseNow()
				synctest.Wait()
				want := context.DeadlineExceeded
				if policy == client.Wait {
					go func() { _ = conn.Lobby().Send(t.Context(), "x", nil) }()
					synctest.Wait()
				} else {
					want = client.ErrOffline
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if err := room.Leave(ctx); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
				wantDead(t, room)
				p, _ = s.next()
				welcomed := time.Now()
				p.welcome("token-2", true)
				if policy == client.Wait {
					p.ack(p.hear("x"), 2, "{}")
				}
				p.ack(p.hear("leave-room"), 3, "{}")
				if waited := time.Since(welcomed); waited != 0 {
					t.Errorf("left after %v", waited)
				}
				heard.want(t, "closed left")
			})
		})
	}
}

// TestLeaveThenNewSession: a room that was left while offline is not joined again.
func TestLeaveThenNewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		heard := newEvents()
		conn, p := s.connect(client.Options{})
		go p.admit(1, 1)
		room := join(t, conn, "r", nil, heard.all)
		_ = p.conn.CloseNow()
		synctest.Wait()
		left := make(chan error, 1)
		go func() { left <- room.Leave(t.Context()) }()
		synctest.Wait()
		p, _ = s.next()
		p.welcome("token-2", false)
		if err := <-left; err != nil {
			t.Error(err)
		}
		heard.want(t, "closed left")
		go func() { p.ack(p.hear("marker"), 1, "{}") }()
		send(t, conn.Lobby(), "marker", nil)
	})
}

// TestLeaveRefused: a leave that the server is too busy for is sent again.
func TestLeaveRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		heard := newEvents()
		conn, p := s.connect(client.Options{})
		go p.admit(1, 1)
		room := join(t, conn, "r", nil, heard.all)
		go func() {
			env := p.hear("leave-room")
			p.say(errorFrame, "rate-limited", env.ID, env.Action)
		}()
		if err := room.Leave(t.Context()); code(err) != "rate-limited" {
			t.Errorf("got %v", err)
		}
		wantDead(t, room)
		p.ack(p.hear("leave-room"), 3, "{}")
		heard.want(t, "closed left")
	})
}

// TestLeaveFromCallback: a callback may leave a room whose Join has not returned.
func TestLeaveFromCallback(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{})
	heard := newEvents()
	go func() {
		env := p.hear("join-room")
		p.say(joinedFrame, 1, 1, 1)
		p.tell("r", 2, "go away")
		leave := p.hear("leave-room")
		p.ack(env, 3, "{}")
		p.ack(leave, 4, "{}")
	}()
	_, err := conn.Join(t.Context(), "r", nil, func(r *client.Room) {
		client.On(r, "say", func(string, line) { heard.add("left %v", r.Leave(t.Context())) })
	})
	var removed *client.RemovedError
	if !errors.As(err, &removed) || removed.Reason != client.LeaveReasonLeft {
		t.Errorf("got %v", err)
	}
	heard.want(t, "left <nil>")
}

// TestEveryCallbackCallsBack: each kind of callback may join, send, leave and close.
func TestEveryCallbackCallsBack(t *testing.T) {
	h := inMemory(t)
	done := newEvents()
	var conn *client.Conn
	ready := make(chan struct{})
	act := func(name string) {
		<-ready
		ctx := t.Context()
		room, err := conn.Join(ctx, "from/"+name, nil)
		if err == nil {
			err = errors.Join(room.Send(ctx, "x", nil), room.Leave(ctx))
		}
		done.add("%s %v", name, err)
	}
	conn = h.connect(client.Options{OnState: func(s client.State) {
		if s == client.Online {
			act("OnState")
		}
	}})
	close(ready)
	done.want(t, "OnState <nil>")
	room := join(t, conn, "r", nil, func(r *client.Room) {
		r.OnJoin(func(string) { act("OnJoin") })
		r.OnLeave(func(string, client.LeaveReason) { act("OnLeave") })
		r.OnMessage(func(*client.Message) { act("OnMessage") })
		r.OnClosed(func(client.LeaveReason) {
			act("OnClosed")
			done.add("Close %v", conn.Close())
		})
	})
	mate := join(t, connect(t, h.URL, client.Options{NetDial: h.Dial}), "r", nil)
	done.want(t, "OnJoin <nil>")
	send(t, mate, "x", nil)
	done.want(t, "OnMessage <nil>")
	if err := mate.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	done.want(t, "OnLeave <nil>")
	if err := room.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	done.want(t, "OnClosed <nil>", "Close <nil>")
}

// TestOnTwice: an action has one handler.
func TestOnTwice(t *testing.T) {
	room := join(t, inMemory(t).connect(client.Options{}), "r", nil)
	on := func(f func(string, struct{})) (p any) {
		defer func() { p = recover() }()
		client.On(room, "x", f)
		return nil
	}
	if p := on(nil); p == nil {
		t.Error("a handler may be nil")
	}
	if p := on(func(string, struct{}) {}); p != nil {
		t.Errorf("the first: %v", p)
	}
	if p := on(func(string, struct{}) {}); fmt.Sprint(p) != `client: room "r" already has a handler for "x"` {
		t.Errorf("the second: %v", p)
	}
}

// TestNoGhost: a room that was left while offline has one member less after the session
// resumes, and can be joined again.
func TestNoGhost(t *testing.T) {
	conn, room, o := offline(t, client.Options{MinBackoff: time.Millisecond, OfflineSends: client.Reject})
	mate := join(t, connect(t, o.host.URL, client.Options{NetDial: o.host.Dial}), "r", nil)
	if mate.Count() != 2 {
		t.Fatalf("%d members", mate.Count())
	}
	if err := room.Leave(t.Context()); !errors.Is(err, client.ErrOffline) {
		t.Errorf("got %v", err)
	}
	o.down.Store(false)
	until(t, "the leave", func() bool { return mate.Count() == 1 })
	if !conn.Session().Resumed {
		t.Error("the session is lost")
	}
	until(t, "the join", func() bool {
		_, err := conn.Join(t.Context(), "r", nil)
		return err == nil
	})
	until(t, "the new member", func() bool { return mate.Count() == 2 })
	wantDead(t, room)
	if err := mate.Send(t.Context(), "x", nil); err != nil || mate.Count() != 2 {
		t.Errorf("%d members, %v", mate.Count(), err)
	}
}

// TestRefusedLeaveThenNewSession: a room whose leave was refused is not joined again
// either.
func TestRefusedLeaveThenNewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		heard := newEvents()
		conn, p := s.connect(client.Options{})
		go p.admit(1, 1)
		room := join(t, conn, "r", nil, heard.all)
		go func() {
			env := p.hear("leave-room")
			p.say(errorFrame, "busy", env.ID, env.Action)
		}()
		if err := room.Leave(t.Context()); code(err) != protocol.CodeBusy {
			t.Errorf("got %v", err)
		}
		p, _ = s.again(p, "token-2", false)
		heard.want(t, "closed left")
		time.Sleep(5 * time.Second) // the leave would have been resent by now
		go func() { p.ack(p.hear("marker"), 1, "{}") }()
		send(t, conn.Lobby(), "marker", nil)
	})
}
