package simplysockettest

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
)

// Host is a whole server in memory. Its methods may be called concurrently.
type Host struct {
	t        testing.TB
	listener *pipe.Listener

	mu    sync.Mutex
	conns []net.Conn
}

// Serve serves in memory, without a port, and shuts the server down with the test. All of
// it is real: handshakes, sessions, mailboxes, limits, several rooms. So are its goroutines
// and its clock; in [testing/synctest.Test] the clock is virtual, and synctest.Wait waits
// until everything sent has arrived.
func Serve(t testing.TB, srv *simplysocket.Server) *Host {
	t.Helper()
	h := &Host{t: t, listener: pipe.Listen()}
	server := simplysocket.NewHTTPServer(srv)
	server.ErrorLog = log.New(io.Discard, "", 0)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(h.listener) // that it was closed
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, simplysocket.ErrServerClosed) {
			t.Errorf("the shutdown of the server: %v", err)
		}
		_ = server.Close()
		<-served
	})
	return h
}

// patience is how long a server may take to admit a client, or to shut down.
const patience = 30 * time.Second

// Dial connects the Go client to the server, and closes it with the test. The options are
// those of [client.Dial], apart from NetDial; nil stands for the defaults.
func (h *Host) Dial(o *client.Options) *client.Conn {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := h.TryDial(ctx, "", o)
	if err != nil {
		h.t.Fatalf("a client is not admitted: %v", err)
	}
	h.t.Cleanup(func() { _ = conn.Close() }) // it may be over already
	return conn
}

// TryDial connects the Go client to the server. The query, such as "?room=chat", is that
// of the URL; the error is that of [client.Dial].
func (h *Host) TryDial(ctx context.Context, query string, o *client.Options) (*client.Conn, error) {
	var opts client.Options
	if o != nil {
		opts = *o
	}
	opts.NetDial = h.NetDial
	return client.Dial(ctx, "ws://memory/ws"+query, &opts)
}

// NetDial makes a network connection to the server, whatever the address, for other
// clients.
func (h *Host) NetDial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := h.listener.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, conn)
	return conn, nil
}

// Break breaks all connections there are. Clients come back by themselves.
func (h *Host) Break() {
	h.mu.Lock()
	conns := h.conns
	h.conns = nil
	h.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
}
