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
	alice.enter("/raw wave")
	bob.stdout.until(`"action":"wave"`)
	alice.enter(`/raw wave {"hands": 2}`)
	bob.stdout.until(`"message_body":{"hands":2}`)
	alice.enter("/leave")
	bob.stdout.until(`"action":"client-left-room"`)
	alice.enter("to the lobby")
	bob.stdout.until(`"target":"lobby"`)
	alice.enter("/quit")
	alice.exit(0)

	s.stop()
	bob.stderr.until("connection lost, coming back")
	s.exit(0)
	bob.stop()
	bob.exit(0)
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
	guest.stderr.until("error room-full: ")
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
		{"/raw", "it is /raw ACTION [JSON]"},
		{"/raw wave [1]", "this is not a JSON object: [1]"},
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

// TestEndOfInput: everything is sent and answered before the program ends.
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

// TestPace sends more than the server accepts at once. The server may take up to a second
// before it accepts the first messages.
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

// TestExitStatusOfRefusals: a script learns that not everything it sent was accepted.
func TestExitStatusOfRefusals(t *testing.T) {
	s := serve(t)
	owner := connect(t, s.url)
	owner.enter("/join locked secret")
	owner.stdout.until(`"re":"join-room"`)
	for _, test := range []struct {
		name   string
		args   []string
		lines  []string
		status int
		want   string
	}{
		{"all is well", []string{"--room=open"}, []string{"hello"}, 0, ""},
		{"a room that is locked", []string{"--room=locked"}, nil, 1, "error forbidden: "},
		{"a message to it", []string{"--room=locked"}, []string{"hello", "/quit"}, 1, "some requests failed; errors: 2"},
		{"a join that was typed", nil, []string{"/join locked wrong", "/quit"}, 1, "error forbidden: "},
		{"one of many", []string{"--room=open"}, []string{"hello", "/to nobody hello", "hello"}, 1, "error unknown-client: "},
		{"an action of the server", nil, []string{"/raw client-joined-room"}, 1, "error forbidden: "},
		{"no such room", nil, []string{"/leave nowhere"}, 1, "error not-a-member: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, append([]string{"connect", s.url}, test.args...)...)
			for _, line := range test.lines {
				p.enter(line)
			}
			_ = p.stdin.Close()
			p.exit(test.status)
			if said := p.stderr.String(); !strings.Contains(said, test.want) || test.want == "" && said != "" {
				t.Errorf("stderr has no %q:\n%s", test.want, said)
			}
		})
	}
	t.Run("a room of the URL", func(t *testing.T) {
		p := connect(t, s.url+"?room=locked")
		p.stderr.until("error forbidden: ")
		_ = p.stdin.Close()
		p.exit(1)
	})
}

// peer is one end of a connection, under the test's control.
type peer struct {
	conn     *socket.Conn
	messages chan string
	pongs    chan struct{}
	end      chan error
}

// newPeer reads from the connection until it ends.
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
	if err := p.conn.Write(socket.Text([]byte(text))); err != nil {
		t.Fatal(err)
	}
}

// place is where `connect` finds peers instead of a server.
type place struct {
	t     testing.TB
	peers chan *peer
}

// next admits the client on its next connection, and returns its hello.
func (p *place) next(resumed bool) (*peer, string) {
	p.t.Helper()
	peer := receive(p.t, p.peers)
	p.t.Cleanup(func() { _ = peer.conn.CloseNow() })
	hello := receive(p.t, peer.messages)
	peer.send(p.t, fmt.Sprintf(`{"action":"welcome","message_body":{"client":"me","session":"a secret","resumed":%t},`+
		`"IsTargetClient":true,"target":"me","sender":"server"}`, resumed))
	return peer, hello
}

// meet runs `connect` against a peer and welcomes it.
func meet(t testing.TB, args ...string) (*program, *peer, *place) {
	t.Helper()
	at := &place{t: t, peers: make(chan *peer, 9)}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Upgrade(w, r, socket.UpgradeOptions{Subprotocol: protocol.Subprotocol, ReadLimit: 1 << 16})
		if err != nil {
			t.Error(err)
			return
		}
		at.peers <- newPeer(conn)
	}))
	t.Cleanup(plain.Close)
	program := start(t, append([]string{"connect", plain.URL}, args...)...)
	p, _ := at.next(false)
	if line := program.stdout.until("welcome"); strings.Contains(line, "secret") {
		t.Errorf("everybody sees the session's token: %s", line)
	}
	return program, p, at
}

func TestPing(t *testing.T) {
	_, p, _ := meet(t)
	if err := p.conn.Write(socket.AppendPing(nil, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	receive(t, p.pongs)
}

func TestHeartbeatsAreNotShown(t *testing.T) {
	program, p, _ := meet(t)
	p.send(t, `{"action":"heartbeat","message_body":{},"IsTargetClient":true,"target":"me","sender":"server"}`)
	p.send(t, `{"action":"news","message_body":{},"IsTargetClient":true,"target":"me","sender":"server","n":1}`)
	program.stdout.until("news")
	if all := program.stdout.String(); strings.Contains(all, "heartbeat") {
		t.Errorf("printed %s", all)
	}
}

const ackOf1 = `{"action":"ack","message_body":{},"IsTargetClient":true,"target":"me","sender":"server","ref":1,"re":"send-message"}`

func TestWaitsForAnswers(t *testing.T) {
	program, p, _ := meet(t)
	program.enter("hello")
	_ = program.stdin.Close()
	if m := receive(t, p.messages); !strings.Contains(m, `"id":1`) {
		t.Errorf("sent %s", m)
	}
	p.send(t, ackOf1)
	var end *socket.CloseError
	if err := receive(t, p.end); !errors.As(err, &end) || end.Code != uint16(protocol.CloseNormal) {
		t.Errorf("closed with %v", err)
	}
	if err := p.conn.Write(socket.AppendClose(nil, end.Code, "")); err != nil {
		t.Fatal(err)
	}
	program.exit(0)
	if line := program.stdout.until(`"ref":1`); line != ackOf1 {
		t.Errorf("printed %s", line)
	}
}

// TestWaitsOverConnections: messages are resent, and the end of the input waits for their
// answers.
func TestWaitsOverConnections(t *testing.T) {
	program, p, at := meet(t)
	program.enter("hello")
	_ = program.stdin.Close()
	sent := receive(t, p.messages)
	_ = p.conn.CloseNow()
	program.stderr.until("connection lost, coming back")
	p, hello := at.next(true)
	if !strings.Contains(hello, "a secret") {
		t.Errorf("resumes no session: %s", hello)
	}
	program.stderr.until("back")
	if again := receive(t, p.messages); again != sent {
		t.Errorf("sent %s again as %s", sent, again)
	}
	p.send(t, ackOf1)
	_ = receive(t, p.end)
	_ = p.conn.CloseNow()
	program.exit(0)
	program.stdout.until(`"ref":1`)
}

// TestSignalWhileAway: a signal ends the wait for a connection.
func TestSignalWhileAway(t *testing.T) {
	program, p, _ := meet(t)
	_ = p.conn.CloseNow()
	program.stderr.until("connection lost, coming back")
	program.enter("hello")
	program.stop()
	program.exit(0)
}

// TestRefusedJoin: lines typed for a room before it refused the join go nowhere else.
func TestRefusedJoin(t *testing.T) {
	program, p, _ := meet(t, "--room=secret")
	receive(t, p.messages)
	program.enter("a whisper")
	program.enter("/raw wave")
	program.enter("/help") // once it is answered, the lines before it are on their way to the room
	program.stderr.until("/quit")
	p.send(t, `{"action":"error","message_body":{"code":"forbidden","message":"no"},"IsTargetClient":true,"target":"me",`+
		`"sender":"server","ref":1,"re":"join-room"}`)
	for _, want := range []string{"error forbidden: no", "error not-a-member: ", "error not-a-member: "} {
		program.stderr.until(want)
	}
	program.enter("to all")
	if m := receive(t, p.messages); !strings.Contains(m, "to all") {
		t.Errorf("sent %s", m)
	}
}

func TestWhatHappensInRooms(t *testing.T) {
	program, p, _ := meet(t, "--room=games")
	join := receive(t, p.messages)
	if !strings.Contains(join, `"target":"games"`) {
		t.Errorf("sent %s", join)
	}
	to := `"IsTargetClient":true,"target":"me","sender":"server","room":"games"`
	p.send(t, `{"action":"joined-room","message_body":{"epoch":1,"seq":1,"count":1,"members":[]},"seq":1,`+to+`}`)
	p.send(t, `{"action":"ack","message_body":{},"ref":1,"re":"join-room","seq":2,`+to+`}`)
	program.stdout.until(`"ref":1`)
	p.send(t, `{"action":"gap","message_body":{"epoch":1,"from":3,"to":7},`+to+`}`)
	program.stderr.until("gap in games: messages were lost")
	p.send(t, `{"action":"left-room","message_body":{"reason":"kicked"},"seq":8,`+to+`}`)
	program.stderr.until("out of games: kicked")
	program.enter("/leave")
	program.stderr.until("you are in no room but the lobby")
}

func TestClosedByServer(t *testing.T) {
	for _, test := range []struct {
		code   protocol.CloseCode
		reason string
		status int
		want   string
	}{
		{protocol.CloseNormal, "", 0, "closed for good: 1000 normal"},
		{protocol.CloseDisconnected, "\x1b[2Jbanned\n", 1, `closed for good: 4003 disconnected: \x1b[2Jbanned\n`},
		{protocol.CloseUnauthenticated, "revoked", 1, "closed for good: 4001"},
		{4242, "", 1, "closed for good: 4242"},
	} {
		program, p, _ := meet(t)
		if err := p.conn.Write(socket.AppendClose(nil, uint16(test.code), test.reason)); err != nil {
			t.Fatal(err)
		}
		program.exit(test.status)
		if said := program.stderr.String(); !strings.Contains(said, test.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("stderr is not one line with %q:\n%s", test.want, said)
		}
		var end *socket.CloseError
		if err := receive(t, p.end); !errors.As(err, &end) || end.Code != uint16(test.code) {
			t.Errorf("%d is answered by %v", test.code, err)
		}
	}
}

func TestNotAMessage(t *testing.T) {
	program, p, _ := meet(t)
	p.send(t, "\u009b2J no JSON")
	program.exit(1)
	program.stderr.until("closed for good: 1002 protocol error: bad message")
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
		{"no token", []string{plain.URL}, "4001"},
		{"wrong token", []string{plain.URL, "--token=guess"}, "4001"},
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
		"http://host/#room=general":  "ws://host/ws", // as a browser shows it
		"https://host/app/":          "wss://host/app/ws",
		"https://host/app/live":      "wss://host/app/live",
		"ws://host/app/":             "ws://host/app/",
		"127.0.0.1:8080":             "ws://127.0.0.1:8080/ws",
		"localhost:8080":             "ws://localhost:8080/ws",
		"localhost":                  "ws://localhost/ws",
		"localhost:8080/":            "ws://localhost:8080/ws",
		"localhost:8080/app/":        "ws://localhost:8080/app/ws",
		"host/live?room=x":           "ws://host/live?room=x",
		"[::1]:8080":                 "ws://[::1]:8080/ws",
		"WS://host":                  "ws://host/ws",
	} {
		if got, err := webSocketURL(in); got != want || err != nil {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}
