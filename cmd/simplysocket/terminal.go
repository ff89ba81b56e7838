package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is the console of a person. The line that is being typed stays below
// what comes.
type terminal struct {
	*term.Terminal
	in, out *os.File
	before  *term.State // valid after open
}

func newTerminal(in, out *os.File) *terminal {
	screen := struct {
		io.Reader
		io.Writer
	}{in, out}
	return &terminal{Terminal: term.NewTerminal(screen, ""), in: in, out: out}
}

func (t *terminal) open() (err error) {
	t.before, err = term.MakeRaw(int(t.in.Fd()))
	return err
}

func (t *terminal) readLine() (string, error) {
	t.measure()
	return t.ReadLine()
}

func (t *terminal) show(m *incoming) { t.say(m.lines()...) }

func (t *terminal) say(lines ...string) {
	t.measure()
	for _, line := range lines {
		_, _ = t.Write([]byte(printable(line) + "\n")) // nobody to tell
	}
}

func (t *terminal) prompt(room string) { t.SetPrompt(printable(room) + "> ") }

// close takes the prompt away before what the program or the shell says next.
func (t *terminal) close() {
	t.SetPrompt("")
	_, _ = t.Write(nil)
	_ = term.Restore(int(t.in.Fd()), t.before)
}

// measure follows the size of the window. To look before each use costs a system
// call and is the same on every system, which a signal is not.
func (t *terminal) measure() {
	width, height, err := term.GetSize(int(t.out.Fd()))
	if err == nil && width > 0 && height > 0 {
		_ = t.SetSize(width, height)
	}
}
