package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
)

// TestCallbacksCallBack: a callback may use the client like any other code.
func TestCallbacksCallBack(t *testing.T) {
	overBoth(t, func(t *testing.T, h *host) {
		conn := h.connect(client.Options{})
		heard := newEvents()
		ctx := t.Context()
		room := join(t, conn, "r", nil, func(r *client.Room) {
			client.On(r, "start", func(string, struct{}) {
				page, err := conn.ListRooms(ctx, "")
				heard.add("%d rooms %v", len(page.Rooms), err)
				other, err := conn.Join(ctx, "other", nil, heard.all)
				heard.add("joined %v", err)
				heard.add("sent %v", other.Send(ctx, "x", nil))
				heard.add("left %v", other.Leave(ctx))
				heard.add("sent %v", r.Send(ctx, "y", nil))
			})
			client.On(r, "y", func(string, struct{}) {
				heard.add("y")
				heard.add("closed %v", conn.Close())
			})
		})
		send(t, room, "start", nil)
		heard.want(t, "1 rooms <nil>", "joined <nil>", "sent <nil>", "left <nil>", "sent <nil>",
			"x {}", "closed left", "y", "closed <nil>")
	})
}

// TestSlowCallbacks: while callbacks are slow, the client reads no more than it has space
// for, still answers pings, and loses nothing.
func TestSlowCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		heard := newEvents()
		conn, p := s.connect(heard.states(client.Options{InboxMessages: 2}))
		heard.want(t, "online")
		go p.admit(1, 1)
		release := make(chan struct{})
		join(t, conn, "r", nil, func(r *client.Room) {
			client.On(r, "say", func(_ string, l line) {
				<-release
				heard.add("%s", l.Text)
			})
		})
		const messages = 20
		var told atomic.Int32
		go func() {
			for i := range messages {
				p.tell("r", 10+i, fmt.Sprint(i))
				told.Add(1)
			}
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		// One is in its callback, two wait, the reader holds one.
		if n := told.Load(); n != 4 {
			t.Errorf("%d messages were accepted", n)
		}
		if n, want := p.pongs.Load(), int32(time.Hour/scriptHeartbeat); n < want {
			t.Errorf("%d signs of life, want %d", n, want)
		}
		heard.none(t)
		close(release)
		for i := range messages {
			heard.want(t, fmt.Sprint(i))
		}
	})
}

// TestAnswerBehindMessages: the answer that a callback waits for arrives, however many
// messages precede it. Messages that the reader has no space for are reported as a gap.
func TestAnswerBehindMessages(t *testing.T) {
	for _, test := range []struct {
		name     string
		messages int
		want     []string
	}{
		{"in the inbox", 2, []string{"1", "2"}},
		{"in the reserve", 8, []string{"1", "2", "3", "4", "5", "6", "7", "8"}},
		{"beyond it", 1000, []string{"1", "2", "3", "4", "5", "6", "7", "8", "gap 18-1009 whole=false direct=false"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScript(t)
			conn, p := s.connect(client.Options{InboxMessages: 2})
			heard := newEvents()
			go p.admit(1, 1)
			join(t, conn, "r", nil, heard.all, heard.text, func(r *client.Room) {
				client.On(r, "go", func(string, struct{}) { heard.add("answered %v", r.Send(t.Context(), "x", nil)) })
			})
			p.say(`{"action":"go","message_body":{},"IsTargetClient":false,"target":"r","sender":"bert","seq":5}`)
			env := p.hear("x")
			for i := range test.messages {
				p.tell("r", 10+i, fmt.Sprint(i+1))
			}
			p.ack(env, 5000, "{}")
			heard.want(t, "answered <nil>")
			heard.want(t, test.want...)
			if test.messages > len(test.want) { // space is free again
				p.tell("r", 6000, "next")
				heard.want(t, "next")
			}
		})
	}
}

// TestDirectsBeyondReserve: messages from outside any room have a gap of their
// own.
func TestDirectsBeyondReserve(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	ctx := t.Context()
	var conn *client.Conn
	ready := make(chan struct{})
	conn, p := s.connect(client.Options{InboxMessages: 1, Lobby: func(r *client.Room) {
		heard.all(r)
		client.On(r, "go", func(string, struct{}) {
			<-ready
			heard.add("answered %v", conn.Lobby().Send(ctx, "x", nil))
		})
	}})
	close(ready)
	p.say(`{"action":"go","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server","n":1}`)
	env := p.hear("x")
	for n := 2; n < 20; n++ {
		p.news(n)
	}
	p.say(`{"action":"ack","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server","ref":%d,"re":"x","n":20}`, env.ID)
	heard.want(t, "answered <nil>", "news {}", "news {}", "news {}", "news {}", "gap 6-19 whole=false direct=true")
}

// TestAnswerWakesReader: a blocked reader continues as soon as somebody waits for an
// answer.
func TestAnswerWakesReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		conn, p := s.connect(client.Options{InboxMessages: 1})
		go p.admit(1, 1)
		ask := make(chan struct{})
		heard := newEvents()
		join(t, conn, "r", nil, func(r *client.Room) {
			client.On(r, "say", func(_ string, l line) {
				if l.Text == "0" {
					<-ask
					heard.add("answered %v", r.Send(t.Context(), "x", nil))
				}
				heard.add("%s", l.Text)
			})
		})
		told := make(chan struct{})
		go func() {
			defer close(told)
			for i := range 4 {
				p.tell("r", 10+i, fmt.Sprint(i))
			}
			p.ack(p.hear("x"), 20, "{}")
		}()
		synctest.Wait() // the reader is blocked
		close(ask)
		wait(t, "the script", told)
		heard.want(t, "answered <nil>", "0", "1", "2", "3")
	})
}

// TestGivenUpWait: the end of a context ends the wait, and a late answer does no harm.
func TestGivenUpWait(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{})
	go p.admit(1, 1)
	room := join(t, conn, "r", nil)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() { asked <- room.Send(ctx, "x", nil) }()
	env := p.hear("x")
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	p.ack(env, 10, "{}")
	go func() { asked <- room.Send(t.Context(), "y", nil) }()
	p.ack(p.hear("y"), 11, "{}")
	if err := <-asked; err != nil {
		t.Error(err)
	}
}

// TestGivenUpJoin: a join that nobody waits for any more is canceled, and its room has no
// effect on the client.
func TestGivenUpJoin(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{OnRoom: func(r *client.Room) { t.Errorf("was put into %s", r.Name()) }})
	heard := newEvents()
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := conn.Join(ctx, "r", nil, heard.all)
		asked <- err
	}()
	env := p.hear("join-room")
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	leave := p.hear("leave-room")
	if _, err := conn.Join(t.Context(), "r", nil); !errors.Is(err, client.ErrRoomBusy) {
		t.Errorf("join meanwhile: %v", err)
	}
	p.say(`{"action":"joined-room","message_body":{"epoch":1,"seq":1,"count":1,"members":[]},"IsTargetClient":true,"target":"anna","sender":"server","room":"r","seq":1}`)
	p.ack(env, 2, "{}")
	p.tell("r", 3, "too late")
	p.ack(leave, 4, "{}")
	go p.admit(1, 9)
	until(t, "the end of the leave", func() bool {
		_, err := conn.Join(t.Context(), "r", nil, heard.all)
		return err == nil
	})
	p.tell("r", 11, "again")
	heard.want(t, `say {"text":"again"}`)
}

// TestUndecodable: a body of another type is reported, not ignored.
func TestUndecodable(t *testing.T) {
	h := inMemory(t)
	heard := newEvents()
	room := join(t, h.connect(client.Options{}), "r", nil, heard.all, func(r *client.Room) {
		client.On(r, "n", func(_ string, body struct{ N int }) { heard.add("%d", body.N) })
	})
	send(t, room, "n", map[string]any{"n": "one"})
	send(t, room, "n", map[string]any{"n": 2})
	heard.want(t, "error n bad-message", "2")
}
