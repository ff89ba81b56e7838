// Package servertest is what the tests of the library, its client and its programs share:
// servers under test, a raw client, and how a test run begins and ends.
package servertest

import (
	"flag"
	"math/rand/v2"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/engine/enginetest"
	"github.com/DhruvikDonga/simplysocket/internal/leak"
	"github.com/DhruvikDonga/simplysocket/internal/testmode"
)

// Harder conditions, under which all tests must hold as well.
var (
	encoded = flag.Bool("entries.encoded", false, "encode and decode every entry on its way into a mailbox")
	late    = flag.Duration("release.late", 0, "hold sealed output back for a random time up to this")
	delay   = flag.Duration("engine.delay", 0, "keep all rooms in an engine whose commits take a random time up to this")
	faults  = flag.Float64("engine.faults", 0, "the part of the engine's commits that is fenced, as many that are unknown, and as many that are forgotten")
)

// Main runs the tests of a package under the conditions that the flags ask for, and
// exits. A goroutine that is left over fails the run.
func Main(m interface{ Run() int }) {
	flag.Parse()
	testmode.Encoded = *encoded
	if *late > 0 {
		testmode.NewGate = testmode.Late(*late)
	}
	if *delay > 0 {
		testmode.NewEngine = func() engine.Engine {
			return enginetest.NewMemory(enginetest.NewStore(3), &enginetest.Options{
				Seed: rand.Uint64(), MaxDelay: *delay, Fenced: *faults, Unknown: *faults, Forgotten: *faults,
			})
		}
	}
	leak.Main(m)
}

// Stores reports whether rooms are kept in an engine. They then survive a shutdown, and what
// they store takes memory.
func Stores() bool { return *delay > 0 }

// Late is how long a release may be held back; usually 0.
func Late() time.Duration { return *late + *delay }
