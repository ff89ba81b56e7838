// Package servertest is what the tests of the library, its client and its programs share:
// servers under test, a raw client, and how a test run begins and ends.
package servertest

import (
	"flag"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
	"github.com/DhruvikDonga/simplysocket/internal/testmode"
)

// Harder conditions, under which all tests must hold as well.
var (
	encoded = flag.Bool("entries.encoded", false, "encode and decode every entry on its way into a mailbox")
	late    = flag.Duration("release.late", 0, "hold sealed output back for a random time up to this")
)

// Main runs the tests of a package under the conditions that the flags ask for, and
// exits. A goroutine that is left over fails the run.
func Main(m interface{ Run() int }) {
	flag.Parse()
	testmode.Encoded = *encoded
	if *late > 0 {
		testmode.NewGate = testmode.Late(*late)
	}
	leak.Main(m)
}

// Late is how long a release may be held back; usually 0.
func Late() time.Duration { return *late }
