package simplysocket_test

import "flag"

// How long the drills are. The defaults are for every run; the long ones are named in
// CONTRIBUTING.md.
var (
	takeovers = flag.Int("drill.takeovers", 1000, "takeovers with overlapping hellos")
	reopens   = flag.Int("drill.reopens", 60, "rooms that close and open again under load")
	soak      = flag.Bool("drill.soak", false, "a million joins and leaves")
	misuse    = flag.Duration("drill.misuse", 0, "how long random misuse of the API goes on")
)
