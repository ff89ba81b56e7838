package simplysocket_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/engine/enginetest"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// teller is a room that passes numbers on to the room "ledger", which keeps them.
func teller(room *simplysocket.Room) error {
	room.SetEmptyTimeout(simplysocket.Forever)
	heard := simplysocket.NewTable[int, note](room, "heard")
	sent := simplysocket.NewState(room, "sent", 0)
	simplysocket.OnServer(room, "told", func(n note) error {
		heard.Set(heard.Len(), n)
		if strings.HasSuffix(n.Text, "3") {
			return simplysocket.Errorf("no-threes", "refused")
		}
		return nil
	})
	simplysocket.OnCall(room, "tell", func(_ *simplysocket.Member, n count) (count, error) {
		*sent++
		err := room.Tell("ledger", "told", note{fmt.Sprintf("%s %d", room.Name(), *sent)})
		if n.N < 0 {
			*sent--
			return count{}, simplysocket.Errorf("no-way", "undone")
		}
		return count{*sent}, err
	})
	simplysocket.OnCall(room, "heard", func(*simplysocket.Member, simplysocket.None) (map[string]any, error) {
		all := []string{}
		for _, n := range heard.All() {
			all = append(all, n.Text)
		}
		return map[string]any{"heard": all}, nil
	})
	return nil
}

func TestTell(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) { s.HandleRoom("{room}", teller) })
	a, ledger := h.member("a"), h.member("ledger")
	for range 4 {
		a.Call("tell", "a", count{1})
		a.Refused("tell", "a", count{-1}, "no-way")
	}
	want := `{"heard":["a 1","a 2","a 4"]}` // what a handler that fails has set is undone
	waitFor(t, want, func() bool { return string(ledger.Call("heard", "ledger", nil).Body) == want })

	ledger.Call("leave-room", "ledger", nil)
	lonely := serve(t, false, nil, func(s *simplysocket.Server) { s.HandleRoom("{room}", teller) })
	lonely.member("a").Call("tell", "a", count{1})
	if !servertest.Stores() {
		waitFor(t, "the loss", func() bool { return lonely.Stats().Unhandled == 1 })
	}
}

// TestTellBadly: what cannot be sent is an error of Tell.
func TestTellBadly(t *testing.T) {
	c := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.OnCall(room, "try", func(*simplysocket.Member, simplysocket.None) (note, error) {
			return note{fmt.Sprint(
				room.Tell("", "x", nil), "; ", room.Tell("r", "", nil), "; ", room.Tell("r", "x", []int{1}) != nil,
			)}, nil
		})
		return nil
	}).member("r")
	if got := c.Call("try", "r", nil).Field("text"); got != "simplysocket: not a valid name; simplysocket: not a valid action: an action has 1 to 128 bytes; true" {
		t.Error(got)
	}
}

// TestTellOverCrashes: rooms tell another something while their process is killed again and
// again. What was acknowledged arrives once and in order; what was not arrives at most once.
func TestTellOverCrashes(t *testing.T) {
	runs := 10
	if testing.Short() {
		runs = 3
	}
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 5))
		store := enginetest.NewStore(2)
		acked := map[string]int{}
		for range 6 {
			memory := enginetest.NewMemory(store, &enginetest.Options{Seed: rng.Uint64(), MaxDelay: time.Millisecond, Fenced: 0.02, Unknown: 0.02, Forgotten: 0.02})
			h := serve(t, true, &simplysocket.Options{Engine: memory, MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) { s.HandleRoom("{room}", teller) })
			h.member("ledger")
			clients := map[string]*peer{"a": h.member("a"), "b": h.member("b")}
			for range rng.IntN(20) {
				for name, c := range clients {
					acked[name] = max(acked[name], decode[count](t, c.Call("tell", name, count{1}).Body).N)
				}
			}
			if rng.IntN(2) == 0 {
				time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
			}
			memory.Crash()
			h.Kill()
		}
		h, _ := kept(t, store, nil, teller)
		ledger := h.member("ledger")
		var heard struct{ Heard []string }
		waitFor(t, "all that was acknowledged", func() bool {
			heard = decode[struct{ Heard []string }](t, ledger.Call("heard", "ledger", nil).Body)
			for name, n := range acked {
				if n%10 == 3 {
					n--
				}
				if n > 0 && !slices.Contains(heard.Heard, fmt.Sprint(name, " ", n)) {
					return false
				}
			}
			return true
		})
		for name := range acked {
			next := 1
			for _, text := range heard.Heard {
				n := 0
				if _, err := fmt.Sscanf(text, name+" %d", &n); err != nil {
					continue
				}
				if next%10 == 3 {
					next++
				}
				if n != next {
					t.Fatalf("seed %d: %s tells %d where %d is next: %v", seed, name, n, next, heard.Heard)
				}
				next++
			}
		}
	}
}

// TestTellAtEachStep: the process of two rooms is killed at each step of writing, one after
// the other, while one room tells the other something.
func TestTellAtEachStep(t *testing.T) {
	for steps := 1; ; steps++ {
		said, heard, completed := tellUntil(t, steps, false)
		for i, text := range heard {
			if text != fmt.Sprint("a ", i+1) {
				t.Fatalf("killed at step %d: heard %q", steps, heard)
			}
		}
		if len(heard) < said {
			t.Fatalf("killed at step %d: %d were acknowledged, heard %q", steps, said, heard)
		}
		if completed {
			if steps < 6 || len(heard) != 4 {
				t.Errorf("%d steps, heard %q", steps, heard)
			}
			return
		}
	}
}

// TestTellTooEarly is the control: an engine that answers before it has stored loses what was
// acknowledged, and the drill sees it.
func TestTellTooEarly(t *testing.T) {
	for steps := 1; ; steps++ {
		said, heard, completed := tellUntil(t, steps, true)
		if len(heard) < said {
			return
		}
		if completed {
			t.Fatal("nothing was lost")
		}
	}
}

// tellUntil has a room tell another something, and kills their process at that step of
// writing. It returns how much was acknowledged, what was heard in the end, and whether the
// process came to its end before.
func tellUntil(t *testing.T, steps int, early bool) (said int, heard []string, completed bool) {
	store := enginetest.NewStore(1)
	memory := enginetest.NewMemory(store, nil)
	m := newMortal(memory, steps, early)
	h := serve(t, true, &simplysocket.Options{Engine: m, MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) {
		s.HandleRoom("{room}", passOn)
	})
	c := h.connect()
	c.Send("join-room", "ledger", nil)
	for isStored := false; !isStored && !m.isDead(); time.Sleep(time.Millisecond) { // a room that is not stored cannot be told
		isStored = slices.ContainsFunc(c.Received(), func(got message) bool { return got.Room == "ledger" })
	}
	c.Send("join-room", "a", nil)
	for n := range 4 {
		c.Write(servertest.Envelope(uint64(n+1), "tell", "a", nil))
	}
	select {
	case <-m.died:
	case <-time.After(200 * time.Millisecond): // nothing is left to be written
		completed = true
	}
	for _, got := range c.Received() {
		if got.Action == "ack" && got.Re == "tell" {
			said++
		}
	}
	memory.Crash()
	h.Kill()

	h, _ = kept(t, store, nil, passOn)
	ledger := h.connect()
	if ledger.Ask("join-room", "ledger", nil).Action != "ack" && early {
		return said, nil, completed // what was stored has a hole
	}
	h.connect().Send("join-room", "a", nil) // and with it what it has told
	patience := 2000
	if early {
		patience = 20
	}
	for range patience {
		heard = decode[struct{ Heard []string }](t, ledger.Call("heard", "ledger", nil).Body).Heard
		if len(heard) >= said {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return said, heard, completed
}

// passOn is a room that passes numbers on to the room "ledger", which keeps them.
func passOn(room *simplysocket.Room) error {
	room.SetEmptyTimeout(simplysocket.Forever)
	heard := simplysocket.NewState(room, "heard", []string{})
	sent := simplysocket.NewState(room, "sent", 0)
	simplysocket.OnServer(room, "told", func(n note) error {
		*heard = append(*heard, n.Text)
		return nil
	})
	simplysocket.On(room, "tell", func(*simplysocket.Member, simplysocket.None) error {
		*sent++
		return room.Tell("ledger", "told", note{fmt.Sprintf("%s %d", room.Name(), *sent)})
	})
	simplysocket.OnCall(room, "heard", func(*simplysocket.Member, simplysocket.None) (map[string]any, error) {
		return map[string]any{"heard": heard}, nil
	})
	return nil
}
