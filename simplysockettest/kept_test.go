package simplysockettest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// entryOf is a value of a table that can be changed without Set.
type entryOf struct{ List []int }

var (
	team  = simplysocket.NewKey[string]("team")
	notes = simplysocket.NewKey[map[string]int]("notes")
)

// count makes a setup whose rooms do something with each "count": n is how many came before
// it, which is not kept.
func count(prepare func(*simplysocket.Room) func(m *simplysocket.Member, n int) error) func(*simplysocket.Room) error {
	return func(room *simplysocket.Room) error {
		n := 0
		do := prepare(room)
		simplysocket.On(room, "count", func(m *simplysocket.Member, _ simplysocket.None) error {
			n++
			return do(m, n-1)
		})
		return nil
	}
}

// TestForgottenNamed: what differs after an entry is named, with both forms.
func TestForgottenNamed(t *testing.T) {
	for what, tt := range map[string]struct {
		setup func(*simplysocket.Room) error
		words string
	}{
		"a state": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			game := simplysocket.NewState(room, "game", number{})
			return func(_ *simplysocket.Member, n int) error { game.N = n; return nil }
		}), `entry 3, "count" by ann: state "game" is {"N":0}, and {"N":1} without.`},
		"a table": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			words := simplysocket.NewTable[string, number](room, "words")
			return func(_ *simplysocket.Member, n int) error { words.Set("tea", number{n}); return nil }
		}), `entry 3, "count" by ann: table "words", key "tea" is {"N":0}, and {"N":1} without.`},
		"a deleted value": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			words := simplysocket.NewTable[int, number](room, "words")
			return func(_ *simplysocket.Member, n int) error {
				if words.Set(7, number{}); n == 1 {
					words.Delete(7)
				}
				return nil
			}
		}), `table "words", key "7" is {"N":0}, and nothing without.`},
		"an order": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			words := simplysocket.NewTable[string, number](room, "words")
			return func(_ *simplysocket.Member, n int) error {
				if words.Set("a", number{}); n == 1 {
					words.Delete("a")
				}
				words.Set("b", number{})
				words.Set("a", number{})
				return nil
			}
		}), `table "words", the order of its keys is ["a","b"], and ["b","a"] without.`},
		"a property": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			return func(_ *simplysocket.Member, n int) error { team.Set(room, fmt.Sprint(n)); return nil }
		}), `property "team" is "0", and "1" without.`},
		"a property of a member": {count(func(*simplysocket.Room) func(*simplysocket.Member, int) error {
			return func(m *simplysocket.Member, n int) error { team.Set(m, fmt.Sprint(n)); return nil }
		}), `property "team" of ann is "0", and "1" without.`},
		"a timer": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			timer := simplysocket.NewTimer(room, "bell", func(number) error { return nil })
			return func(_ *simplysocket.Member, n int) error { timer.Set(time.Second, number{n}); return nil }
		}), `timer "bell" is {"due":"2026-01-01T00:00:01Z","body":{"N":0}}, and {"due":"2026-01-01T00:00:01Z","body":{"N":1}} without.`},
		"randomness": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			return func(_ *simplysocket.Member, n int) error {
				for range n {
					room.Rand().Int()
				}
				return nil
			}
		}), `how often Room.Rand was used is `},
		"a setting": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			return func(_ *simplysocket.Member, n int) error { room.SetCapacity(5 + n); return nil }
		}), `the capacity is 5, and 6 without.`},
		"a long state": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			game := simplysocket.NewState(room, "game", word{})
			return func(_ *simplysocket.Member, n int) error {
				game.Word = strings.Repeat("é", 300) + fmt.Sprint(n) + strings.Repeat("x", 500)
				return nil
			}
		}), `éé0xxx`},
	} {
		t.Run(what, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				ann := kit.Open(t, "r", tt.setup, kit.Forgetful()).Join("ann")
				for range 3 {
					ann.Send("count", nil)
				}
			}, `room "r" keeps something different after a restore: entry 3, "count" by ann: `, tt.words, "hold it in NewState or NewTable")
		})
	}
}

// TestChangedWithoutSet: a change that nobody would write down.
func TestChangedWithoutSet(t *testing.T) {
	for what, tt := range map[string]struct {
		setup func(*simplysocket.Room) error
		words string
	}{
		"a pointer": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			words := simplysocket.NewTable[string, *number](room, "words")
			return func(*simplysocket.Member, int) error {
				tea, ok := words.Get("tea")
				if !ok {
					words.Set("tea", new(number))
					return nil
				}
				tea.N++
				return nil
			}
		}), `table "words", key "tea": its value was changed without Set: a restored room would not have the change. It is {"N":1}, and was set to {"N":0}.`},
		"one of two": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			words := simplysocket.NewTable[string, *number](room, "words")
			return func(*simplysocket.Member, int) error {
				if tea, ok := words.Get("tea"); ok {
					tea.N++
					words.Set("milk", tea)
					return nil
				}
				words.Set("tea", new(number))
				return nil
			}
		}), `table "words", key "tea": its value was changed without Set`},
		"a slice, by a handler that fails": {func(room *simplysocket.Room) error {
			words := simplysocket.NewTable[int, entryOf](room, "words")
			words.Set(1, entryOf{List: []int{3}})
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
				first, _ := words.Get(1)
				if first.List[0]++; first.List[0] > 4 {
					return errors.New("too much")
				}
				words.Set(1, first)
				return nil
			})
			return nil
		}, `entry 3, "count" by ann: table "words", key "1": its value was changed without Set: a restored room would not have the change. It is {"List":[5]}, and was set to {"List":[4]}.`},
		"a property": {count(func(room *simplysocket.Room) func(*simplysocket.Member, int) error {
			return func(*simplysocket.Member, int) error {
				if all, ok := notes.Lookup(room); ok {
					all["a"]++
					return nil
				}
				notes.Set(room, map[string]int{})
				return nil
			}
		}), `property "notes": its value was changed without Set: a restored room would not have the change. It is {"a":1}, and was set to {}.`},
		"a property of a member": {count(func(*simplysocket.Room) func(*simplysocket.Member, int) error {
			return func(m *simplysocket.Member, _ int) error {
				if all, ok := notes.Lookup(m); ok {
					all["a"]++
					return nil
				}
				notes.Set(m, map[string]int{})
				return nil
			}
		}), `property "notes" of ann: its value was changed without Set`},
	} {
		t.Run(what, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				ann := kit.Open(t, "r", tt.setup, kit.Forgetful()).Join("ann")
				for range 3 {
					_ = ann.TrySend("count", nil)
				}
			}, `room "r" changes what it does not set: `, tt.words)
		})
	}
}

// TestStateAfterError: a handler or hook that changes a state and fails.
func TestStateAfterError(t *testing.T) {
	failed := errors.New("no")
	prepare := func(room *simplysocket.Room) (*number, func() error) {
		game := simplysocket.NewState(room, "game", number{})
		words := simplysocket.NewTable[string, number](room, "words")
		return game, func() error {
			game.N++
			words.Set("tea", *game) // is undone
			return failed
		}
	}
	for what, tt := range map[string]struct {
		setup func(*simplysocket.Room) error
		play  func(*kit.Room, *kit.Client)
		words string
	}{
		"a handler": {func(room *simplysocket.Room) error {
			_, fail := prepare(room)
			simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error { return fail() })
			return nil
		}, func(_ *kit.Room, ann *kit.Client) { _ = ann.TrySend("count", nil) }, `entry 2, "count" by ann: `},
		"a join": {func(room *simplysocket.Room) error {
			_, fail := prepare(room)
			room.OnJoin(func(j *simplysocket.Join) error {
				if j.ID() == "bob" {
					return fail()
				}
				return nil
			})
			return nil
		}, func(room *kit.Room, _ *kit.Client) { room.JoinRefused("internal", "bob") }, `entry 2, the join of bob: `},
		"a hook": {func(room *simplysocket.Room) error {
			_, fail := prepare(room)
			room.OnDrop(func(*simplysocket.Member) error { return fail() })
			return nil
		}, func(room *kit.Room, ann *kit.Client) { room.ExpectFailure(ann.Drop) }, `entry 2, the drop of ann: OnDrop: `},
		"a hook after a handler": {func(room *simplysocket.Room) error {
			game, fail := prepare(room)
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return fail() })
			simplysocket.On(room, "go", func(m *simplysocket.Member, _ simplysocket.None) error {
				game.N--
				m.Kick()
				return nil
			})
			return nil
		}, func(room *kit.Room, ann *kit.Client) { room.ExpectFailure(func() { ann.Send("go", nil) }) }, `OnLeave: state "game" was {"N":-1}, and is {"N":0}`},
		"a timer": {func(room *simplysocket.Room) error {
			_, fail := prepare(room)
			timer := simplysocket.NewTimer(room, "bell", func(number) error { return fail() })
			room.OnJoin(func(*simplysocket.Join) error { timer.Set(time.Second, number{}); return nil })
			return nil
		}, func(room *kit.Room, _ *kit.Client) { room.ExpectFailure(func() { room.Advance(time.Second) }) }, `the timer bell: `},
		"an interrupted task": {func(room *simplysocket.Room) error {
			_, fail := prepare(room)
			task := simplysocket.NewTask(room, "think", func(context.Context, number) (number, error) { return number{}, nil },
				func(_, _ number, err error) error { return fail() })
			room.OnJoin(func(*simplysocket.Join) error { task.Start(number{}); return nil })
			return nil
		}, func(room *kit.Room, _ *kit.Client) { room.ExpectFailure(func() { room.Crash(0) }) }, `the restore: task think: `},
	} {
		t.Run(what, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				room := kit.Open(t, "r", tt.setup, kit.Forgetful())
				tt.play(room, room.Join("ann"))
			}, `room "r" keeps what failed: `, tt.words, `state "game" was {"N":`, `after the error, which does not undo it. Check first, change afterwards.`)
		})
	}
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		game := simplysocket.NewState(room, "game", number{})
		room.OnRestore(func(time.Duration) error { game.N++; return failed }) // nothing of it is kept
		return nil
	}, kit.Forgetful())
	room.Join("ann")
	if err := room.CrashRefused(0); !errors.Is(err, failed) {
		t.Error(err)
	}
}

// TestKeptOnError: a state that is to differ after an error may do so, and no other.
func TestKeptOnError(t *testing.T) {
	setup := func(room *simplysocket.Room) error {
		failed, opened := simplysocket.NewState(room, "failed", 0), simplysocket.NewState(room, "opened", 0)
		names := simplysocket.NewTable[string, int](room, "names")
		names.Set("a", 1)
		simplysocket.On(room, "open", func(_ *simplysocket.Member, n number) error {
			if *opened += n.N; n.N == 7 {
				return nil
			}
			*failed++
			return simplysocket.Errorf("closed", "%d are left", 3-*failed)
		})
		return nil
	}
	for _, names := range [][]string{{"failed", "opened"}, {"opened", "failed"}} {
		room := kit.Open(t, "r", setup, kit.Forgetful(), kit.KeptOnError(names[0]), kit.KeptOnError(names[1]))
		ann := room.Join("ann")
		ann.SendRefused("closed", "open", number{1})
		ann.SendRefused("closed", "open", number{1})
		ann.Send("open", number{7})
		if n := kit.StateOf[int](room, "failed"); n != 2 {
			t.Errorf("%d attempts have failed", n)
		}
	}
	mustFail(t, func(t testing.TB) {
		kit.Open(t, "r", setup, kit.Forgetful(), kit.KeptOnError("failed")).Join("ann").SendRefused("closed", "open", number{1})
	}, `keeps what failed: entry 2, "open" by ann: state "opened" was 0, and is 1 after the error`, "If it is to change, name it with KeptOnError.")
	for _, name := range []string{"Failed", "names"} {
		mustFail(t, func(t testing.TB) { kit.Open(t, "r", setup, kit.Forgetful(), kit.KeptOnError(name)) },
			`room "r": KeptOnError: "`+name+`" is no state`)
	}

	kit.Explore(t, "r", setup, func(x *kit.Exploration) { x.Runs(20) }, kit.KeptOnError("failed", "opened"))
	mustFail(t, func(t testing.TB) {
		kit.Explore(t, "r", setup, func(x *kit.Exploration) {
			x.Invariant("few fail", func(room *kit.Room) error {
				if n := kit.StateOf[int](room, "failed"); n > 3 {
					return fmt.Errorf("%d attempts", n)
				}
				return nil
			})
		}, kit.KeptOnError("failed", "opened"))
	}, `the invariant "few fail" does not hold: 4 attempts`, `simplysockettest.Forgetful(), simplysockettest.KeptOnError("failed", "opened"))`)
}
