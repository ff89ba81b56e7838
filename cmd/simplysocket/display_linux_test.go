package main

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDisplayInTerminal(t *testing.T) {
	s := serve(t)
	user, tty := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Fatal(err)
	}
	screen := newOutput(t)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		_, _ = user.WriteTo(screen)
	}()
	p := benchIn(t, tty, s.url)
	p.exit(0)
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	<-shown
	drawn := screen.String()
	if !strings.Contains(drawn, "running    [") || !strings.Contains(drawn, "\r\x1b[1A\x1b[J") {
		t.Errorf("no frames over each other in %q", drawn)
	}
	if !strings.HasSuffix(drawn, "\x1b[J") {
		t.Errorf("the last frame stays: %q", drawn)
	}
	p.stdout.until("latency       p50 ")
}
