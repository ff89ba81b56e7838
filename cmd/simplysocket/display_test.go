package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

var everything = load.Progress{
	Phase: load.Running, Elapsed: 3*time.Second + time.Millisecond, Length: 12 * time.Second, Clients: 1000, Connected: 998,
	Sent: 99.9, Delivered: 9990.2, P50: 1.25, P99: 20.5, Measured: true,
	OnTheWay: 12, Doubled: 3, Drops: 7, Reconnects: 5, Failures: 2,
}

func TestLogLine(t *testing.T) {
	for want, p := range map[string]load.Progress{
		"connecting 0s of 2s: 3 of 10 clients": {Phase: load.Connecting, Length: 2 * time.Second, Clients: 10, Connected: 3},
		"running 3s of 12s: 998 of 1,000 clients, 99.9 sent/s, 9,990 received/s, p50 1.25 ms, p99 20.5 ms, " +
			"12 on the way, 7 dropped, 5 back, 3 doubled, 2 errors": everything,
		"draining 0s of at most 20s: 10 of 10 clients, 0 sent/s, 0 received/s": {Phase: load.Draining, Length: 20 * time.Second, Clients: 10, Connected: 10},
		"closing 1s: 0 of 10 clients, 0 sent/s, 0 received/s":                  {Phase: load.Closing, Elapsed: time.Second, Clients: 10},
	} {
		if got := logLine(p); got != want {
			t.Errorf("it says\n%s, want\n%s", got, want)
		}
	}
}

// TestFrame: every line is narrower than the terminal, and nothing that fits is cut.
func TestFrame(t *testing.T) {
	for width := range 200 {
		frame := frameOf(everything, width)
		for _, line := range frame {
			if utf8.RuneCountInString(line) >= max(width, 1) {
				t.Errorf("a line of %d is too wide for %d: %s", utf8.RuneCountInString(line), width, line)
			}
		}
		if all := strings.Join(frame, "\n"); width > 40 && !strings.Contains(all, "p50 1.25 ms, p99 20.5 ms") {
			t.Errorf("width %d: the latency is cut in\n%s", width, all)
		}
	}
	want := []string{
		"running    [############------------------------------------] 3s of 12s",
		"998 of 1,000 clients   99.9 sent/s, 9,990 received/s",
		"p50 1.25 ms, p99 20.5 ms   12 on the way   7 dropped, 5 back   3 doubled",
		"2 errors",
	}
	if got := frameOf(everything, 80); !slices.Equal(got, want) {
		t.Errorf("frame is\n%s", strings.Join(got, "\n"))
	}
}

// benchIn runs a bench whose standard error is a terminal.
func benchIn(t testing.TB, tty *os.File, url string) *program {
	ctx, stop := context.WithCancel(t.Context())
	p := &program{t: t, stdout: newOutput(t), stderr: newOutput(t), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.status = run(ctx, slices.Concat([]string{"bench", url}, quick, []string{"--duration=1s"}), streams{out: p.stdout, err: tty})
	}()
	t.Cleanup(func() {
		stop()
		<-p.done
	})
	return p
}
