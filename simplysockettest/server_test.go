package simplysockettest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/protocol"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// stage is where a play is performed: in the kit, or on a server with real clients.
type stage interface {
	join(who string)
	leave(who string)
	send(who, action string, body any)
	direct(from, to, action string, body any)
	breakOff(who string)
	comeBack(who string)
	pass(time.Duration)
	heard(who string) []string
}

// play has a bit of everything that a room tells its members.
func play(s stage) {
	s.join("ann")
	s.join("bob")
	s.join("cid")
	s.send("ann", "say", note{"one"})
	s.send("bob", "move", number{1})
	s.send("bob", "fail", nil)
	s.direct("ann", "cid", "whisper", note{"psst"})
	s.breakOff("bob")
	for n := range 12 {
		s.send("ann", "move", number{n})
		s.send("cid", "say", number{n})
	}
	s.pass(3 * time.Second)
	s.send("ann", "blink", nil)
	s.comeBack("bob")
	s.send("ann", "set", number{2})
	s.pass(3 * time.Second)
	s.leave("cid")
	s.send("bob", "say", note{"bye"})
	s.join("cid")
	s.send("bob", "kick", word{"cid"})
	s.breakOff("bob")
	s.pass(3 * time.Second)
	s.comeBack("bob")
	s.breakOff("ann")
	s.pass(40 * time.Second) // her session ends
	s.send("bob", "close", nil)
}

// improvise returns a play that comes from a seed.
func improvise(seed uint64) func(stage) {
	return func(s stage) {
		rng := rand.New(rand.NewPCG(seed, 3))
		names := []string{"ann", "bob", "cid"}
		for _, who := range names {
			s.join(who)
		}
		say := func(who string) {
			s.send(who, []string{"say", "fail", "blink", "set", "move", "move"}[rng.IntN(6)], number{rng.IntN(100)})
		}
		for range 60 {
			i := rng.IntN(3)
			who, other := names[i], names[(i+1)%3]
			switch rng.IntN(9) {
			case 0:
				s.direct(who, other, "whisper", number{rng.IntN(100)})
			case 1:
				s.leave(who)
				say(other)
				s.join(who)
			case 2:
				s.breakOff(who)
				say(other)
				s.pass(time.Duration(500+rng.IntN(3000)) * time.Millisecond)
				say(other)
				s.comeBack(who)
			case 3:
				s.pass(time.Duration(rng.IntN(3000)) * time.Millisecond)
			default:
				say(who)
			}
		}
	}
}

// playRoom is the room of the play.
func playRoom(room *simplysocket.Room) error {
	timer := simplysocket.NewTimer(room, "bell", func(n number) error { return room.Broadcast("bell", n) })
	room.OnDrop(func(*simplysocket.Member) error { return room.Broadcast("lost", number{room.Len()}) })
	room.OnResume(func(m *simplysocket.Member) error { return m.Send("back", nil) })
	room.OnDirect(func(*simplysocket.Member, *simplysocket.Member, *simplysocket.Request) error { return nil })
	room.OnMessage(func(m *simplysocket.Member, msg *simplysocket.Message) error {
		switch msg.Action {
		case "fail":
			return simplysocket.Errorf("no", "not today")
		case "move":
			return room.Broadcast("moved", msg.MessageBody, simplysocket.Conflate("place"), simplysocket.Except(m))
		case "blink":
			return room.Broadcast("blinked", nil, simplysocket.Volatile())
		case "set":
			timer.Set(2*time.Second, number{7})
			return nil
		case "kick":
			for other := range room.Members() {
				if other != m && !other.Away() && room.Len() == 3 {
					other.Kick()
				}
			}
			return nil
		case "close":
			room.Close()
			return nil
		default:
			return room.Broadcast(msg.Action, msg.MessageBody, simplysocket.From(m))
		}
	})
	return nil
}

// TestLikeAServer: what clients read in the kit is, to the seq, what they read of a
// server. The history is large enough, since the Go client asks for the members after a gap.
func TestLikeAServer(t *testing.T) {
	for what, setup := range map[string]func(*simplysocket.Room) error{"coded": playRoom, "relay": simplysocket.Relay} {
		t.Run(what, func(t *testing.T) { compare(t, setup, play) })
		for seed := range uint64(10) {
			t.Run(fmt.Sprint(what, seed), func(t *testing.T) { compare(t, setup, improvise(seed)) })
		}
	}
}

// compare performs a play in the kit and on a server.
func compare(t *testing.T, setup func(*simplysocket.Room) error, play func(stage)) {
	opts := simplysocket.Options{Logger: servertest.Quiet}
	inKit := &kitStage{room: kit.Open(t, "room", setup, kit.ServerOptions(opts))}
	play(inKit)
	synctest.Test(t, func(t *testing.T) {
		srv, err := simplysocket.New(&opts)
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("room", setup)
		onServer := &serverStage{t: t, host: kit.Serve(t, srv), people: map[string]*person{}}
		play(onServer)
		for _, who := range []string{"ann", "bob", "cid"} {
			want, got := onServer.heard(who), inKit.heard(who)
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Errorf("%s reads on the server\n%s\nand in the kit\n%s", who, strings.Join(from(want, i), "\n"), strings.Join(from(got, i), "\n"))
					break
				}
			}
		}
	})
}

// from returns a few lines from the i-th on.
func from(lines []string, i int) []string {
	return lines[min(i, len(lines)):min(i+5, len(lines))]
}

type kitStage struct{ room *kit.Room }

func (s *kitStage) of(who string) *kit.Client { return s.room.Client(who) }

func (s *kitStage) join(who string)                   { s.room.Join(who) }
func (s *kitStage) leave(who string)                  { s.of(who).Leave() }
func (s *kitStage) send(who, action string, body any) { _ = s.of(who).TrySend(action, body) }
func (s *kitStage) breakOff(who string)               { s.of(who).Drop() }
func (s *kitStage) comeBack(who string)               { s.of(who).Resume() }
func (s *kitStage) pass(d time.Duration)              { s.room.Advance(d) }

func (s *kitStage) direct(from, to, action string, body any) {
	_ = s.of(from).TryDirect(s.of(to), action, body)
}

func (s *kitStage) heard(who string) (all []string) {
	for _, m := range s.of(who).Messages() {
		all = append(all, line(m.Action, m.Body, m.Seq))
	}
	return all
}

var epochs = regexp.MustCompile(`"epoch":\d+`)

func line(action string, body []byte, seq uint64) string {
	return fmt.Sprintf("%d %s %s", seq, action, epochs.ReplaceAllString(string(body), `"epoch":E`))
}

// serverStage has the Go client, whose connections it lets through one by one.
type serverStage struct {
	t      *testing.T
	host   *kit.Host
	people map[string]*person
}

type person struct {
	conn *client.Conn
	room *client.Room
	dial chan struct{} // one for each connection that may be made
	wire net.Conn

	mu    sync.Mutex
	lines []string
}

func (s *serverStage) join(who string) {
	p := s.people[who]
	if p == nil {
		p = &person{dial: make(chan struct{}, 1)}
		p.dial <- struct{}{}
		conn, err := client.Dial(context.Background(), "ws://memory/ws", &client.Options{
			Logger: servertest.Quiet, MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond,
			NetDial: func(ctx context.Context, network, address string) (net.Conn, error) {
				select {
				case <-p.dial:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				nc, err := s.host.NetDial(ctx, network, address)
				p.wire = nc
				return nc, err
			},
			OnReceive: func(env *protocol.Envelope) {
				if env.Seq == 0 && string(env.Action) != "gap" && string(env.Action) != "left-room" || string(env.Room) != "room" && string(env.Target) != "room" {
					return
				}
				if action := string(env.Action); action != "ack" && action != "error" {
					p.mu.Lock()
					defer p.mu.Unlock()
					p.lines = append(p.lines, line(action, env.Body, env.Seq))
				}
			},
		})
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = conn.Close() })
		p.conn, s.people[who] = conn, p
	}
	room, err := p.conn.Join(context.Background(), "room", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p.room = room
	synctest.Wait()
}

func (s *serverStage) leave(who string) {
	if err := s.people[who].room.Leave(context.Background()); err != nil {
		s.t.Error(err)
	}
	synctest.Wait()
}

func (s *serverStage) send(who, action string, body any) {
	_, _ = client.Call[simplysocket.None](context.Background(), s.people[who].room, action, body)
	synctest.Wait()
}

func (s *serverStage) direct(from, to, action string, body any) {
	_ = s.people[from].room.SendTo(context.Background(), s.people[to].conn.ID(), action, body)
	synctest.Wait()
}

func (s *serverStage) breakOff(who string) {
	_ = s.people[who].wire.Close()
	synctest.Wait()
}

func (s *serverStage) comeBack(who string) {
	s.people[who].dial <- struct{}{}
	synctest.Wait()
}

func (s *serverStage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *serverStage) heard(who string) []string {
	p := s.people[who]
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.lines)
	for name, p := range s.people {
		for i := range all {
			all[i] = strings.ReplaceAll(all[i], p.conn.ID(), name)
		}
	}
	return all
}
