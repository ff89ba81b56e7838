package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const patience = servertest.Patience

// player is a plain client. It reads as clients do that expect several messages
// in a frame: it splits each at newlines.
type player struct {
	t    *testing.T
	conn *socket.Conn
	read chan message
}

type message struct {
	Action string `json:"action"`
	Body   struct {
		Code string   `json:"code"`
		Word string   `json:"word"`
		List []string `json:"list"`
	} `json:"message_body"`
	Target string `json:"target"`
	Room   string `json:"room"`
	text   string
}

func (p *player) Message(payload []byte) {
	for text := range strings.SplitSeq(string(payload), "\n") {
		m := message{text: text}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			p.t.Errorf("%q: %v", text, err)
		}
		p.read <- m
	}
}

func (p *player) Ping(payload []byte) { _ = p.conn.WritePong(payload) }
func (p *player) Pong()               {}

// until waits for a message of that action.
func (p *player) until(action string) message {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-p.read:
			if m.Action == action {
				return m
			}
		case <-deadline:
			p.t.Fatalf("no %s comes", action)
		}
	}
}

func (p *player) send(text string) {
	p.t.Helper()
	if err := p.conn.WriteText([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func TestLobby(t *testing.T) {
	srv, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	host := servertest.Run(t, srv, "")
	play := func() *player {
		conn, err := socket.Dial(t.Context(), host.URL, socket.DialOptions{NetDial: host.Dial, ReadLimit: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		p := &player{t: t, conn: conn, read: make(chan message, 100)}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = conn.Read(p) // until the test closes it
		}()
		t.Cleanup(func() {
			_ = conn.CloseNow()
			<-ended
		})
		p.until("welcome")
		return p
	}

	const join = `{"action":"join-room","target":"mesh-global","message_body":{"roomname":"game42","playerlimit":2}}`
	a, b := play(), play()
	a.send(join)
	if m := a.until("joined-room"); m.Room != "game42" {
		t.Errorf("joined %s", m.text)
	}
	b.send(join)
	b.until("joined-room")
	a.until("client-joined-room")

	a.send("{\n  \"action\": \"send-word\",\n  \"target\": \"game42\",\n  \"message_body\": {\n    \"word\": \"two\\nlines\",\n    \"list\": [\n      \"x\"\n    ]\n  }\n}\n")
	for _, p := range []*player{a, b} {
		if m := p.until("send-word"); m.Target != "game42" || m.Body.Word != "two\nlines" || len(m.Body.List) != 1 {
			t.Errorf("it reads %s", m.text)
		}
	}

	late := play()
	late.send(join)
	if m := late.until("error"); m.Body.Code != "room-full" {
		t.Errorf("the third is answered %s", m.text)
	}
	late.send(`{"action":"join-room","target":"mesh-global","message_body":{"roomname":"not a name"}}`)
	if m := late.until("error"); m.Body.Code != "bad-name" {
		t.Errorf("a bad name is answered %s", m.text)
	}
	late.send(`{"action":"join-room","message_body":{"roomname":"without-limit"}}`)
	late.until("joined-room")
}
