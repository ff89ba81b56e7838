package simplysockettest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// planted is a room with a mistake that applications make, and the same room without it.
type planted struct {
	name         string // what kind of mistake
	buggy, fixed func(*simplysocket.Room) error
	// invariants hold after every step. The fixed room satisfies them whatever happens.
	invariants map[string]func(*kit.Room) error
	actions    []action
	outcomes   []outcome
	users      map[string]string // of clients that are not anonymous
	needs      string            // what it takes to see the mistake
	shortest   int               // how many steps it takes
	crash      bool              // one of the steps is a crash
	records    bool              // it shows only if the room is restored from the records of its turns
	chance     bool              // it does not show each time
	steps      []doing           // that show it, and fail at the last one
}

// action is something that members, or the server's own code, may send.
type action struct {
	name   string
	bodies []any // examples; none stands for no body
	server bool
}

// outcome is how a task may end.
type outcome struct {
	task    string
	results []any
	fails   bool // it may fail
}

// people are the IDs by which bodies name members.
var people = []string{"ann", "bob", "cat", "dan"}

// plantedRooms returns all rooms with a mistake.
func plantedRooms() []planted {
	return slices.Concat(plantedInState(), plantedInMembership(), plantedInTime(), plantedInTasks(), plantedInAmounts(), plantedInGames())
}

// show has the room tell the invariants what it keeps.
func show[S any](room *simplysocket.Room, state func() S) {
	simplysocket.OnServerCall(room, "inspect", func(simplysocket.None) (S, error) { return state(), nil })
}

// seen is an invariant of what the room shows. A room that has closed breaks none.
func seen[S any](check func(*kit.Room, S) error) func(*kit.Room) error {
	return func(room *kit.Room) error {
		var state S
		switch err := room.Call("inspect", nil, &state); {
		case errors.Is(err, simplysocket.ErrRoomClosed):
			return nil
		case err != nil:
			return err
		}
		return check(room, state)
	}
}

// unless returns an error with that text if what should hold does not.
func unless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// refuse is what a handler returns to a member that may not do something.
func refusal(why string) error { return simplysocket.Errorf("refused", "%s", why) }

// doing is a step. Where it makes no sense it does nothing.
type doing struct {
	text string
	do   func(*kit.Room, *planted)
}

// by is the steps of one client.
type by string

func (who by) step(what string, when func(*kit.Client) bool, f func(*kit.Client)) doing {
	return doing{string(who) + " " + what, func(room *kit.Room, _ *planted) {
		if c := room.Client(string(who)); c != nil && when(c) {
			f(c)
		}
	}}
}

func isHere(c *kit.Client) bool { return c.IsMember() && !c.Away() }

func (who by) joins() doing {
	return doing{string(who) + " joins", func(room *kit.Room, p *planted) {
		if c := room.Client(string(who)); c == nil || !c.IsMember() && !c.Away() {
			_, _ = room.TryJoin(string(who), kit.As(simplysocket.Identity{User: p.users[string(who)]})) // it may be refused
		}
	}}
}

func (who by) leaves() doing { return who.step("leaves", isHere, (*kit.Client).Leave) }

func (who by) drops() doing { return who.step("drops", isHere, (*kit.Client).Drop) }

func (who by) resumes() doing {
	return who.step("resumes", func(c *kit.Client) bool { return c.IsMember() && c.Away() }, (*kit.Client).Resume)
}

func (who by) sends(action string, body any) doing {
	return who.step(fmt.Sprintf("sends %s %+v", action, body), isHere, func(c *kit.Client) {
		_ = c.TrySend(action, body) // it may be refused
	})
}

func waits(d time.Duration) doing {
	return doing{fmt.Sprint("after ", d), func(room *kit.Room, _ *planted) { room.Advance(d) }}
}

func crashes(down time.Duration) doing {
	return doing{fmt.Sprint("a crash, and back after ", down), func(room *kit.Room, _ *planted) { room.Crash(down) }}
}

// ends ends the task at that place among those that are at work; nil stands for an error.
func ends(place int, result any) doing {
	return doing{fmt.Sprintf("task %d ends with %+v", place, result), func(room *kit.Room, _ *planted) {
		tasks := room.Tasks()
		switch {
		case place >= len(tasks):
		case result == nil:
			tasks[place].Fail(errors.New("it did not work"))
		default:
			tasks[place].Finish(result)
		}
	}}
}

func serverSends(action string, body any) doing {
	return doing{fmt.Sprintf("the server sends %s %+v", action, body), func(room *kit.Room, _ *planted) {
		_ = room.Call(action, body, nil) // it may be refused
	}}
}

// run takes the steps in a room, and returns how many it took until something was wrong, and
// what; 0 stands for nothing.
func (p *planted) run(t *testing.T, setup func(*simplysocket.Room) error, steps []doing) (step int, what string) {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		room := kit.Open(r, "planted", setup, kit.Forgetful())
		for i := range steps {
			step = i + 1
			steps[i].do(room, p)
			for name, holds := range p.invariants {
				if err := holds(room); err != nil {
					r.Errorf("%s: %v", name, err)
				}
			}
			if r.failed() {
				return
			}
		}
		step = 0
	}()
	<-done
	return step, r.log.String()
}

func (r *recorder) failed() bool { return strings.Contains(r.log.String(), "FAIL ") }

// TestPlanted: the steps show each mistake, not one of them can be left out, and the room
// without the mistake stands them.
func TestPlanted(t *testing.T) {
	names := map[string]bool{}
	for _, p := range plantedRooms() {
		t.Run(p.name, func(t *testing.T) {
			if names[p.name] || p.needs == "" || p.shortest != len(p.steps) {
				t.Errorf("its description is wrong: %d steps, and %d", p.shortest, len(p.steps))
			}
			names[p.name] = true
			if step, what := p.run(t, p.fixed, p.steps); step != 0 {
				t.Errorf("without the mistake, step %d fails: %s", step, what)
			}
			if p.records {
				return // the kit keeps no records
			}
			attempts := 1
			if p.chance {
				attempts = 60
			}
			step := 0
			for range attempts {
				if step, _ = p.run(t, p.buggy, p.steps); step != 0 {
					break
				}
			}
			if step != len(p.steps) {
				t.Errorf("with the mistake, step %d of %d fails", step, len(p.steps))
			}
			for i := range p.steps {
				if fewer := slices.Delete(slices.Clone(p.steps), i, i+1); len(fewer) > 0 {
					if step, what := p.run(t, p.buggy, fewer); step != 0 {
						t.Errorf("step %d is not needed: %s", i+1, what)
					}
				}
			}
		})
	}
}

// TestPlantedFixed: the rooms without the mistake satisfy their invariants whatever happens.
func TestPlantedFixed(t *testing.T) {
	for _, p := range plantedRooms() {
		t.Run(p.name, func(t *testing.T) {
			for seed := range uint64(5) {
				steps := p.anySteps(rand.New(rand.NewPCG(seed, 7)), 80)
				if step, what := p.run(t, p.fixed, steps); step != 0 {
					for _, s := range steps[:step] {
						t.Log(s.text)
					}
					t.Fatalf("seed %d: step %d fails: %s", seed, step, what)
				}
			}
		})
	}
}

func (p *planted) anySteps(rng *rand.Rand, n int) []doing {
	ids := slices.Clone(people)
	for id := range p.users {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i := range 8 { // for sessions that have ended
		ids = append(ids, fmt.Sprint("guest-", i))
	}
	steps := []doing{by("ann").joins(), by("bob").joins()}
	for len(steps) < n {
		who := by(ids[rng.IntN(len(ids))])
		switch k := rng.IntN(40); {
		case k < 8:
			steps = append(steps, who.joins())
		case k < 10:
			steps = append(steps, who.leaves())
		case k < 13:
			steps = append(steps, who.drops())
		case k < 16:
			steps = append(steps, who.resumes())
		case k < 20:
			steps = append(steps, waits(time.Duration(rng.IntN(13))*2500*time.Millisecond))
		case k == 20:
			steps = append(steps, crashes(time.Duration(rng.IntN(40))*time.Second))
		case k == 21:
			steps = append(steps, crashes(time.Duration(rng.IntN(40))*time.Second))
		case k < 25 && len(p.outcomes) > 0:
			o := p.outcomes[rng.IntN(len(p.outcomes))]
			result := o.results[rng.IntN(len(o.results))]
			if o.fails && rng.IntN(3) == 0 {
				result = nil
			}
			steps = append(steps, ends(rng.IntN(3), result))
		case len(p.actions) > 0:
			a := p.actions[rng.IntN(len(p.actions))]
			var body any
			if len(a.bodies) > 0 {
				if body = a.bodies[rng.IntN(len(a.bodies))]; rng.IntN(4) == 0 {
					body = strange(rng, body)
				}
			}
			if a.server {
				steps = append(steps, serverSends(a.name, body))
			} else {
				steps = append(steps, who.sends(a.name, body))
			}
		}
	}
	return steps
}

// strange returns a body like that one with other values.
func strange(rng *rand.Rand, body any) any {
	raw, _ := json.Marshal(body) // it is an example
	var fields map[string]any
	_ = json.Unmarshal(raw, &fields)
	for key, value := range fields {
		switch value.(type) {
		case float64:
			fields[key] = []int64{-20, -1, 0, 1, 2, 7, 100, math.MaxInt32, math.MaxInt64, math.MinInt64}[rng.IntN(10)]
		case string:
			fields[key] = []string{"", "ann", "bob", "nobody", "a", "zz\u00e9\x00"}[rng.IntN(6)]
		default:
			delete(fields, key)
		}
	}
	return fields
}
