package client_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
)

// asking is a message with a caller that waits for the answer.
func asking(t testing.TB, room *client.Room, action string) <-chan string {
	result := make(chan string, 1)
	go func() {
		reply, err := client.Call[struct{ By string }](t.Context(), room, action, nil)
		result <- fmt.Sprintf("%s %v", reply.By, err)
	}()
	return result
}

func wantResult(t testing.TB, result <-chan string, want string) {
	t.Helper()
	select {
	case got := <-result:
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("%q did not arrive", want)
	}
}

// TestMissed: a client misses messages while it is away. The server replays them in
// order, and the other members notice nothing.
func TestMissed(t *testing.T) {
	heard := newEvents()
	conn, room, o := offline(t, client.Options{MinBackoff: time.Millisecond, Lobby: heard.all}, heard.all)
	mate := join(t, o.host.connect(client.Options{NetDial: o.host.Dial}), "r", nil)
	before := conn.ID()
	send(t, mate, "one", nil)
	if err := o.host.Client(before).Send("news", nil); err != nil {
		t.Fatal(err)
	}
	send(t, mate, "two", nil)
	waiting := asking(t, room, "three")
	o.down.Store(false)
	wantResult(t, waiting, " <nil>")
	got := map[string]int{}
	for i := range 5 { // there is no order between rooms
		got[heard.next(t)] = i
	}
	if len(got) != 5 || got["join"] > got["one {}"] || got["one {}"] > got["two {}"] || got["two {}"] > got["three {}"] {
		t.Errorf("got %v", got)
	}
	if conn.ID() != before || !conn.Session().Resumed || len(room.Members()) != 2 {
		t.Errorf("%+v with %v", conn.Session(), room.Members())
	}
	heard.none(t)
}

// TestAnswerForgotten: a message whose answer the server has forgotten may or may not
// have been handled.
func TestAnswerForgotten(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{MinBackoff: time.Millisecond})
	result := asking(t, conn.Lobby(), "x")
	p.hear("x")
	_ = p.conn.CloseNow()
	p, _ = s.next()
	p.welcome("token-2", true)
	env := p.hear("x")
	p.say(`{"action":"error","message_body":{"code":"stale-id","message":"gone"},"IsTargetClient":true,"target":"anna","sender":"server","ref":%d,"re":"x","n":1}`, env.ID)
	wantResult(t, result, " outcome-unknown: the server has the message and not its answer")
}

// TestResume: a connection breaks while messages are in flight in both directions. Each
// is received once, and each is handled once.
func TestResume(t *testing.T) {
	s := newScript(t)
	heard, states := newEvents(), newEvents()
	o := states.states(client.Options{MinBackoff: time.Millisecond, Lobby: heard.all})
	conn, p := s.connect(o)
	go p.admit(7, 10)
	room := join(t, conn, "r", nil, heard.all, heard.text)
	p.tell("r", 12, "12")
	p.news(1)
	p.tell("r", 15, "15")
	heard.want(t, "12", "news {}", "15")
	first := asking(t, room, "first")
	env1 := p.hear("first")
	second := asking(t, room, "second")
	env2 := p.hear("second")
	_ = p.conn.CloseNow()

	p, hello := s.next()
	if want := `{"session":"token-1","rooms":{"r":[7,15]},"direct":1,"features":["set-info"]}`; hello != want {
		t.Errorf("hello %s, want %s", hello, want)
	}
	third := asking(t, room, "third")
	p.welcome("token-2", true)
	// The missed messages, with duplicates, and the answer to the first.
	p.tell("r", 12, "duplicate")
	p.tell("r", 15, "duplicate")
	p.news(1)
	p.tell("r", 16, "16")
	p.ack(env1, 17, `{"by":"replay"}`)
	// What the client resends, unchanged and in order. The first may be among them, or
	// its answer may arrive before.
	again := p.hear("")
	if again.ID == env1.ID {
		p.ack(again, 17, `{"by":"memory"}`)
		again = p.hear("")
	}
	if again.ID != env2.ID || string(again.Action) != "second" {
		t.Errorf("sent again %s under %d", again.Action, again.ID)
	}
	// The answer from memory has a number greater than what was replayed so far.
	p.ack(again, 19, `{"by":"memory"}`)
	p.tell("r", 18, "18")
	p.tell("r", 20, "20")
	p.news(2)
	wantResult(t, first, "replay <nil>")
	wantResult(t, second, "memory <nil>")
	env3 := p.hear("third")
	if env3.ID != env2.ID+1 {
		t.Errorf("the third is %d after %d", env3.ID, env2.ID)
	}
	p.ack(env3, 21, `{"by":"turn"}`)
	p.ack(env3, 21, `{"by":"mistake"}`)
	wantResult(t, third, "turn <nil>")
	heard.want(t, "16", "18", "20", "news {}")
	states.want(t, "online", "offline", "online")
	if !conn.Session().Resumed || conn.ID() != "anna" {
		t.Errorf("got %+v", conn.Session())
	}

	// A second break. Its hello has the newest token and positions.
	_ = p.conn.CloseNow()
	p, hello = s.next()
	if want := `{"session":"token-2","rooms":{"r":[7,21]},"direct":2,"features":["set-info"]}`; hello != want {
		t.Errorf("hello %s, want %s", hello, want)
	}
	p.welcome("token-3", true)
	p.tell("r", 22, "22")
	heard.want(t, "22")
	heard.none(t)
}

// TestResumeGap: messages that the server cannot replay are reported before newer ones.
func TestResumeGap(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	conn, p := s.connect(client.Options{MinBackoff: time.Millisecond, Lobby: heard.all})
	go p.admit(7, 10)
	join(t, conn, "r", nil, heard.all, heard.text)
	_ = p.conn.CloseNow()
	p, _ = s.next()
	p.welcome("token-2", true)
	const gap = `{"action":"gap","message_body":%s,"IsTargetClient":true,"target":"anna","sender":"server"%s}`
	p.say(gap, `{"epoch":7,"from":12,"to":30}`, `,"room":"r"`)
	p.tell("r", 30, "lost already")
	p.tell("r", 31, "31")
	p.say(gap, `{"from":1,"to":5}`, "")
	p.news(5)
	p.news(6)
	// The room was opened again meanwhile: its numbers start over.
	p.say(gap, `{"epoch":7}`, `,"room":"r"`)
	p.say(gap, `{"epoch":8,"from":1,"to":2}`, `,"room":"r"`)
	p.tell("r", 3, "3")
	heard.want(t, "gap 12-30 whole=false direct=false", "31", "gap 1-5 whole=false direct=true", "news {}",
		"gap 0-0 whole=true direct=false", "gap 1-2 whole=false direct=false", "3")
	_ = p.conn.CloseNow()
	p, hello := s.next()
	if want := `{"session":"token-2","rooms":{"r":[8,3]},"direct":6,"features":["set-info"]}`; hello != want {
		t.Errorf("hello %s, want %s", hello, want)
	}
	p.welcome("token-3", true)
}

// TestResumeWithoutRoom: a room from which the client was removed meanwhile says so.
func TestResumeWithoutRoom(t *testing.T) {
	for name, frame := range map[string]string{
		"kicked": `{"action":"left-room","message_body":{"reason":"kicked"},"IsTargetClient":true,"target":"anna","sender":"server","room":"r","seq":20}`,
		"closed": `{"action":"room-closed","message_body":{},"IsTargetClient":false,"target":"r","sender":"server","seq":20}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			heard := newEvents()
			conn, p := s.connect(client.Options{MinBackoff: time.Millisecond})
			go p.admit(7, 10)
			join(t, conn, "r", nil, heard.all)
			_ = p.conn.CloseNow()
			p, _ = s.next()
			p.welcome("token-2", true)
			p.say("%s", frame)
			heard.want(t, "closed "+name)
			_ = p.conn.CloseNow()
			p, hello := s.next()
			if want := `{"session":"token-2","features":["set-info"]}`; hello != want {
				t.Errorf("hello %s, want %s", hello, want)
			}
			p.welcome("token-3", true)
		})
	}
}

// TestResumeJoin: a join whose answer was lost is resent too.
func TestResumeJoin(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{MinBackoff: time.Millisecond})
	joined := make(chan error)
	go func() {
		_, err := conn.Join(t.Context(), "r", nil)
		joined <- err
	}()
	first := p.hear("join-room")
	_ = p.conn.CloseNow()
	p, _ = s.next()
	p.welcome("token-2", true)
	if again := p.admit(7, 10); again.ID != first.ID {
		t.Errorf("sent again under %d after %d", again.ID, first.ID)
	}
	if err := <-joined; err != nil {
		t.Error(err)
	}
}
