package simplysockettest_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// drilling reports whether the flags ask for the whole drill.
func drilling() (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == "drill.seeds" })
	return is
}

// ways are what a test tells Explore about a planted room.
var ways = []struct {
	name      string
	configure func(*planted, *kit.Exploration)
}{
	{"configured", (*planted).configure},
	{"bare", (*planted).configureLittle},
}

// configureLittle tells what must hold and who takes part.
func (p *planted) configureLittle(x *kit.Exploration) {
	x.Clients(people...)
	for _, name := range slices.Sorted(maps.Keys(p.invariants)) {
		x.Invariant(name, p.invariants[name])
	}
}

// configure tells all that the author of a room knows: examples of what is sent, who the
// users are, and how tasks may end.
func (p *planted) configure(x *kit.Exploration) {
	p.configureLittle(x)
	for _, a := range p.actions {
		send := x.Action
		if a.server {
			send = x.ServerAction
		}
		send(a.name, 1, a.body)
	}
	if len(p.users) > 0 {
		x.Identity(func(_ *kit.Gen, name string) simplysocket.Identity { return simplysocket.Identity{User: p.users[name]} })
	}
	for _, o := range p.outcomes {
		kit.Outcome(x, o.task, func(g *kit.Gen, _ json.RawMessage) (any, error) {
			if o.fails && g.OneIn(3) {
				return nil, errors.New("it did not work")
			}
			return o.results[g.Int(0, len(o.results)-1)], nil
		})
	}
}

// body returns an example, or now and then a body of its type that Explore makes up.
func (a *action) body(g *kit.Gen) any {
	if len(a.bodies) == 0 {
		return nil
	}
	example := a.bodies[g.Int(0, len(a.bodies)-1)]
	if !g.OneIn(4) {
		return example
	}
	other := reflect.New(reflect.TypeOf(example))
	g.Fill(other.Interface())
	return other.Interface()
}

// found is what Explore reports of a planted room.
type found struct {
	seed, run int
	left      int    // steps, of those after shrinking
	what      string // is wrong
	again     bool   // the same steps fail again
}

// findIn explores the room with the mistake.
func (p *planted) findIn(t *testing.T, seed int, configure func(*planted, *kit.Exploration), more func(*kit.Exploration)) (f found, ok bool) {
	t.Helper()
	got := exploring(t, p.buggy, func(x *kit.Exploration) { configure(p, x) }, more, func(x *kit.Exploration) { x.Seed(uint64(seed)) })
	at := strings.Index(got, "\nRun ")
	if at < 0 {
		if got != "" {
			t.Errorf("%s, seed %d: %s", p.name, seed, got)
		}
		return found{}, false
	}
	f.what, _, _ = strings.Cut(strings.TrimPrefix(got, `FAIL room "game/1": `), "\n")
	var tries int
	if n, _ := fmt.Sscanf(got[at:], "\nRun %d of seed %d has found this after %d steps. %d tries have left %d of them.", &f.run, &f.seed, &f.left, &tries, &f.left); n < 3 {
		t.Fatalf("no steps in %s", got)
	}
	f.again = tries > 0
	return f, true
}

// TestExplorePlanted: Explore finds the mistakes of those who have not seen it. With
// -drill.seeds it looks for all of them, with each seed and in both ways, and prints what it
// finds.
func TestExplorePlanted(t *testing.T) {
	const wanted = 0.8 // of all
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			rooms, seeds, more := plantedRooms(), *exploreSeeds, (func(*kit.Exploration))(nil)
			if !drilling() {
				if way.name != ways[0].name {
					t.Skip("only with -drill.seeds")
				}
				const few, runs = 15, 30
				for i := range few {
					rooms[i] = rooms[i*len(rooms)/few]
				}
				rooms, seeds, more = rooms[:few], 1, func(x *kit.Exploration) { x.Runs(runs) }
			}
			tried, all := 0, []int{}
			t.Logf("%-58s %5s  %-16s %-10s %s", "", "found", "run", "steps left", "shortest")
			for i := range rooms {
				p := &rooms[i]
				var runs, steps []int
				for seed := 1; seed <= seeds; seed++ {
					tried++
					f, ok := p.findIn(t, seed, way.configure, more)
					if !ok {
						continue
					}
					runs, steps = append(runs, f.run), append(steps, f.left)
					if *exploreTold {
						t.Logf("%s: seed %d, run %d, %d steps, again %v: %s", p.name, seed, f.run, f.left, f.again, f.what)
					}
				}
				all = append(all, steps...)
				t.Logf("%-58s %2d/%2d  %-16s %-10s %d", p.name, len(runs), seeds, spread(runs), spread(steps), p.shortest)
			}
			t.Logf("found: %d of %d, %.1f %%; steps left: %s", len(all), tried, 100*float64(len(all))/float64(tried), spread(all))
			if float64(len(all)) < wanted*float64(tried) {
				t.Errorf("too few are found: %d of %d", len(all), tried)
			}
			if _, median, _ := spreadOf(all); median > 10 {
				t.Errorf("the median is %d steps", median)
			}
		})
	}
}

// spreadOf returns the least, the middle and the greatest of numbers.
func spreadOf(n []int) (least, median, most int) {
	if len(n) == 0 {
		return 0, 0, 0
	}
	n = slices.Sorted(slices.Values(n))
	return n[0], n[len(n)/2], n[len(n)-1]
}

func spread(n []int) string {
	if len(n) == 0 {
		return "-"
	}
	least, median, most := spreadOf(n)
	return fmt.Sprintf("%d/%d/%d", least, median, most)
}

// TestExplorePlantedFixed: the rooms without their mistakes fail in no run of the drill.
func TestExplorePlantedFixed(t *testing.T) {
	if !drilling() {
		t.Skip("only with -drill.seeds")
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			for _, p := range plantedRooms() {
				for seed := range *exploreSeeds {
					got := exploring(t, p.fixed, func(x *kit.Exploration) { way.configure(&p, x) }, func(x *kit.Exploration) { x.Seed(uint64(seed + 1)) })
					if got != "" {
						t.Errorf("%s: %s", p.name, got)
					}
				}
			}
		})
	}
}
