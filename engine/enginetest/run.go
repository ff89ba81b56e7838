package enginetest

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// Harness is a place where engines of one kind store, empty at first. What an engine
// cannot do is left out: a harness that is no [Crasher] or no [Contender] skips the tests
// that need one.
type Harness interface {
	// Open returns an engine over the place, not started. It is called when the one
	// before it is closed or has crashed.
	Open() (engine.Engine, error)
}

// Crasher is a harness that can end an engine as a kill of its process does.
type Crasher interface {
	Harness

	// Crash ends an engine that Open has returned. After it has returned, the engine
	// stores nothing more and calls nobody.
	Crash(e engine.Engine) error
}

// Contender is a harness in which a partition can get another owner while the first runs.
type Contender interface {
	Harness

	// Contend returns an engine over the place, not started, while another is open. When
	// it starts, it takes all partitions from the other.
	Contend() (engine.Engine, error)
}

// Run tests that an engine does what package engine promises. Open is called once for each
// test, and returns an empty place. It may have tests fail, skip and clean up.
//
// An engine may fail writes of its own accord, as [engine.Log] allows: the suite loads the
// room and goes on.
func Run(t *testing.T, open func(t testing.TB) Harness) {
	for _, test := range suite {
		t.Run(test.name, func(t *testing.T) {
			newCheck(t, open(t)).run(test.run)
		})
	}
}

var suite = []struct {
	name string
	run  func(*check)
}{
	{"Start", testStart},
	{"OwnFails", testOwnFails},
	{"Partition", testPartition},
	{"Order", testOrder},
	{"Answers", testAnswers},
	{"Load", testLoad},
	{"LoadContext", testLoadContext},
	{"Bytes", testBytes},
	{"Broken", testBroken},
	{"TooLarge", testTooLarge},
	{"Replace", testReplace},
	{"Delete", testDelete},
	{"Rooms", testRooms},
	{"Names", testNames},
	{"Concurrency", testConcurrency},
	{"History", testHistory},
	{"Close", testClose},
	{"CloseContext", testCloseContext},
	{"Reopen", testReopen},
	{"Crash", testCrash},
	{"CrashInSnapshot", testCrashInSnapshot},
	{"Contend", testContend},
	{"ContendUnderLoad", testContendUnderLoad},
}

// check is a run of one test.
type check struct {
	testing.TB
	harness  Harness
	patience time.Duration // for what must happen
	rng      *rand.Rand
	nodes    []*node
}

func newCheck(t testing.TB, h Harness) *check {
	return &check{TB: t, harness: h, patience: 30 * time.Second, rng: rand.New(rand.NewPCG(1, 2))}
}

// run runs a test and closes the engines that it leaves open.
func (c *check) run(test func(*check)) {
	defer func() {
		for _, n := range c.nodes {
			if !n.ended {
				c.close(n)
			}
		}
	}()
	test(c)
}

// context returns a context that ends when the patience does.
func (c *check) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), c.patience)
}

// eventually waits until a condition holds.
func (c *check) eventually(what string, holds func() bool) {
	c.Helper()
	for began := time.Now(); !holds(); time.Sleep(time.Millisecond / 2) {
		if time.Since(began) > c.patience {
			c.Fatalf("not within %v: %s", c.patience, what)
		}
	}
}

// times is how often something random is done.
func times(n int) int {
	if testing.Short() {
		return max(n/5, 1)
	}
	return n
}
