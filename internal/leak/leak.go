// Package leak fails a test run that leaves goroutines behind. It keeps the library's
// module free of test dependencies, which its users would get as well.
package leak

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// patience is how long goroutines may take to end after the last test.
const patience = 10 * time.Second

// Main runs the tests of a package and exits with their status, or with 1 if there is a
// goroutine that was not there before.
func Main(m interface{ Run() int }) {
	os.Exit(run(m, os.Stderr, patience))
}

func run(m interface{ Run() int }, w io.Writer, patience time.Duration) (status int) {
	var before []string
	for _, g := range goroutines() {
		before = append(before, id(g))
	}
	if status = m.Run(); status != 0 {
		return status
	}
	var left []string
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		left = slices.DeleteFunc(goroutines(), func(g string) bool { return isExpected(g) || slices.Contains(before, id(g)) })
		if len(left) == 0 {
			return 0
		}
		if time.Since(began) > patience {
			break
		}
	}
	fmt.Fprintf(w, "%d goroutines are left over:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
	return 1
}

// goroutines returns the stacks of all goroutines.
func goroutines() []string {
	for size := 64 << 10; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
	}
}

// id returns the words that name a goroutine: "goroutine 7".
func id(stack string) string {
	name, _, _ := strings.Cut(stack, " [")
	return name
}

// isExpected reports whether a goroutine belongs to the test's own machinery.
func isExpected(stack string) bool {
	for _, function := range []string{
		"internal/leak.goroutines(", // this one
		"testing.(*F).Fuzz.func", "internal/fuzz.", "testing.runFuzzing(",
		"os/signal.signal_recv(", "os/signal.loop(", "runtime/pprof.", "runtime.ensureSigM",
		"testing.(*M).startAlarm",
	} {
		if strings.Contains(stack, function) {
			return true
		}
	}
	return false
}
