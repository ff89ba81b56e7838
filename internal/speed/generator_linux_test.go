package speed

import (
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"testing"
	"time"
)

// generatorEnv, if it is set, makes the test binary a generator. Its value is
// the processor to keep to; empty is any.
const generatorEnv = "SIMPLYSOCKET_SPEED_GENERATOR"

// generator is the process of the clients. Of its methods one may run at a time.
type generator struct {
	tb  testing.TB
	rpc *rpc.Client
}

// startGenerator starts the process, which ends with the test.
func startGenerator(tb testing.TB, cpu string) *generator {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), generatorEnv+"="+cpu)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	g := &generator{tb: tb, rpc: rpc.NewClient(link{out, in})}
	tb.Cleanup(func() {
		_ = g.rpc.Close()
		if err := cmd.Wait(); err != nil {
			tb.Errorf("generator: %v", err)
		}
	})
	return g
}

// link is the two pipes of a process as one connection.
type link struct {
	io.Reader
	io.WriteCloser
}

// generate is the generator's main function.
func generate(cpu string) error {
	var number int
	if _, err := fmt.Sscan(cpu, &number); err == nil {
		keepTo(number)
	}
	clients, err := newClients()
	if err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Clients", clients); err != nil {
		return err
	}
	server.ServeConn(link{os.Stdin, os.Stdout})
	return nil
}

// Dialling is a number of clients that connect and are in their rooms.
type Dialling struct {
	Address       string
	Room          string // what their names begin with; empty: the lobby
	Rooms, Size   int
	Bare          bool   // connections without a handshake
	From          string // the clients' own address; empty: as the system sees fit
	ReceiveBuffer int    // of their sockets; 0 likewise
	Deaf          bool   // nothing more is read until Drain
}

// Talk is messages that go to all rooms of a Dialling at once: in each, the
// first client says Batch of them, and the next when all members have got these.
type Talk struct {
	Set      int
	Messages int // for each room
	Batch    int
	Body     int // bytes
}

// Heard is what came of a Talk. Every member has got every message in order.
type Heard struct {
	Deliveries int
	Wall       time.Duration
	Busy       time.Duration // of Wall, not waiting
	P50, P99   time.Duration // from the saying to the hearing of a message
}

// Drained is what a deaf client finds.
type Drained struct {
	Messages int // in order, from the first on
	Code     int // of the close frame
}

func (g *generator) dial(d Dialling) (set int) {
	g.tb.Helper()
	g.call("Dial", d, &set)
	return set
}

// awaitCount returns when all members of a set know that their room has count
// members. After it nothing comes that the test has not caused.
func (g *generator) awaitCount(set, count int) {
	g.tb.Helper()
	g.call("AwaitCount", [2]int{set, count}, new(int))
}

func (g *generator) talk(t Talk) (h Heard) {
	g.tb.Helper()
	g.call("Talk", t, &h)
	return h
}

func (g *generator) drain(set int) (d Drained) {
	g.tb.Helper()
	g.call("Drain", set, &d)
	return d
}

// close cuts all clients off.
func (g *generator) close() {
	g.tb.Helper()
	g.call("Close", 0, new(int))
}

func (g *generator) call(method string, args, reply any) {
	g.tb.Helper()
	if err := g.rpc.Call("Clients."+method, args, reply); err != nil {
		g.tb.Fatalf("generator: %s %+v: %v", method, args, err)
	}
}
