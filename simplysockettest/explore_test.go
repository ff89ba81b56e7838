package simplysockettest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

var (
	exploreSeeds = flag.Int("drill.seeds", 3, "seeds with which each planted mistake is looked for")
	exploreRuns  = flag.Int("drill.runs", 60, "runs of each room without a mistake")
	exploreTold  = flag.Bool("drill.told", false, "print everything that is found in planted rooms")
)

// exploring returns what Explore reports.
func exploring(t *testing.T, setup func(*simplysocket.Room) error, configure ...func(*kit.Exploration)) string {
	t.Helper()
	return failing(t, func(t testing.TB) {
		kit.Explore(t, "game/1", setup, func(x *kit.Exploration) {
			for _, c := range configure {
				if c != nil {
					c(x)
				}
			}
		})
	})
}

// TestExploreFinds: each planted mistake is found and shrunk, with each seed.
func TestExploreFinds(t *testing.T) {
	var all []int
	for _, b := range bugs {
		var runs, steps []int
		for seed := range *exploreSeeds {
			got := exploring(t, b.room(true), b.check, func(x *kit.Exploration) { x.Seed(uint64(seed + 1)) })
			run, after, tries, left := 0, 0, 0, 0
			at := strings.Index(got, "Run ")
			if at < 0 {
				t.Errorf("%s, seed %d: not found %s", b.name, seed+1, got)
				continue
			}
			if _, err := fmt.Sscanf(got[at:], fmt.Sprintf("Run %%d of seed %d has found this after %%d steps. %%d tries have left %%d of them.", seed+1), &run, &after, &tries, &left); err != nil {
				t.Fatalf("%v in %s", err, got)
			}
			runs, steps = append(runs, run), append(steps, left)
		}
		all = append(all, steps...)
		t.Logf("%-40s found in run %d, %d steps are left", b.name, runs, steps)
		if len(steps) > 0 && slices.Max(steps) > 10 {
			t.Errorf("%s is shrunk to %d steps", b.name, steps)
		}
	}
	slices.Sort(all)
	t.Logf("%d of %d found, the median is %d steps", len(all), len(bugs)**exploreSeeds, all[len(all)/2])
}

// TestExploreFindsNothing: rooms without a mistake do not fail.
func TestExploreFindsNothing(t *testing.T) {
	runs := *exploreRuns
	if testing.Short() {
		runs = 20
	}
	few := func(x *kit.Exploration) { x.Runs(runs) }
	for _, b := range bugs {
		if got := exploring(t, b.room(false), b.check, few); got != "" {
			t.Errorf("%s: %s", b.name, got)
		}
	}
	for what, setup := range map[string]func(*simplysocket.Room) error{
		"relay": simplysocket.Relay, "busy": busy, "catch-all": func(room *simplysocket.Room) error {
			room.OnMessage(func(m *simplysocket.Member, msg *simplysocket.Message) error { return room.Deliver(msg) })
			return nil
		},
	} {
		t.Run(what, func(t *testing.T) { kit.Explore(t, "game/1", setup, few) })
	}
}

// TestExploreSame: the same seed finds the same, and so does its run alone.
func TestExploreSame(t *testing.T) {
	for _, b := range bugs {
		first := exploring(t, b.room(true), b.check)
		if again := exploring(t, b.room(true), b.check); again != first {
			t.Errorf("%s: %s\nis not\n%s", b.name, again, first)
		}
		_, flags, _ := strings.Cut(first, " -explore.seed=1 -explore.run=")
		run, _, _ := strings.Cut(flags, "\n")
		if err := flag.Set("explore.run", run); err != nil {
			t.Fatal(err)
		}
		if again := exploring(t, b.room(true), b.check); again != first {
			t.Errorf("%s alone: %s\nis not\n%s", b.name, again, first)
		}
		if err := flag.Set("explore.run", "0"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExploreCode: what is printed is a test.
func TestExploreCode(t *testing.T) {
	for _, b := range bugs {
		got := exploring(t, b.room(true), b.check)
		at, end := strings.Index(got, "func TestAgain"), strings.Index(got, "\n}\n")
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+got[at:end+3], 0); err != nil {
			t.Errorf("%v in %s", err, got)
		}
	}
	i := slices.IndexFunc(bugs, func(b bug) bool { return b.name == "a race between two members" })
	got := exploring(t, bugs[i].room(true), bugs[i].check)
	for _, want := range []string{
		`room "game/1": the invariant "no more is sold than there was" does not hold: 2 were`,
		`go test -run '^TestExploreCode$' -explore.seed=1 -explore.run=`,
		"\troom := simplysockettest.Open(t, \"game/1\", setup, simplysockettest.Forgetful())\n\tann := room.Join(\"ann\")\n\tann.Send(\"buy\", nil)",
		"\troom.Task(\"pay\").Run()\n",
		"The last that ann has received",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// TestExploreConfigured: what a test says is what is done.
func TestExploreConfigured(t *testing.T) {
	type colors struct{ Color string }
	var actions, users, found, params []string
	setup := func(room *simplysocket.Room) error {
		look := simplysocket.NewTask(room, "look", func(context.Context, word) (word, error) { panic("it must not run") },
			func(_, w word, err error) error {
				found = append(found, fmt.Sprint(w.Word, err))
				return err
			})
		room.OnJoin(func(j *simplysocket.Join) error {
			users = append(users, j.ID()+" "+j.Identity().User)
			var c colors
			if err := j.Params(&c); err != nil {
				return err
			}
			params = append(params, c.Color)
			return nil
		})
		simplysocket.On(room, "paint", func(_ *simplysocket.Member, c colors) error {
			actions = append(actions, c.Color)
			look.Start(word{c.Color})
			return nil
		})
		simplysocket.On(room, "burn", func(*simplysocket.Member, none) error { return errors.New("it must not be sent") })
		simplysocket.OnServer(room, "tick", func(n number) error {
			actions = append(actions, fmt.Sprint(n.N))
			return nil
		})
		room.OnDrop(func(*simplysocket.Member) error { return errors.New("it is tolerated") })
		return nil
	}
	kit.Explore(t, "game/1", setup, func(x *kit.Exploration) {
		x.Runs(50)
		x.Steps(30)
		x.Clients("pat", "sam")
		x.Unrestored()
		x.Ignore("burn")
		x.Action("paint", 3, func(g *kit.Gen) any {
			if g.Sender() == nil || !g.Sender().IsMember() || g.Room().Closed() {
				t.Error("nobody sends")
			}
			return colors{g.Pick("red", "blue")}
		})
		x.ServerAction("tick", 1, func(g *kit.Gen) any { return number{g.Int(5, 6)} })
		x.Params(func(*kit.Gen) any { return colors{"green"} })
		x.Identity(func(_ *kit.Gen, name string) simplysocket.Identity {
			return simplysocket.Identity{User: strings.ToUpper(name)}
		})
		x.Tolerate(func(f kit.Failure) bool { return f.Where == "OnDrop" })
		kit.Outcome(x, "look", func(g *kit.Gen, w word) (word, error) {
			if g.OneIn(3) {
				return word{}, errors.New("no light")
			}
			return word{"a " + w.Word}, nil
		})
	})
	for what, tt := range map[string]struct{ got, want []string }{
		"actions": {actions, []string{"5", "6", "blue", "red"}},
		"users":   {without(users, "-", " "), []string{"pat PAT", "sam SAM"}},
		"params":  {without(params, ""), []string{"green"}},
		"found":   {found, []string{"a blue<nil>", "a red<nil>", "task: it was to end", "task: no light"}},
	} {
		slices.Sort(tt.got)
		if got := slices.Compact(tt.got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, not %q", what, got, tt.want)
		}
	}
}

// without leaves out what is one of the words, contains a hyphen, or is of the probe.
func without(texts []string, words ...string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool {
		return slices.Contains(words, s) || strings.Contains(s, "-") || s == "ann "
	})
}

// TestExploreEndedByTest: an invariant may fail the test, and panic.
func TestExploreEndedByTest(t *testing.T) {
	for want, check := range map[string]func(*kit.Room) error{
		`the invariant "i" does not hold: ann was to receive "never" and did not`: func(room *kit.Room) error {
			if room.Client("ann") != nil {
				kit.Expect[number](room.Client("ann"), "never")
			}
			return nil
		},
		`the invariant "i" does not hold: room "game/1": "points" is no state`: func(room *kit.Room) error {
			kit.StateOf[int](room, "points")
			return nil
		},
		"the code of the test panics: oh at explore_test.go": func(*kit.Room) error { panic("oh") },
	} {
		got := exploring(t, quiz{}.setup, func(x *kit.Exploration) { x.Invariant("i", check) })
		if !strings.Contains(got, want) || strings.Count(got, "FAIL ") != 1 {
			t.Errorf("no %s in %s", want, got)
		}
	}
	got := failing(t, func(t testing.TB) {
		kit.Explore(t, "game/1", quiz{}.setup, func(x *kit.Exploration) {
			x.Invariant("i", func(room *kit.Room) error {
				if len(room.Members()) == 3 {
					t.Fatalf("three are too many")
				}
				return nil
			})
		})
	})
	for _, want := range []string{"FAIL three are too many", "the code of the test has failed it", `cid := room.Join("cid"`} {
		if !strings.Contains(strings.ReplaceAll(got, "_, _ = room.TryJoin(", "cid := room.Join("), want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// TestExploreNotDeterministic: the report says that a failure did not come again.
func TestExploreNotDeterministic(t *testing.T) {
	n := 0
	got := exploring(t, func(room *simplysocket.Room) error {
		simplysocket.On(room, "go", func(*simplysocket.Member, none) error {
			if n++; n == 40 {
				return errors.New("it happens")
			}
			return nil
		})
		return nil
	})
	if !strings.Contains(got, "The same steps do not lead to it again") {
		t.Error(got)
	}
}

// TestExploreByChance: a failure that comes again now and then is shrunk, and told as one.
func TestExploreByChance(t *testing.T) {
	n := 0
	got := exploring(t, func(room *simplysocket.Room) error {
		simplysocket.On(room, "go", func(*simplysocket.Member, none) error {
			if n++; n%7 == 0 {
				return errors.New("it happens")
			}
			return nil
		})
		return nil
	}, (*kit.Exploration).Unrestored)
	for _, want := range []string{"have left 2 of them.\nThey do not lead to it each time: ", "ann.Send(\"go\", nil)"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// TestExploreKept: bodies may hold the words of what a new room keeps.
func TestExploreKept(t *testing.T) {
	got := exploring(t, func(room *simplysocket.Room) error {
		simplysocket.NewState(room, "board", map[string][]string{"king": {"e1"}})
		rules := simplysocket.NewTable[string, int](room, "rules")
		rules.Set("en-passant", 1)
		simplysocket.On(room, "move", func(_ *simplysocket.Member, m struct{ Piece, Rule string }) error {
			if m.Piece == "king" && m.Rule == "en-passant" {
				return errors.New("it is there")
			}
			return nil
		})
		return nil
	})
	if !strings.Contains(got, `{"Piece":"king","Rule":"en-passant"}`) {
		t.Error(got)
	}
}

// BenchmarkExplore measures histories of 50 steps of a game.
func BenchmarkExplore(b *testing.B) {
	for _, bb := range []struct {
		name      string
		configure func(*kit.Exploration)
	}{
		{"restored", nil},
		{"unrestored", func(x *kit.Exploration) { x.Unrestored() }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			kit.Explore(b, "game/1", quiz{}.setup, func(x *kit.Exploration) {
				quizInvariants(x)
				if bb.configure != nil {
					bb.configure(x)
				}
				x.Runs(b.N)
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Minutes(), "histories/min")
		})
	}
}
