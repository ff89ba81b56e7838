package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// script is a server that sends only what the test says.
type script struct {
	t        testing.TB
	listener *pipe.Listener
	arrivals chan *peer

	subprotocol string
	deaf        bool // does not answer a close
}

// peer is a connection of a script.
type peer struct {
	t     testing.TB
	conn  *socket.Conn
	heard chan protocol.Envelope
	pongs atomic.Int32
	done  chan struct{}
	end   error // set when done is closed
}

func newScript(t testing.TB) *script {
	s := &script{t: t, listener: pipe.Listen(), arrivals: make(chan *peer, 10), subprotocol: protocol.Subprotocol}
	server := &http.Server{Handler: s}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(s.listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := socket.Upgrade(w, r, socket.UpgradeOptions{Subprotocol: s.subprotocol, ReadLimit: 1 << 20})
	if err != nil {
		s.t.Error(err)
		return
	}
	p := &peer{t: s.t, conn: conn, heard: make(chan protocol.Envelope, 1000), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.end = conn.Read(p)
		var closed *socket.CloseError
		if s.deaf {
			return
		}
		if errors.As(p.end, &closed) {
			_ = conn.Write(socket.AppendClose(nil, closed.Code, ""))
		}
		_ = conn.CloseNow()
	}()
	s.arrivals <- p
}

func (p *peer) Message(payload []byte) {
	env, err := protocol.Parse(bytes.Clone(payload))
	if err != nil {
		p.t.Errorf("the client sent %s: %v", payload, err)
	}
	p.heard <- env
}

func (p *peer) Ping([]byte) {}
func (p *peer) Pong()       { p.pongs.Add(1) }

func (s *script) options() client.Options {
	return client.Options{NetDial: s.listener.Dial, Logger: quiet}
}

// next returns the next connection, with its hello.
func (s *script) next() (p *peer, hello string) {
	s.t.Helper()
	select {
	case p = <-s.arrivals:
	case <-time.After(2 * patience):
		s.t.Fatal("nobody connects")
	}
	s.t.Cleanup(func() {
		_ = p.conn.CloseNow()
		<-p.done
	})
	return p, string(p.hear("hello").Body)
}

// connect connects a client while the script admits it.
func (s *script) connect(o client.Options) (*client.Conn, *peer) {
	s.t.Helper()
	return s.meet(o, func(p *peer) { p.welcome("token-1", false) })
}

// meet connects a client, with its own NetDial if it has one, while the script welcomes
// it.
func (s *script) meet(o client.Options, welcome func(*peer)) (*client.Conn, *peer) {
	s.t.Helper()
	if o.NetDial == nil {
		o.NetDial = s.listener.Dial
	}
	met := make(chan *peer)
	go func() {
		p := <-s.arrivals
		p.hear("hello")
		welcome(p)
		met <- p
	}()
	conn := connect(s.t, "ws://memory/ws", o)
	p := <-met
	s.t.Cleanup(func() {
		_ = p.conn.CloseNow()
		<-p.done
	})
	return conn, p
}

// hear returns the next message of the client, which must have the given action if there
// is one.
func (p *peer) hear(action string) protocol.Envelope {
	p.t.Helper()
	select {
	case env := <-p.heard:
		if action != "" && string(env.Action) != action {
			p.t.Errorf("heard %s, want %s", env.Action, action)
		}
		return env
	case <-p.done:
		p.t.Errorf("waiting for %s: the client has gone: %v", action, p.end)
	case <-time.After(patience):
		p.t.Errorf("waiting for %s: nothing arrived", action)
	}
	return protocol.Envelope{}
}

func (p *peer) say(format string, args ...any) {
	message := fmt.Appendf(nil, format, args...)
	if err := p.conn.Write(socket.Text(message)); err != nil {
		p.t.Errorf("the client does not accept %s: %v", message, err)
	}
}

const scriptHeartbeat = 10 * time.Second

func (p *peer) welcome(token string, resumed bool) {
	p.say(`{"action":"welcome","message_body":{"client":"anna","server":"server","session":%q,"resumed":%t,"heartbeat":%d,`+
		`"limits":{"message_bytes":65536,"rooms":100,"messages_per_second":1000,"burst":2000}},"IsTargetClient":true,"target":"anna","sender":"server"}`,
		token, resumed, scriptHeartbeat.Milliseconds())
}

// admit answers a join.
func (p *peer) admit(epoch, seq int) protocol.Envelope {
	p.t.Helper()
	env := p.hear("join-room")
	p.say(`{"action":"joined-room","message_body":{"epoch":%d,"seq":%d,"count":1,"members":[{"client":"anna"}]},`+
		`"IsTargetClient":true,"target":"anna","sender":"server","room":%q,"seq":%d}`, epoch, seq, env.Target, seq)
	p.ack(env, seq+1, "{}")
	return env
}

// ack answers a message to a room, with that number.
func (p *peer) ack(env protocol.Envelope, seq int, reply string) {
	room := env.Target
	if env.IsTargetClient {
		room = env.Room
	}
	p.say(`{"action":"ack","message_body":%s,"IsTargetClient":true,"target":"anna","sender":"server","room":%q,"ref":%d,"re":%q,"seq":%d}`,
		reply, room, env.ID, env.Action, seq)
}

// tell sends a message in a room.
func (p *peer) tell(room string, seq int, text string) { p.say("%s", toRoom(room, seq, text)) }

func toRoom(room string, seq int, text string) string {
	body, _ := json.Marshal(map[string]string{"text": text})
	return fmt.Sprintf(`{"action":"say","message_body":%s,"IsTargetClient":false,"target":%q,"sender":"bert","seq":%d}`, body, room, seq)
}

// news sends a message to the client alone, from outside any room.
func (p *peer) news(n int) {
	p.say(`{"action":"news","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server","n":%d}`, n)
}

// text adds the room's messages to the events.
func (e events) text(r *client.Room) {
	client.On(r, "say", func(_ string, body struct{ Text string }) { e.add("%s", body.Text) })
}
