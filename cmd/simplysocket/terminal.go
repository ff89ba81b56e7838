package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is the console of a person. The line being typed stays below the output.
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
		_, _ = t.Write([]byte(printable(line) + "\n")) // there is nobody to report an error to
	}
}

func (t *terminal) prompt(room string) { t.SetPrompt(printable(room) + "> ") }

// close removes the prompt before the next output of the program or the shell.
func (t *terminal) close() {
	t.SetPrompt("")
	_, _ = t.Write(nil)
	_ = term.Restore(int(t.in.Fd()), t.before)
}

// measure follows the size of the window. Checking before each use costs a system call
// but works on every system, unlike a signal.
func (t *terminal) measure() {
	width, height, err := term.GetSize(int(t.out.Fd()))
	if err == nil && width > 0 && height > 0 {
		_ = t.SetSize(width, height)
	}
}
