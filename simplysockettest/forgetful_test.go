package simplysockettest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// TestForgotten: each room keeps something in a plain variable, which shows in another way.
func TestForgotten(t *testing.T) {
	call := func(ann *kit.Client) {
		for range 3 {
			_ = ann.TrySend("count", nil)
		}
	}
	for what, tt := range map[string]struct {
		setup func(*simplysocket.Room) error
		play  func(*kit.Room, *kit.Client)
		words []string
	}{
		"a reply": {func(room *simplysocket.Room) error {
			n := 0
			simplysocket.OnCall(room, "count", func(*simplysocket.Member, simplysocket.None) (number, error) {
				n++
				return number{n}, nil
			})
			return nil
		}, nil, []string{`room "r" answers differently after a restore: entry 3, "count" by ann: {"N":1}, and {"N":2} without.`, "hold it in NewState or NewTable"}},
		"a broadcast": {func(room *simplysocket.Room) error {
			n := 0
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
				n++
				return room.Broadcast("counted", number{n})
			})
			return nil
		}, nil, []string{`entry 3, "count" by ann: {"N":1}, and {"N":2} without`}},
		"a refusal": {func(room *simplysocket.Room) error {
			said := map[string]bool{}
			simplysocket.On(room, "count", func(m *simplysocket.Member, _ simplysocket.None) error {
				if said[m.ID()] {
					return simplysocket.Errorf("again", "once is enough")
				}
				said[m.ID()] = true
				return nil
			})
			return nil
		}, nil, []string{`entry 3, "count" by ann: ack {} to [1], and error {"code":"again"`}},
		"an audience": {func(room *simplysocket.Room) error {
			var first *simplysocket.Member
			simplysocket.On(room, "count", func(m *simplysocket.Member, _ simplysocket.None) error {
				if first == nil {
					first = m
					return room.Broadcast("counted", nil)
				}
				return room.Broadcast("counted", nil, simplysocket.Except(first))
			})
			return nil
		}, nil, []string{`counted {} to all, and counted {} to all but [1] without`}},
		"a timer": {func(room *simplysocket.Room) error {
			delay := time.Second
			timer := simplysocket.NewTimer(room, "slower", func(number) error { return nil })
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
				delay *= 2
				timer.Set(delay, number{})
				return nil
			})
			return nil
		}, nil, []string{`keeps something different after a restore: entry 3, "count" by ann: timer "slower" is {"due":"2026-01-01T00:00:02Z","body":{"N":0}}, and {"due":"2026-01-01T00:00:04Z","body":{"N":0}} without.`}},
		"a timer that has run out": {func(room *simplysocket.Room) error {
			rung := false
			timer := simplysocket.NewTimer(room, "bell", func(number) error {
				rung = true
				return nil
			})
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
				timer.Set(time.Second, number{})
				return room.Broadcast("rung", map[string]bool{"rung": rung})
			})
			return nil
		}, func(room *kit.Room, ann *kit.Client) {
			ann.Send("count", nil)
			room.Advance(time.Minute)
			ann.Send("count", nil)
		}, []string{`entry 4, "count" by ann: {"rung":false}, and {"rung":true} without`}},
		"a task": {func(room *simplysocket.Room) error {
			n := 0
			task := simplysocket.NewTask(room, "look", func(context.Context, number) (number, error) { return number{}, nil },
				func(number, number, error) error { return nil })
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
				n++
				task.Start(number{n})
				return nil
			})
			return nil
		}, nil, []string{`the task "look" with {"N":1}, and the task "look" with {"N":2} without`}},
		"a hook": {func(room *simplysocket.Room) error {
			joins := 0
			room.OnJoin(func(j *simplysocket.Join) error {
				joins++
				return j.Welcome(number{joins})
			})
			return nil
		}, func(room *kit.Room, _ *kit.Client) { room.Join("bob") }, []string{`entry 2, the join of bob: {"N":1,`, `and {"N":2,`}},
		"a close": {func(room *simplysocket.Room) error {
			n := 0
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
				if n++; n == 2 {
					room.Close()
				}
				return nil
			})
			return nil
		}, nil, []string{`entry 3, "count" by ann: ack {} to [1], and room-closed {} to all without`}},
		"a join of another room": {func(room *simplysocket.Room) error {
			n := 0
			simplysocket.On(room, "count", func(m *simplysocket.Member, _ simplysocket.None) error {
				n++
				return m.JoinRoom(fmt.Sprint("level/", n), nil)
			})
			return nil
		}, nil, []string{`a join of "level/1" by ann with {}, and a join of "level/2" by ann with {} without`}},
		"a failure": {func(room *simplysocket.Room) error {
			n := 0
			room.OnDrop(func(*simplysocket.Member) error {
				if n++; n == 2 {
					return simplysocket.Errorf("twice", "dropped twice")
				}
				return nil
			})
			return nil
		}, func(room *kit.Room, ann *kit.Client) {
			ann.Drop()
			ann.Resume()
			room.ExpectFailure(ann.Drop)
		}, []string{"no failure, and a failure of OnDrop: twice: dropped twice without"}},
		"randomness of its own": {func(room *simplysocket.Room) error {
			simplysocket.OnCall(room, "count", func(*simplysocket.Member, simplysocket.None) (number, error) { return number{rand.Int()}, nil })
			return nil
		}, nil, []string{"its own randomness"}},
		"a setup that cannot run again": {func() func(*simplysocket.Room) error {
			runs := 0
			return func(*simplysocket.Room) error {
				if runs++; runs > 2 {
					return simplysocket.Errorf("once", "there is one")
				}
				return nil
			}
		}(), nil, []string{`room "r" cannot be restored before entry 1, the join of ann: once: there is one`}},
	} {
		t.Run(what, func(t *testing.T) {
			play := tt.play
			if play == nil {
				play = func(_ *kit.Room, ann *kit.Client) { call(ann) }
			}
			mustFail(t, func(t testing.TB) {
				room := kit.Open(t, "r", tt.setup, kit.Forgetful())
				play(room, room.Join("ann"))
			}, tt.words...)
		})
	}
}

// TestNotForgotten: what a room keeps outside of plain variables has its value again, over
// everything that can happen to a room.
func TestNotForgotten(t *testing.T) {
	setup := func(room *simplysocket.Room) error {
		room.SetTimestamps(true)
		timer := simplysocket.NewTimer(room, "bell", func(n number) error { return room.Broadcast("bell", n) })
		task := simplysocket.NewTask(room, "think", func(_ context.Context, n number) (number, error) { return number{n.N * n.N}, nil },
			func(_, n number, _ error) error { return room.Broadcast("thought", n) })
		room.Every(700*time.Millisecond, func() error { return room.Broadcast("beat", number{room.Len()}, simplysocket.Volatile()) })
		room.OnDrop(func(m *simplysocket.Member) error { return room.Broadcast("lost", word{m.ID()}) })
		room.OnResume(func(m *simplysocket.Member) error { return m.Send("back", number{room.Len()}) })
		simplysocket.On(room, "set", func(_ *simplysocket.Member, n number) error {
			timer.Set(time.Duration(n.N)*time.Millisecond, n)
			return nil
		})
		simplysocket.On(room, "think", func(_ *simplysocket.Member, n number) error {
			task.Start(n)
			return nil
		})
		simplysocket.OnCall(room, "roll", func(m *simplysocket.Member, _ simplysocket.None) (number, error) {
			n := number{room.Rand().IntN(6)}
			return n, room.Broadcast("rolled", n, simplysocket.From(m), simplysocket.Conflate("roll"))
		})
		simplysocket.On(room, "kick", func(_ *simplysocket.Member, w word) error {
			if m := room.Member(w.Word); m != nil {
				m.Kick()
			}
			return nil
		})
		return nil
	}
	for what, setup := range map[string]func(*simplysocket.Room) error{"coded": setup, "relay": simplysocket.Relay} {
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 1))
			room := kit.Open(t, what, setup, kit.Forgetful(), kit.ServerOptions(simplysocket.Options{
				HistoryMessages: 8, ResumeWindow: 3 * time.Second, EmptyRoomTimeout: time.Second, AnnounceMaxMembers: 4,
			}))
			var made int
			var clients []*kit.Client
			for range 300 {
				if len(clients) < 6 {
					made++
					clients = append(clients, room.Join(fmt.Sprint("c", made)))
				}
				i := rng.IntN(len(clients))
				act(t, rng, room, clients[i], clients[rng.IntN(len(clients))])
				if c := clients[i]; !c.IsMember() && !c.Away() && rng.IntN(2) == 0 {
					room.Join(c.ID())
				}
				for i := len(clients) - 1; i >= 0; i-- {
					if c := clients[i]; !c.IsMember() {
						clients = append(clients[:i], clients[i+1:]...)
					}
				}
			}
			if t.Failed() {
				t.Fatalf("%s, seed %d", what, seed)
			}
		}
	}
}

// act does one random thing.
func act(t *testing.T, rng *rand.Rand, room *kit.Room, c, other *kit.Client) {
	t.Helper()
	choice := rng.IntN(12)
	switch {
	case choice == 0:
		room.Advance(time.Duration(rng.IntN(2000)) * time.Millisecond)
	case choice == 1 && len(room.Tasks()) > 0:
		tasks := room.Tasks()
		tasks[rng.IntN(len(tasks))].Run()
	case c.Away():
		if choice < 8 {
			c.Resume()
		}
	case !c.IsMember():
	case choice == 2:
		c.Drop()
	case choice == 3 && rng.IntN(4) == 0:
		c.Leave()
	case choice == 4:
		c.SetInfo(number{rng.IntN(9)})
	case choice == 5:
		c.Send("kick", word{fmt.Sprint("c", rng.IntN(200))})
	case choice == 6:
		c.Send("think", number{rng.IntN(9)})
	case choice == 7:
		c.Send("set", number{rng.IntN(1500)})
	case choice == 8 && other != c && other.IsMember():
		_ = c.TryDirect(other, "whisper", number{rng.IntN(9)})
	case choice == 9 && rng.IntN(40) == 0:
		room.Close()
	default:
		c.Send("roll", nil)
	}
}
