package leak

import (
	"strings"
	"testing"
	"time"
)

type tests func() int

func (f tests) Run() int { return f() }

func TestMain(m *testing.M) { Main(m) }

func TestRun(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, tt := range map[string]struct {
		run     tests
		status  int
		printed string
	}{
		"clean":           {func() int { return 0 }, 0, ""},
		"failed":          {func() int { go func() { <-release }(); return 3 }, 3, ""},
		"ends soon":       {func() int { go time.Sleep(50 * time.Millisecond); return 0 }, 0, ""},
		"one is left":     {func() int { go waitFor(release); return 0 }, 1, "leak.waitFor"},
		"a timer is none": {func() int { time.AfterFunc(time.Hour, func() {}); return 0 }, 0, ""},
	} {
		var b strings.Builder
		if status := run(tt.run, &b, 300*time.Millisecond); status != tt.status || !strings.Contains(b.String(), tt.printed) || (b.Len() > 0) != (tt.printed != "") {
			t.Errorf("%s: status %d, printed %q", name, status, b.String())
		}
	}
}

func waitFor(c chan struct{}) { <-c }
