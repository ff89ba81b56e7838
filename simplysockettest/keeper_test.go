package simplysockettest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// keeper is a room that declares one thing of each kind. Together they say how often "add"
// was called, and every member has had its say in it.
func keeper(room *simplysocket.Room) error {
	room.SetEmptyTimeout(simplysocket.Forever)
	total := simplysocket.NewState(room, "total", number{})
	by := simplysocket.NewTable[string, number](room, "by")
	byKind := simplysocket.NewTable[int64, *entryOf](room, "kinds", simplysocket.Version(2, nil))
	done := simplysocket.NewState(room, "done", map[string]int{})
	timer := simplysocket.NewTimer(room, "bell", func(n number) error {
		(*done)["rung"]++
		return room.Broadcast("bell", n)
	})
	task := simplysocket.NewTask(room, "think", func(_ context.Context, n number) (number, error) { return number{n.N * n.N}, nil },
		func(_, n number, err error) error {
			switch {
			case errors.Is(err, simplysocket.ErrInterrupted):
				(*done)["interrupted"]++
			case err != nil:
				return err
			default:
				(*done)["thought"]++
			}
			return room.Broadcast("thought", n)
		})
	room.Every(900*time.Millisecond, func() error { return room.Broadcast("beat", *total, simplysocket.Volatile()) })
	room.OnRestore(func(time.Duration) error { (*done)["restored"]++; return room.Broadcast("restored", nil) })
	room.OnDrop(func(m *simplysocket.Member) error { return room.Broadcast("lost", word{m.ID()}) })
	room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
		by.Delete(m.ID())
		return nil
	})
	simplysocket.On(room, "add", func(m *simplysocket.Member, n number) error {
		score, _ := by.Get(m.ID())
		by.Set(m.ID(), number{score.N + 1})
		kind, ok := byKind.Get(int64(n.N % 3))
		if !ok {
			kind = new(entryOf)
		}
		kind = &entryOf{append(kind.List[:len(kind.List):len(kind.List)], n.N)}
		if byKind.Set(int64(n.N%3), kind); len(kind.List) > 9 {
			byKind.Delete(int64(n.N % 3))
		}
		team.Set(m, fmt.Sprint(n.N))
		notes.Set(room, map[string]int{m.ID(): n.N})
		room.SetCapacity(20 + n.N)
		if n.N == 13 {
			return errors.New("an unlucky number")
		}
		total.N++
		return room.Broadcast("added", *total, simplysocket.From(m))
	})
	simplysocket.OnCall(room, "score", func(m *simplysocket.Member, _ simplysocket.None) (map[string]int, error) {
		score, _ := by.Get(m.ID())
		return map[string]int{"mine": score.N, "all": total.N, "interrupted": (*done)["interrupted"], "thought": (*done)["thought"], "restored": (*done)["restored"]}, nil
	})
	simplysocket.On(room, "set", func(_ *simplysocket.Member, n number) error {
		timer.Set(time.Duration(n.N)*time.Millisecond, n)
		return nil
	})
	simplysocket.On(room, "think", func(_ *simplysocket.Member, n number) error { task.Start(n); return nil })
	return nil
}

// TestKeeper: a room that declares all that it keeps loses nothing, whatever crashes when.
func TestKeeper(t *testing.T) {
	for seed := range uint64(30) {
		opts := []kit.Option{kit.ServerOptions(simplysocket.Options{ResumeWindow: 4 * time.Second, HistoryMessages: 1000})}
		if seed%2 == 0 {
			opts = append(opts, kit.Forgetful())
		}
		room := kit.Open(t, "keeper", keeper, opts...)
		play := &keeping{rng: rand.New(rand.NewPCG(seed, 7)), room: room, added: map[string]int{}}
		for range 200 {
			play.act(t)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// keeping knows what the room should know.
type keeping struct {
	rng                                          *rand.Rand
	room                                         *kit.Room
	made, all, thought, interrupted, restored, n int
	added                                        map[string]int
	clients                                      []*kit.Client
}

func (k *keeping) act(t *testing.T) {
	t.Helper()
	if len(k.clients) < 5 {
		k.made++
		var opts []kit.JoinOption
		if k.rng.IntN(4) == 0 {
			opts = append(opts, kit.Plain())
		}
		k.clients = append(k.clients, k.room.Join(fmt.Sprint("c", k.made), opts...))
	}
	c := k.clients[k.rng.IntN(len(k.clients))]
	switch choice := k.rng.IntN(12); {
	case choice == 0:
		tasks := k.room.Tasks()
		k.room.Crash(time.Duration(k.rng.IntN(3000)) * time.Millisecond)
		k.restored++
		k.interrupted += len(tasks)
		for _, c := range k.clients {
			if c.IsMember() && !c.Away() {
				t.Errorf("%s has a connection after a crash", c.ID())
			}
		}
	case choice == 1:
		k.room.Advance(time.Duration(k.rng.IntN(1500)) * time.Millisecond)
	case c.Away():
		k.comeBack(t, c)
	case choice == 2:
		c.Drop()
	case choice == 3:
		c.Send("think", number{k.n})
	case choice == 4 && len(k.room.Tasks()) > 0:
		k.room.Task("think").Run()
		k.thought++
	case choice == 5:
		c.Send("set", number{k.rng.IntN(2000)})
	default:
		n := k.rng.IntN(20)
		if err := c.TrySend("add", number{n}); (err != nil) != (n == 13) {
			t.Errorf("add %d: %v", n, err)
		} else if err == nil {
			k.all++
			k.added[c.ID()]++
		}
	}
	var left []*kit.Client
	for _, c := range k.clients {
		if c.IsMember() {
			left = append(left, c)
		}
	}
	k.clients = left
	for _, c := range k.clients {
		if !c.Away() {
			k.check(t, c)
			break
		}
	}
}

// comeBack resumes a client: it reads all that the others have read meanwhile.
func (k *keeping) comeBack(t *testing.T, c *kit.Client) {
	t.Helper()
	c.Resume()
	if c.IsMember() {
		k.check(t, c)
	}
}

// check compares what the room knows with what it should know, and what a client has read
// with what was said.
func (k *keeping) check(t *testing.T, c *kit.Client) {
	t.Helper()
	var got map[string]int
	if err := c.Call("score", nil, &got); err != nil {
		t.Error(err)
		return
	}
	want := map[string]int{"mine": k.added[c.ID()], "all": k.all, "interrupted": k.interrupted, "thought": k.thought, "restored": k.restored}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s reads %v, and is to read %v", c.ID(), got, want)
	}
	last := 0
	for _, m := range c.Messages() {
		if m.Action != "added" {
			continue
		}
		var n number
		if err := m.Decode(&n); err != nil || last != 0 && n.N != last+1 {
			t.Errorf("%s reads %v after %d, %v", c.ID(), n, last, err)
		}
		last = n.N
	}
	if last != 0 && last != k.all {
		t.Errorf("the last that %s has read is %d of %d", c.ID(), last, k.all)
	}
}
