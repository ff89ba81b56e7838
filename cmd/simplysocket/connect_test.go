package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// slug waits for the client's `welcome` and returns its name.
func slug(t testing.TB, p *program) string {
	t.Helper()
	env, err := protocol.ParseServer([]byte(p.stdout.until(`"action":"welcome"`)))
	if err != nil {
		t.Fatal(err)
	}
	return string(env.Target)
}

func TestTalk(t *testing.T) {
	s := serve(t)
	alice := connect(t, s.url)
	alice.enter("/join games")
	alice.stdout.until(`"re":"join-room"`)
	bob := start(t, "connect", s.url, "--room=games")
	bobSlug := slug(t, bob)
	alice.stdout.until(`"action":"client-joined-room"`)

	bob.enter("hello")
	env, err := protocol.ParseServer([]byte(alice.stdout.until(`"action":"send-message"`)))
	if err != nil {
		t.Fatal(err)
	}
	if string(env.Target) != "games" || string(env.Sender) != bobSlug || string(env.Body) != `{"message":"hello"}` {
		t.Errorf("%s to %s from %s", env.Body, env.Target, env.Sender)
	}
	bob.enter("<b>&\u009b31m")
	if line := alice.stdout.until(`<b>&`); !strings.Contains(line, `\u009b31m`) || strings.Contains(line, "\u009b") {
		t.Errorf("the terminal would obey %q", line)
	}
	alice.enter("/to " + bobSlug + " psst")
	if line := bob.stdout.until("psst"); !strings.Contains(line, `"IsTargetClient":true`) {
		t.Errorf("not to one client: %s", line)
	}

	alice.enter("/members")
	alice.stdout.until(`"count":2`)
	alice.enter("/rooms")
	alice.stdout.until(`"name":"games"`)
	alice.enter(`/raw {"action":"wave","target":"games","id":900}`)
	bob.stdout.until(`"action":"wave"`)
	alice.enter("after a larger id")
	bob.stdout.until("after a larger id")
	alice.enter("/leave")
	bob.stdout.until(`"action":"client-left-room"`)
	alice.enter("to the lobby")
	bob.stdout.until(`"target":"lobby"`)
	alice.enter("/quit")
	alice.exit(0)

	s.stop()
	bob.exit(0)
	if said := bob.stderr.String(); !strings.Contains(said, "1001 going away") {
		t.Errorf("stderr: %s", said)
	}
}

func TestRoomsOfALine(t *testing.T) {
	s := serve(t)
	owner := connect(t, s.url)
	owner.enter("/join locked secret")
	owner.stdout.until(`"re":"join-room"`)
	owner.enter(`/join small {"capacity": 1}`)
	owner.stdout.until(`"re":"join-room"`)
	owner.enter("/join locked")
	owner.enter("back in the first")
	owner.stdout.until(`"target":"locked"`)

	guest := connect(t, s.url, "--room=games", "--room=small")
	guest.stdout.until(string(protocol.CodeRoomFull))
	guest.enter("in games still")
	guest.stdout.until(`"target":"games"`)
	guest.enter("/join locked wrong")
	guest.stdout.until(string(protocol.CodeForbidden))
	guest.enter("/join locked secret")
	guest.stdout.until(`"re":"join-room"`)
	guest.enter("in the locked room")
	owner.stdout.until("in the locked room")
}

func TestHints(t *testing.T) {
	p := connect(t, serve(t).url)
	for _, test := range []struct{ line, want string }{
		{"/dance", "there is no command /dance; /help lists them"},
		{"/join", "it is /join NAME"},
		{"/join ..", "it is /join NAME"},
		{"/join games {nonsense", "this is not a JSON object: {nonsense"},
		{"/leave", "you are in no room but the lobby"},
		{"/to somebody", "it is /to SLUG TEXT"},
		{"/raw", "it is /raw JSON"},
		{"/\x1b[2J", `there is no command /\x1b[2J`},
		{"/help", "/members"},
	} {
		p.enter(test.line)
		p.stderr.until(test.want)
	}
	p.enter("  ")
	p.enter("the first message")
	if line := p.stdout.until(`"ref":`); !strings.Contains(line, `"ref":1,`) {
		t.Errorf("something was sent before: %s", line)
	}
}

// TestEndOfInput has everything sent and answered before the end.
func TestEndOfInput(t *testing.T) {
	p := start(t, "connect", serve(t).url, "--room=games")
	for i := range 100 {
		p.enter(fmt.Sprint("line ", i))
	}
	if _, err := io.WriteString(p.stdin, "no line end"); err != nil {
		t.Fatal(err)
	}
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	p.exit(0)
	p.stdout.until("no line end")
	p.stdout.until(`"ref":102,`)
	for line := range strings.Lines(p.stdout.String()) {
		if _, err := protocol.ParseServer([]byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if said := p.stderr.String(); said != "" {
		t.Errorf("stderr: %s", said)
	}
}

// TestPace sends more than the server lets through at once. It may be late by a
// second in taking the first messages.
func TestPace(t *testing.T) {
	p := start(t, "connect", serve(t, "--rate=100", "--burst=200").url)
	for i := range 220 {
		p.enter(fmt.Sprint("line ", i))
	}
	_ = p.stdin.Close()
	p.exit(0)
	if all := p.stdout.String(); strings.Contains(all, string(protocol.CodeRateLimited)) {
		t.Error("messages were refused")
	}
}

// peer is an end of a connection that does what the test wants.
type peer struct {
	conn     *socket.Conn
	messages chan string
	pongs    chan struct{}
	end      chan error
}

// newPeer reads from the connection until that ends.
func newPeer(conn *socket.Conn) *peer {
	p := &peer{conn: conn, messages: make(chan string, 9), pongs: make(chan struct{}, 9), end: make(chan error, 1)}
	go func() { p.end <- conn.Read(p) }()
	return p
}

func (p *peer) Message(payload []byte) { p.messages <- string(payload) }
func (p *peer) Ping([]byte)            {}
func (p *peer) Pong()                  { p.pongs <- struct{}{} }

// send writes a text message in the server's role.
func (p *peer) send(t testing.TB, text string) {
	t.Helper()
	frame := append(make([]byte, socket.HeaderRoom), text...)
	if err := p.conn.Write(socket.Seal(frame)); err != nil {
		t.Fatal(err)
	}
}

// meet runs `connect` against a peer in place of a server and welcomes it.
func meet(t testing.TB) (*program, *peer) {
	t.Helper()
	met := make(chan *peer, 1)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Upgrade(w, r, socket.UpgradeOptions{ReadLimit: 1 << 16})
		if err != nil {
			t.Error(err)
			return
		}
		met <- newPeer(conn)
	}))
	program := start(t, "connect", plain.URL)
	p := receive(t, met)
	t.Cleanup(func() {
		_ = p.conn.CloseNow()
		plain.Close()
	})
	p.send(t, `{"action":"welcome","message_body":{"client":"me"},"IsTargetClient":true,"target":"me","sender":"server"}`)
	program.stdout.until("welcome")
	return program, p
}

func TestPing(t *testing.T) {
	_, p := meet(t)
	if err := p.conn.Write(socket.AppendPing(nil, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	receive(t, p.pongs)
}

func TestWaitsForAnswers(t *testing.T) {
	program, p := meet(t)
	program.enter("hello")
	_ = program.stdin.Close()
	if m := receive(t, p.messages); !strings.Contains(m, `"id":1`) {
		t.Errorf("sent %s", m)
	}
	p.send(t, `{"action":"ack","message_body":{},"target":"me","sender":"server","ref":1,"re":"send-message"}`)
	var end *socket.CloseError
	if err := receive(t, p.end); !errors.As(err, &end) || end.Code != uint16(protocol.CloseNormal) {
		t.Errorf("closed with %v", err)
	}
	if err := p.conn.Write(socket.AppendClose(nil, end.Code, "")); err != nil {
		t.Fatal(err)
	}
	program.exit(0)
	program.stdout.until(`"ref":1`)
}

func TestClosedByServer(t *testing.T) {
	for _, test := range []struct {
		code   protocol.CloseCode
		reason string
		status int
		want   string
	}{
		{protocol.CloseNormal, "", 0, "closed by the server: 1000 normal"},
		{protocol.CloseGoingAway, "bye", 0, "closed by the server: 1001 going away: bye"},
		{protocol.CloseInternal, "", 1, "closed by the server: 1011 internal error"},
		{protocol.CloseDisconnected, "\x1b[2Jbanned\n", 1, `closed by the server: 4003 disconnected: \x1b[2Jbanned\n`},
		{4242, "", 1, "closed by the server: 4242"},
	} {
		program, p := meet(t)
		if err := p.conn.Write(socket.AppendClose(nil, uint16(test.code), test.reason)); err != nil {
			t.Fatal(err)
		}
		program.exit(test.status)
		program.stderr.until(test.want)
		var end *socket.CloseError
		if err := receive(t, p.end); !errors.As(err, &end) || end.Code != uint16(test.code) {
			t.Errorf("%d is answered by %v", test.code, err)
		}
	}
}

func TestConnectionLost(t *testing.T) {
	program, p := meet(t)
	if err := p.conn.CloseNow(); err != nil {
		t.Fatal(err)
	}
	program.exit(1)
	program.stderr.until("connection lost")
}

func TestNotAMessage(t *testing.T) {
	program, p := meet(t)
	p.send(t, "\u009b2J no JSON")
	program.stderr.until(`\u009b2J no JSON`)
}

func TestRefused(t *testing.T) {
	denying, err := simplysocket.New(&simplysocket.Options{Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
		if simplysocket.Token(r) != "secret" {
			return simplysocket.Identity{}, errors.New("no")
		}
		return simplysocket.Identity{User: "u"}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", denying)
	mux.HandleFunc("/forbidden", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "\x1b[2Jgo\naway", http.StatusForbidden)
	})
	plain := httptest.NewServer(mux)
	defer plain.Close()
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no token", []string{plain.URL}, "401 Unauthorized: not authenticated"},
		{"wrong token", []string{plain.URL, "--token=guess"}, "401 Unauthorized"},
		{"forbidden", []string{plain.URL + "/forbidden"}, `403 Forbidden: \x1b[2Jgo\naway`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, append([]string{"connect"}, test.args...)...)
			p.exit(1)
			if said := p.stderr.String(); !strings.Contains(said, test.want) || strings.Count(said, "\n") != 1 {
				t.Errorf("stderr is not one line with %q:\n%s", test.want, said)
			}
		})
	}
	t.Run("right token", func(t *testing.T) {
		t.Setenv("SIMPLYSOCKET_TOKEN", "secret")
		p := connect(t, plain.URL)
		_ = p.stdin.Close()
		p.exit(0)
	})
}

func TestWebSocketURL(t *testing.T) {
	for in, want := range map[string]string{
		"ws://host":                  "ws://host/ws",
		"ws://host/":                 "ws://host/",
		"wss://host:1/chat":          "wss://host:1/chat",
		"http://host:8080/":          "ws://host:8080/ws",
		"https://host":               "wss://host/ws",
		"https://host/live?room=x":   "wss://host/live?room=x",
		"http://[::1]:8080?room=a/b": "ws://[::1]:8080/ws?room=a/b",
	} {
		if got, err := webSocketURL(in); got != want || err != nil {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}
