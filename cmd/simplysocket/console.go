package main

import (
	"os"

	"golang.org/x/term"
)

// console is where the user reads and writes. Its methods may be called concurrently.
type console interface {
	// open takes over the terminal. Before that, Ctrl-C is a signal.
	open() error
	// readLine returns the next line, or io.EOF after the last.
	readLine() (string, error)
	// show shows a message.
	show(m *incoming)
	// say shows lines of the program's own.
	say(lines ...string)
	// prompt says which room the next line goes to; "" is the lobby.
	prompt(room string)
	// close gives the terminal back.
	close()
}

// console returns the terminal if there is one to read from and write to.
func (c *connectCommand) console(s streams) console {
	in, inOK := s.in.(*os.File)
	out, outOK := s.out.(*os.File)
	if c.JSON || !inOK || !outOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return newPipe(s)
	}
	return newTerminal(in, out)
}
