package simplysockettest

import (
	"encoding/json"
	"flag"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

var (
	seedFlag = flag.Uint64("explore.seed", 0, "seed of Explore; 0: that of the test")
	runsFlag = flag.Int("explore.runs", 0, "number of runs of Explore; 0: that of the test")
	runFlag  = flag.Int("explore.run", 0, "the only run of Explore; 0: all of them")
)

// Explore looks for a sequence of events to which a room is not equal. In each of its runs
// the room opens anew, and random clients do random things: they join, leave, lose their
// connections and resume, send what the room handles, one after the other, twice, or again
// after a resume; time goes by, to just before or just after what is due; tasks end in any
// order. After each step it checks the invariants that configure has named.
//
// The test fails if an invariant does not hold; if the room's code panics, or answers a
// client with internal; if a hook, a timer or a beat fails; if the room differs from its
// twin that is restored before each entry, see [Forgetful]; if a setup fails. Explore then
// looks for the fewest and simplest steps with the same failure, and prints them as a test.
//
// Nothing has to be configured: configure may be nil. Explore knows what the room handles
// and makes up bodies of the types into which the room decodes them, often with words that
// clients have received or that a new room keeps. configure is called for each run, so that
// its variables belong to one run. The runs are the same each time, unless the flag
// -explore.seed or [Exploration.Seed] sets another seed; -explore.runs sets how many there
// are, and -explore.run runs one of them alone.
func Explore(t testing.TB, name string, setup func(*simplysocket.Room) error, configure func(*Exploration), opts ...Option) {
	t.Helper()
	o := apply(opts)
	srv, err := o.serve(name, setup)
	if err != nil {
		t.Fatalf("room %q: %v", name, err)
	}
	explore(t, &explorer{t: t, name: name, srv: srv, options: o, configure: configure, open: "Open", setup: nameOf(setup)})
}

// ExploreOn is [Explore] for a room as it is on a server, see [OpenOn].
func ExploreOn(t testing.TB, srv *simplysocket.Server, name string, configure func(*Exploration), opts ...Option) {
	t.Helper()
	o := apply(opts)
	if o.pattern != "" || o.server != nil {
		t.Fatalf("room %q: Pattern and ServerOptions are for Explore; the server has its own", name)
	}
	explore(t, &explorer{t: t, name: name, srv: srv, options: o, configure: configure, open: "OpenOn"})
}

// Exploration is what [Explore] is to do. Its methods are called in the function that
// configures it.
type Exploration struct {
	seed        uint64
	runs, steps int
	names       []string
	actions     []exploredAction
	server      []exploredAction
	ignored     map[string]bool
	invariants  []invariant
	finals      []invariant
	outcomes    map[string]outcomeFunc
	params      func(*Gen) any
	identity    func(*Gen, string) simplysocket.Identity
	remembers   bool
	tolerated   []func(Failure) bool
}

// exploredAction is a message that may be sent.
type exploredAction struct {
	action string
	weight int
	body   func(*Gen) (json.RawMessage, error)
}

type invariant struct {
	name  string
	check func(*Room) error
}

type outcomeFunc func(*Gen, json.RawMessage) (json.RawMessage, error)

// Defaults of an exploration.
const (
	defaultRuns  = 1000
	defaultSteps = 50
	defaultSeed  = 1
)

func (e *explorer) newExploration() *Exploration {
	x := &Exploration{seed: defaultSeed, runs: defaultRuns, steps: defaultSteps}
	if e.configure != nil {
		e.configure(x)
	}
	if *seedFlag != 0 {
		x.seed = *seedFlag
	}
	if *runsFlag > 0 {
		x.runs = *runsFlag
	}
	return x
}

// Runs sets the number of runs. The default is 1000.
func (x *Exploration) Runs(n int) { x.runs = n }

// Steps sets how many steps a run has before it is brought to its end. The default is 50.
func (x *Exploration) Steps(n int) { x.steps = n }

// Seed sets the seed, from which all that is random follows. The default is 1.
func (x *Exploration) Seed(n uint64) { x.seed = n }

// Clients names the users who take part. Their clients have these IDs, and the user that
// [simplysocket.Identity] names. A user who comes back after the end of a session, or
// beside it, is another client: ann-2. The default is two to six of them, and one more
// than the room's capacity in some runs.
func (x *Exploration) Clients(names ...string) { x.names = names }

// Action sends the action from members, with the bodies that the function makes up, instead
// of bodies that follow from the type that the room's handler takes. A message with the
// weight 3 is sent three times as often as one with the weight 1, which those have that are
// not named.
func (x *Exploration) Action(action string, weight int, body func(*Gen) any) {
	x.actions = append(x.actions, exploredAction{action, weight, encoded(body)})
}

// ServerAction is Action for what the server's own code sends.
func (x *Exploration) ServerAction(action string, weight int, body func(*Gen) any) {
	x.server = append(x.server, exploredAction{action, weight, encoded(body)})
}

func encoded(body func(*Gen) any) func(*Gen) (json.RawMessage, error) {
	return func(g *Gen) (json.RawMessage, error) { return protocol.MarshalObject(body(g)) }
}

// Ignore leaves out actions that the room handles, of members or of the server.
func (x *Exploration) Ignore(actions ...string) {
	if x.ignored == nil {
		x.ignored = map[string]bool{}
	}
	for _, action := range actions {
		x.ignored[action] = true
	}
}

// Params sets with what clients join, see [Params]. Without it, that follows from the type
// that the room's OnJoin asks for.
func (x *Exploration) Params(body func(*Gen) any) { x.params = body }

// Identity sets who a user is. The default has the name as User, and no claims.
func (x *Exploration) Identity(of func(g *Gen, name string) simplysocket.Identity) { x.identity = of }

// Invariant names something that holds after each step: check returns nil then. It may look
// at all that the room shows: what its clients have received ([Client.Messages]), its
// members, its tasks, and what it keeps ([StateOf], [TableOf]). It may also ask the room
// with [Room.Call], and fail the test itself.
func (x *Exploration) Invariant(name string, check func(*Room) error) {
	x.invariants = append(x.invariants, invariant{name, check})
}

// Finally names something that holds at the end of a run, beside the invariants. By then
// everybody who was away has resumed, tasks have ended, and a minute has gone by, or more
// if there was something to wait for.
func (x *Exploration) Finally(name string, check func(*Room) error) {
	x.finals = append(x.finals, invariant{name, check})
}

// Outcome sets how a task ends: with a result or with an error. Without it, the function of
// the task runs, or the task fails. Either way it may be late, or never end.
func Outcome[Q, W any](x *Exploration, task string, end func(*Gen, Q) (W, error)) {
	if x.outcomes == nil {
		x.outcomes = map[string]outcomeFunc{}
	}
	x.outcomes[task] = func(g *Gen, query json.RawMessage) (json.RawMessage, error) {
		var q Q
		if err := json.Unmarshal(query, &q); err != nil {
			return nil, fmt.Errorf("the query of the task %q: %w", task, err)
		}
		w, err := end(g, q)
		if err != nil {
			return nil, err
		}
		return json.Marshal(w)
	}
}

// Tolerate names failures of hooks, timers and beats that are none of the room's. The
// failure of a task that has failed is always one of them.
func (x *Exploration) Tolerate(is func(Failure) bool) { x.tolerated = append(x.tolerated, is) }

// Unrestored explores the room without its restored twin, for rooms that are not to outlive
// their process. It is the default for those that say so with
// [simplysocket.DurabilityEphemeral].
func (x *Exploration) Unrestored() { x.remembers = true }
