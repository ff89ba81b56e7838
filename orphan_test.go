package simplysocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// witnessed is a connection that keeps the error with which reading ended.
type witnessed struct {
	*net.TCPConn
	mu  sync.Mutex
	err error
}

func (w *witnessed) Read(p []byte) (int, error) {
	n, err := w.TCPConn.Read(p)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = err
	}
	return n, err
}

// TestHalfClosedIsReset: the kernel keeps nothing for a client that closes its side
// without a close frame and reads nothing. Otherwise it could repeat that forever.
func TestHalfClosedIsReset(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	var conn *witnessed
	slow := h.member("r", func(o *dialOptions) {
		o.NetDial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			address, _, _ := strings.Cut(strings.TrimPrefix(h.URL, "ws://"), "/")
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			conn = &witnessed{TCPConn: nc.(*net.TCPConn)}
			return conn, conn.SetReadBuffer(4 << 10)
		}
	})
	slow.Pause()
	sender := h.member("r")
	for range 10 {
		sender.Call("x", "r", note{strings.Repeat("x", 60_000)})
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	h.waitForClients(1)
	slow.Resume()
	select {
	case <-slow.Done():
	case <-time.After(patience):
		t.Fatal("the connection was not ended")
	}
	conn.mu.Lock()
	defer conn.mu.Unlock()
	if !errors.Is(conn.err, syscall.ECONNRESET) {
		t.Errorf("reading ended with %v, want a reset", conn.err)
	}
}
