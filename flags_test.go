package simplysocket_test

import "flag"

// Durations of the drills. The defaults suit every run; CONTRIBUTING.md names the long
// ones.
var (
	takeovers = flag.Int("drill.takeovers", 1000, "takeovers with overlapping hellos")
	reopens   = flag.Int("drill.reopens", 60, "rooms that close and open again under load")
	soak      = flag.Bool("drill.soak", false, "a million joins and leaves")
	misuse    = flag.Duration("drill.misuse", 0, "how long random misuse of the API lasts")
)
