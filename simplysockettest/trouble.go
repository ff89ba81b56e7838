package simplysockettest

import "fmt"

// trouble is what has gone wrong and the test was not told of yet. It is found deep in the
// kit and told by the method that the test has called, which alone has to be marked with
// Helper for the line of the test to stand in the failure: to mark every function on the
// way took half of the time of an entry.
type trouble struct {
	found []string
	fatal bool // the test cannot go on
}

func (t *trouble) errorf(format string, args ...any) {
	t.found = append(t.found, fmt.Sprintf(format, args...))
}

// fatalf is errorf for what ends the test. Its caller returns to the method that the test
// has called without doing anything more.
func (t *trouble) fatalf(format string, args ...any) {
	t.errorf(format, args...)
	t.fatal = true
}

// inTrouble reports whether there is something to tell.
func (t *trouble) inTrouble() bool { return len(t.found) > 0 }

// tell tells the test.
func (r *Room) tell() {
	r.t.Helper()
	found, fatal := r.found, r.fatal
	r.trouble = trouble{}
	for i, text := range found {
		if fatal && i == len(found)-1 {
			r.t.Fatalf("room %q%s", r.name, text)
		}
		r.t.Errorf("room %q%s", r.name, text)
	}
}
