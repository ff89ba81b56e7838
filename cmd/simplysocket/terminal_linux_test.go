package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a terminal: that of the keyboard and screen, and that
// of the program.
func openTerminal(t testing.TB) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { _ = user.Close() })
	fd := int(user.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return user, program
}

// echo reports whether the terminal itself shows what is typed, as a shell wants it to.
func echo(t testing.TB, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestTerminal(t *testing.T) {
	s := serve(t)
	user, tty := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 200}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	p := &program{t: t, stderr: newOutput(t), stdout: newOutput(t), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.status = run(ctx, []string{"connect", s.url, "--room=games"}, streams{in: tty, out: tty, err: p.stderr})
	}()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		_, _ = user.WriteTo(p.stdout)
	}()
	t.Cleanup(func() {
		stop()
		<-p.done
		_ = tty.Close()
		_ = user.Close()
		<-shown
	})
	key := func(text string) {
		t.Helper()
		if _, err := user.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}

	p.stdout.until("You are client")
	p.stdout.until("[games] Welcome client")
	if echo(t, tty) {
		t.Error("the terminal echoes by itself")
	}
	other := connect(t, s.url, "--room=games")
	p.stdout.until("joined the room")
	key("hel")
	other.enter("\x1b[2J\u009b31mevil")
	if line := p.stdout.until("evil"); !strings.Contains(line, `: \x1b[2J\u009b31mevil`) {
		t.Errorf("the terminal would obey %q", line)
	}
	key("lo\r")
	other.stdout.until(`"message":"hello"`)
	p.stdout.until("[games] you: hello")
	key("/join ..\r")
	p.stdout.until("it is /join NAME")
	s.stop()
	p.stdout.until("connection lost, coming back")
	s.exit(0)
	key("/quit\r")
	p.exit(0)
	if !echo(t, tty) {
		t.Error("the terminal was not given back")
	}
}
