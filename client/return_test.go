package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// again breaks a peer's connection and welcomes the client's next one.
func (s *script) again(p *peer, token string, resumed bool) (next *peer, hello string) {
	s.t.Helper()
	_ = p.conn.CloseNow()
	next, hello = s.next()
	next.welcome(token, resumed)
	return next, hello
}

// TestReturnIsBounded: each step of a reconnect fails in its own way, and the next
// attempt succeeds.
func TestReturnIsBounded(t *testing.T) {
	type dial func(ctx context.Context, network, address string) (net.Conn, error)
	type step struct {
		token func(release <-chan struct{}) (string, error)
		dial  func(release <-chan struct{}) (net.Conn, error)
		took  time.Duration
	}
	hang := func(release <-chan struct{}) { <-release }
	for name, test := range map[string]step{
		"token hangs":  {token: func(r <-chan struct{}) (string, error) { hang(r); return "late", nil }, took: 15 * time.Second},
		"token fails":  {token: func(<-chan struct{}) (string, error) { return "", errors.New("no token") }},
		"token panics": {token: func(<-chan struct{}) (string, error) { panic("token") }},
		"token exits":  {token: func(<-chan struct{}) (string, error) { runtime.Goexit(); return "", nil }},
		"dial hangs":   {dial: func(r <-chan struct{}) (net.Conn, error) { hang(r); return nil, net.ErrClosed }, took: 15 * time.Second},
		"dial panics":  {dial: func(<-chan struct{}) (net.Conn, error) { panic("dial") }},
		"handshake hangs": {dial: func(<-chan struct{}) (net.Conn, error) {
			nc, other := net.Pipe()
			go func() { // reads the request and does not answer
				buf := make([]byte, 1000)
				for {
					if _, err := other.Read(buf); err != nil {
						return
					}
				}
			}()
			return nc, nil
		}, took: 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				release := make(chan struct{})
				var broken atomic.Bool
				var d dial = s.listener.Dial
				o := client.Options{
					Token: func(context.Context) (string, error) {
						if test.token != nil && broken.CompareAndSwap(true, false) {
							return test.token(release)
						}
						return "t", nil
					},
				}
				o.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if test.dial != nil && broken.CompareAndSwap(true, false) {
						return test.dial(release)
					}
					return d(ctx, network, address)
				}
				conn, p := s.connect(o)
				broken.Store(true)
				began := time.Now()
				p, _ = s.again(p, "token-2", true)
				if took := time.Since(began); broken.Load() || took < test.took || took > test.took+2*time.Second {
					t.Errorf("came back after %v, broken %t", took, broken.Load())
				}
				close(release)
				go func() { p.ack(p.hear("x"), 1, "{}") }()
				send(t, conn.Lobby(), "x", nil)
			})
		})
	}
}

// TestReturnWithoutWelcome: the client gives up on a server that accepts and sends
// nothing, and tries again.
func TestReturnWithoutWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		_, p := s.connect(client.Options{})
		_ = p.conn.CloseNow()
		began := time.Now()
		_, _ = s.next()
		p, hello := s.next()
		if took := time.Since(began); took < 15*time.Second || took > 17*time.Second || !strings.Contains(hello, "token-1") {
			t.Errorf("%s after %v", hello, took)
		}
		p.welcome("token-2", true)
	})
}

// TestDialTokenPanics: Dial returns the error.
func TestDialTokenPanics(t *testing.T) {
	o := client.Options{Token: func(context.Context) (string, error) { panic("no token") }}
	if _, err := client.Dial(t.Context(), "ws://memory/ws", &o); err == nil || !strings.Contains(err.Error(), "no token") {
		t.Errorf("got %v", err)
	}
}

const gapFrame = `{"action":"gap","message_body":%s,"IsTargetClient":true,"target":"anna","sender":"server","room":"r"}`

// returns adds a room's rejoins and lists of members to the events.
func (e events) returns(r *client.Room) {
	r.OnRejoin(func(welcome json.RawMessage) { e.add("rejoined %s", welcome) })
	r.OnMembers(func(members []client.Member) {
		for _, m := range members {
			e.add("%s away=%t", m.ID, m.Away)
		}
	})
}

// TestNewEpoch: after the gap of a whole epoch, members and positions are those of the
// next one, also over a second break, wherever the first break occurred.
func TestNewEpoch(t *testing.T) {
	const next = `{"action":"joined-room","message_body":{"message":"hello","epoch":8,"seq":5,"count":40,"members":[{"client":"bert","state":"away"},{"client":"anna","state":"online"}],"next":9},"IsTargetClient":true,"target":"anna","sender":"server","room":"r","seq":5}`
	for _, between := range []bool{false, true} {
		t.Run(fmt.Sprint(between), func(t *testing.T) {
			s := newScript(t)
			heard := newEvents()
			conn, p := s.connect(client.Options{MinBackoff: time.Millisecond})
			go p.admit(7, 10)
			room := join(t, conn, "r", nil, heard.all, heard.returns)
			p, _ = s.again(p, "token-2", true)
			p.say(gapFrame, `{"epoch":7}`)
			heard.want(t, "gap 0-0 whole=true direct=false")
			if between {
				var hello string
				p, hello = s.again(p, "token-3", true)
				if want := `{"session":"token-2","rooms":{"r":[7,0]},"features":["set-info"]}`; hello != want {
					t.Errorf("hello %s, want %s", hello, want)
				}
				p.say(gapFrame, `{"epoch":7}`)
			}
			p.say(next)
			heard.want(t, `rejoined {"message":"hello","epoch":8,"seq":5,"count":40,"members":[{"client":"bert","state":"away"},{"client":"anna","state":"online"}],"next":9}`,
				"bert away=true", "anna away=false")
			if got := room.Members(); len(got) != 2 || got[0].ID != "bert" || !got[0].Away || room.Count() != 40 {
				t.Errorf("%d members %v", room.Count(), got)
			}
			p.tell("r", 5, "known")
			p.tell("r", 6, "6")
			heard.want(t, `say {"text":"6"}`)
			p, hello := s.again(p, "token-4", true)
			if want := `"rooms":{"r":[8,6]},"features":["set-info"]}`; !strings.HasSuffix(hello, want) {
				t.Errorf("hello %s, want %s", hello, want)
			}
			p.tell("r", 6, "known")
			p.tell("r", 7, "7")
			heard.want(t, `say {"text":"7"}`)
			heard.none(t)
		})
	}
}

// TestEpochWithoutGap: a room that admits the client again has lost what was before, even
// if no gap says so.
func TestEpochWithoutGap(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	conn, p := s.connect(client.Options{})
	go p.admit(7, 10)
	join(t, conn, "r", nil, heard.all, heard.returns)
	p.say(joinedFrame, 8, 1, 1)
	heard.want(t, "gap 0-0 whole=true direct=false", `rejoined {"epoch":8,"seq":1,"count":1,"members":[{"client":"anna"}]}`, "anna away=false")
}

// TestMembersAfterGap: missing messages may have announced members, so the client asks
// for the list.
func TestMembersAfterGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		heard := newEvents()
		conn, p := s.connect(client.Options{})
		go p.admit(7, 10)
		room := join(t, conn, "r", nil, heard.all, heard.returns)
		p.say(gapFrame, `{"epoch":7,"from":5,"to":9}`) // all of it was received
		p.say(gapFrame, `{"epoch":7,"from":5,"to":30}`)
		heard.want(t, "gap 12-30 whole=false direct=false")
		env := p.hear("list-members")
		p.say(errorFrame, "busy", env.ID, env.Action)
		env = p.hear("list-members")
		p.say(gapFrame, `{"epoch":7,"from":31,"to":40}`)
		heard.want(t, "gap 31-40 whole=false direct=false")
		p.ack(env, 41, `{"members":[],"count":0}`) // from before the second gap
		p.hear("list-members")
		p, _ = s.again(p, "token-2", true)
		env = p.hear("list-members")
		p.ack(env, 42, `{"members":[],"count":0}`) // from memory
		p.ack(p.hear("list-members"), 43, `{"members":[{"client":"anna","state":"online"},{"client":"bert","state":"away"}],"count":7}`)
		heard.want(t, "anna away=false", "bert away=true")
		if got := ids(room); !slices.Equal(got, []string{"anna", "bert"}) || room.Count() != 7 || !room.Members()[1].Away {
			t.Errorf("%d members %v", room.Count(), room.Members())
		}
		heard.none(t)
	})
}

// TestRoomLost: if the server has forgotten a room, the client joins it again with its
// own parameters.
func TestRoomLost(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	conn, p := s.connect(client.Options{OnRoom: heard.all})
	go p.admit(7, 10)
	room := join(t, conn, "r", map[string]any{"p": 1, "create": true}, heard.all, heard.returns)
	p.say(leftFrame, "lost")
	if env := p.admit(8, 1); string(env.Body) != `{"p":1}` {
		t.Errorf("joined with %s", env.Body)
	}
	heard.want(t, "gap 0-0 whole=true direct=false", `rejoined {"epoch":8,"seq":1,"count":1,"members":[{"client":"anna"}]}`, "anna away=false")
	go func() { p.ack(p.hear("x"), 3, "{}") }()
	send(t, room, "x", nil)
	// A room that the server put the client into is not joined.
	p.say("%s", strings.ReplaceAll(fmt.Sprintf(joinedFrame, 1, 1, 1), `"room":"r"`, `"room":"given"`))
	p.say("%s", strings.ReplaceAll(fmt.Sprintf(leftFrame, "lost"), `"room":"r"`, `"room":"given"`))
	heard.want(t, "closed lost")
}

// TestHelloFits: the hello of a client in very many rooms is no larger than the server
// accepts, and the client joins the rooms that it leaves out.
func TestHelloFits(t *testing.T) {
	for _, limit := range []int{0, 4096, 65536} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			const rooms = 500
			s := newScript(t)
			heard := newEvents()
			conn, p := s.connectLimited(client.Options{MinBackoff: time.Millisecond}, limit)
			go func() {
				for range rooms {
					p.admit(9007199254740991, 9007199254740000)
				}
			}()
			for i := range rooms {
				join(t, conn, fmt.Sprintf("%s/%03d", strings.Repeat("x", 124), i), nil, heard.all, heard.returns)
			}
			_ = p.conn.CloseNow()
			p, hello := s.next()
			var named struct{ Rooms map[string][2]uint64 }
			if err := json.Unmarshal([]byte(hello), &named); err != nil {
				t.Fatal(err)
			}
			most := limit
			if most == 0 {
				most = 65536
			}
			frame := protocol.AppendEnvelope(nil, &protocol.Header{Action: "hello"}, []byte(hello))
			if len(frame) > most || len(frame) < most-400 || len(named.Rooms) == 0 {
				t.Errorf("hello of %d bytes with %d rooms, limit %d", len(frame), len(named.Rooms), most)
			}
			p.welcome("token-2", true)
			for range rooms - len(named.Rooms) {
				env := p.hear("join-room")
				if _, ok := named.Rooms[string(env.Target)]; ok {
					t.Errorf("joins %s, which hello has named", env.Target)
				}
				p.ack(env, 0, "{}")
			}
			go func() { p.ack(p.hear("marker"), 1, "{}") }()
			send(t, conn.Lobby(), "marker", nil)
			heard.none(t)
		})
	}
}

// TestOmittedRoomGone: for a room that did not fit the hello and that the client is no
// longer in, the client either joins it again or closes it.
func TestOmittedRoomGone(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	token := strings.Repeat("t", 200) // for a hello that has no space left
	conn, p := s.meet(client.Options{MinBackoff: time.Millisecond}, func(p *peer) { p.say(welcomeFrame, token, false, 200) })
	go p.admit(7, 1)
	join(t, conn, "r", nil, heard.all, heard.returns)
	_ = p.conn.CloseNow()
	p, hello := s.next()
	if strings.Contains(hello, `"rooms"`) {
		t.Errorf("hello %s", hello)
	}
	p.say(welcomeFrame, token, true, 200)
	p.admit(8, 1)
	heard.want(t, "gap 0-0 whole=true direct=false", `rejoined {"epoch":8,"seq":1,"count":1,"members":[{"client":"anna"}]}`, "anna away=false")
	_ = p.conn.CloseNow()
	p, _ = s.next()
	p.say(welcomeFrame, token, true, 200)
	env := p.hear("join-room")
	p.say(errorFrame, "room-full", env.ID, env.Action)
	heard.want(t, "error join-room room-full", "closed refused")
}

// TestSmallerLimit: queued messages are not sent to a server that would close the
// connection for them.
func TestSmallerLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		conn, p := s.connect(client.Options{})
		_ = p.conn.CloseNow()
		synctest.Wait()
		waiting := make(chan error, 1)
		go func() { waiting <- conn.Lobby().Send(t.Context(), "x", line{strings.Repeat("x", 1000)}) }()
		synctest.Wait()
		p, _ = s.next()
		p.say(welcomeFrame, "token-2", true, 500)
		if err := <-waiting; code(err) != protocol.CodeTooLarge {
			t.Errorf("got %v", err)
		}
		go func() { p.ack(p.hear("marker"), 1, "{}") }()
		send(t, conn.Lobby(), "marker", nil)
	})
}

// TestHistory: it returns earlier messages page by page and runs no handler.
func TestHistory(t *testing.T) {
	h := inMemory(t)
	conn := h.connect(client.Options{})
	room := join(t, conn, "r", nil)
	for i := range 3 {
		send(t, room, "say", line{fmt.Sprint(i)})
	}
	page, err := room.History(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range page.Messages {
		if m.Action == "say" {
			said = append(said, string(m.Body))
		}
	}
	if want := []string{`{"text":"0"}`, `{"text":"1"}`, `{"text":"2"}`}; !slices.Equal(said, want) || page.Epoch == 0 {
		t.Errorf("got %q of epoch %d", said, page.Epoch)
	}
	last := page.Messages[len(page.Messages)-1]
	if page, err = room.History(t.Context(), last.Seq); err != nil || len(page.Messages) == 0 || page.Messages[len(page.Messages)-1].Seq >= last.Seq {
		t.Errorf("before %d: %+v, %v", last.Seq, page, err)
	}
	coded := serve(t, "", simplysocket.Options{}, func(s *simplysocket.Server) {
		s.HandleRoom("coded", func(room *simplysocket.Room) error {
			simplysocket.On(room, "x", func(*simplysocket.Member, struct{}) error { return nil })
			return nil
		})
	})
	if _, err := join(t, coded.connect(client.Options{}), "coded", nil).History(t.Context(), 0); code(err) != protocol.CodeForbidden {
		t.Errorf("a room without history: %v", err)
	}
}
