package servertest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
)

// Patience is how long a test waits for what must happen.
const Patience = 20 * time.Second

// Quiet is a log that nobody reads.
var Quiet = slog.New(slog.DiscardHandler)

// Loopback is an address for Start and Serve, besides "" for memory.
const Loopback = "127.0.0.1:0"

// Server is a server that listens, on TCP or in memory.
type Server struct {
	*simplysocket.Server
	Address string // host and port; empty in memory
	URL     string // of its WebSocket, any path would do
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	stop    func() error
	killed  atomic.Bool
}

// Start serves srv at that TCP address, or in memory for "". The HTTP server can be tuned
// before it begins.
func Start(srv *simplysocket.Server, address string, tune ...func(*http.Server)) (*Server, error) {
	s := &Server{Server: srv}
	var listener net.Listener
	if address == "" {
		memory := pipe.Listen()
		listener, s.Dial, s.URL = memory, memory.Dial, "ws://memory/ws"
	} else {
		var err error
		if listener, err = net.Listen("tcp", address); err != nil {
			return nil, err
		}
		s.Address = listener.Addr().String()
		s.Dial, s.URL = new(net.Dialer).DialContext, "ws://"+s.Address+"/ws"
	}
	server := simplysocket.NewHTTPServer(srv)
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	for _, f := range tune {
		f(server)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	s.stop = sync.OnceValue(func() error {
		_ = listener.Close()
		patience := Patience
		if s.killed.Load() {
			patience = time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, simplysocket.ErrServerClosed) || s.killed.Load() {
			err = nil // the test has done it, or nothing is left to end well
		}
		_ = server.Close()
		<-served
		return err
	})
	return s, nil
}

// Stop ends the server. Stopping it again has no effect.
func (s *Server) Stop() error { return s.stop() }

// Kill ends the server as the end of its process does, whose engine has crashed before: it
// waits for nothing.
func (s *Server) Kill() {
	s.killed.Store(true)
	_ = s.stop()
}

// Serve makes a server, starts it as Start does, and stops it with the test. Its log is
// quiet unless the options have one.
func Serve(t testing.TB, address string, o simplysocket.Options, configure ...func(*simplysocket.Server)) *Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = Quiet
	}
	srv, err := simplysocket.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range configure {
		f(srv)
	}
	return Run(t, srv, address)
}

// Run starts a server as Start does, and stops it with the test.
func Run(t testing.TB, srv *simplysocket.Server, address string, tune ...func(*http.Server)) *Server {
	t.Helper()
	s, err := Start(srv, address, tune...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return s
}

// WaitFor waits until a condition holds.
func WaitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Explains reports whether a log is the whole of what was sent, in order, except for what
// its gaps report: "gap" stands for one.
func Explains(log, whole []string) bool {
	at, gap := 0, false
	for _, entry := range log {
		if entry == "gap" {
			gap = true
			continue
		}
		i := indexFrom(whole, at, entry)
		if i < 0 || i > at && !gap {
			return false
		}
		at, gap = i+1, false
	}
	return gap || at == len(whole)
}

func indexFrom(list []string, from int, entry string) int {
	for i := from; i < len(list); i++ {
		if list[i] == entry {
			return i
		}
	}
	return -1
}
