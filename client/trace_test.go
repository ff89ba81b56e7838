package client_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// traced are options with an OnReceive that adds to the events.
func (e events) traced() client.Options {
	return client.Options{OnReceive: func(env *protocol.Envelope) { e.add("%s %d %s", env.Action, env.Ref, env.Body) }}
}

// TestOnReceive traces all messages, but not the session's token.
func TestOnReceive(t *testing.T) {
	s, traced := newScript(t), newEvents()
	o := traced.traced()
	o.MinBackoff = time.Millisecond
	conn, p := s.connect(o)
	welcome := traced.next(t)
	if !strings.HasPrefix(welcome, `welcome 0 {"client":"anna"`) || strings.Contains(welcome, "token-1") {
		t.Errorf("got %s", welcome)
	}
	go func() { p.admit(1, 1) }()
	room := join(t, conn, "r", nil)
	traced.want(t, `joined-room 0 {"epoch":1,"seq":1,"count":1,"members":[{"client":"anna"}]}`, "ack 1 {}")
	p.say(`{"action":"heartbeat","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server"}`)
	p.tell("r", 3, "hi")
	go func() { p.ack(p.hear("x"), 4, `{"n":7}`) }()
	send(t, room, "x", nil)
	traced.want(t, "heartbeat 0 {}", `say 0 {"text":"hi"}`, `ack 2 {"n":7}`)

	_ = p.conn.CloseNow()
	p, hello := s.next()
	if !strings.Contains(hello, "token-1") {
		t.Errorf("hello %s", hello)
	}
	p.welcome("token-2", true)
	if again := traced.next(t); !strings.Contains(again, `"resumed":true`) || strings.Contains(again, "token-2") {
		t.Errorf("got %s", again)
	}
}

// TestSlowOnReceive: while a tracer is slow, the connection does not count as silent.
func TestSlowOnReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		_, p := s.connect(client.Options{OnReceive: func(env *protocol.Envelope) {
			if string(env.Action) == "news" {
				time.Sleep(10 * scriptHeartbeat)
			}
		}})
		p.news(1)
		time.Sleep(9 * scriptHeartbeat)
		synctest.Wait()
		select {
		case <-p.done:
			t.Errorf("the client has gone: %v", p.end)
		default:
		}
		if p.pongs.Load() == 0 {
			t.Error("nothing tells the server that the client is alive")
		}
	})
}
