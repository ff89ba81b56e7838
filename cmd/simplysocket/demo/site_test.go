package demo

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// site is a server with the page, which can go down and come back.
type site struct {
	*simplysocket.Server
	t       *testing.T
	address string
	http    *http.Server
	served  chan struct{}

	mu      sync.Mutex
	sockets []net.Conn
}

// open starts a site, which ends with the test.
func open(t *testing.T, o simplysocket.Options) *site {
	t.Helper()
	s := &site{t: t, address: "127.0.0.1:0"}
	s.start(o)
	t.Cleanup(func() {
		if s.http != nil {
			s.stop()
		}
	})
	return s
}

// start begins to serve, at its earlier address if it had one.
func (s *site) start(o simplysocket.Options) {
	s.t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	srv, err := simplysocket.New(&o)
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", Handler())
	mux.Handle("/ws", srv)
	s.Server, s.address = srv, listener.Addr().String()
	server, served := simplysocket.NewHTTPServer(mux), make(chan struct{})
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if state != http.StateHijacked {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sockets = append(s.sockets, conn)
	}
	s.http, s.served = server, served
	go func() {
		defer close(served)
		_ = server.Serve(listener) // until stop
	}()
}

func (s *site) stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		s.t.Errorf("Shutdown: %v", err)
	}
	_ = s.http.Close()
	<-s.served
	s.http = nil
}

// cut breaks all WebSockets without a close frame, as a network does.
func (s *site) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.sockets {
		_ = conn.Close()
	}
	s.sockets = nil
}

func (s *site) url(hash string) string { return "http://" + s.address + "/" + hash }
