//go:build linux

package generator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"runtime"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// Generator is the process of the clients. Only one of its methods may run at a time.
type Generator struct {
	process *exec.Cmd
	rpc     *rpc.Client
}

// Start starts the command, which must call [Serve], on a processor of its own, or on any
// if the number is negative.
func Start(ctx context.Context, processor int, command ...string) (*Generator, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := kernel.StartOn(cmd, processor); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return &Generator{process: cmd, rpc: rpc.NewClient(pipes{out, in})}, nil
}

// Close ends the process.
func (g *Generator) Close() error {
	err := g.rpc.Close()
	return errors.Join(err, g.process.Wait())
}

// Serve is the main function of the process. It returns when the other side of
// its standard input is closed.
func Serve() error {
	clients, err := newClients()
	if err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.RegisterName(service, clients); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	server.ServeConn(pipes{os.Stdin, os.Stdout})
	return nil
}

const service = "Clients"

// pipes are the two pipes of a process as one connection.
type pipes struct {
	io.Reader
	io.WriteCloser
}

func call[Reply any](g *Generator, method string, args any) (reply Reply, err error) {
	if err := g.rpc.Call(service+"."+method, args, &reply); err != nil {
		return reply, fmt.Errorf("generator: %s: %w", method, err)
	}
	return reply, nil
}

// Dial connects clients and returns when all are in their rooms.
func (g *Generator) Dial(d Dialling) (Entered, error) { return call[Entered](g, "Dial", d) }

// AwaitCount returns when all members of a set know that their room has that many
// members, or at once if the server does not announce it.
func (g *Generator) AwaitCount(set, count int) error {
	_, err := call[int](g, "AwaitCount", [2]int{set, count})
	return err
}

// Talk makes clients talk, each message after the one before.
func (g *Generator) Talk(t Talk) (Heard, error) { return call[Heard](g, "Talk", t) }

// Pace makes clients talk at a fixed rate.
func (g *Generator) Pace(p Pace) (Heard, error) { return call[Heard](g, "Pace", p) }

// Drain makes the only client of a deaf set read to the end.
func (g *Generator) Drain(set int) (Drained, error) { return call[Drained](g, "Drain", set) }

// Break disconnects clients and makes the others talk.
func (g *Generator) Break(s Storm) error {
	_, err := call[int](g, "Break", s)
	return err
}

// Return makes those clients reconnect.
func (g *Generator) Return(s Storm) (Returned, error) { return call[Returned](g, "Return", s) }

// Hangup disconnects all clients.
func (g *Generator) Hangup() error {
	_, err := call[int](g, "Hangup", 0)
	return err
}
