// Command simplysocket serves rooms over WebSocket, joins them as a client, and
// load-tests servers.
//
//	simplysocket serve          # a server with a chat page, on 127.0.0.1:8080
//	simplysocket connect URL    # a client in the terminal or in a pipe
//	simplysocket bench URL      # many clients, and a report of what they got
//
// The exit status is 0 after an orderly end, 2 if the program was called in the
// wrong way, and 1 if something else has failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// untilSignal returns a context that ends at the first signal. The second ends the
// process at once.
func untilSignal() context.Context {
	ctx, end := context.WithCancel(context.Background())
	ignored := signal.Ignored(os.Interrupt) // shells do this for commands they run in the background
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		end()
		if !ignored {
			signal.Stop(signals) // from here on a signal has its usual effect
			if len(signals) == 0 {
				return
			}
		}
		<-signals
		os.Exit(1)
	}()
	return ctx
}

// streams are what the program reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// commandLine is what kong parses.
type commandLine struct {
	Serve   serveCommand     `cmd:"" help:"Serve rooms over WebSocket, and a chat page to try them."`
	Connect connectCommand   `cmd:"" help:"Join rooms of a server and talk in them."`
	Bench   benchCommand     `cmd:"" help:"Put load on a server and measure what arrives, and when."`
	Version kong.VersionFlag `env:"-" help:"Print the version and exit."`
}

// usageError says that the program was called incorrectly.
type usageError struct{ error }

// run is the program; it returns the exit status. When the context ends, the program
// shuts down in order.
func run(ctx context.Context, args []string, s streams) int {
	printed := false // the help or the version
	command, err := newParser(&commandLine{}, s, func(int) { printed = true }).Parse(args)
	if printed {
		return 0
	}
	if err != nil {
		return fail(s.err, usageError{err})
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(s); err != nil {
		return fail(s.err, err)
	}
	return 0
}

func newParser(line *commandLine, s streams, exit func(int)) *kong.Kong {
	return kong.Must(line, append(values(),
		kong.Name("simplysocket"),
		kong.Description("Real-time rooms over WebSocket."),
		kong.Vars{"version": version()},
		kong.DefaultEnvars("SIMPLYSOCKET"),
		kong.Writers(s.out, s.err),
		kong.Exit(exit),
	)...)
}

// fail prints the error as one line, whatever it quotes, and returns its exit status.
func fail(w io.Writer, err error) int {
	fmt.Fprintf(w, "simplysocket: %s\n", printable(err.Error()))
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}
