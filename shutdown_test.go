package simplysocket_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// TestShutdown ends a server under load: rooms say goodbye, queued messages precede the
// close, everybody gets 1001, and no new client is admitted.
func TestShutdown(t *testing.T) {
	skipStored(t)
	h := serve(t, false, &simplysocket.Options{
		MessageRate: simplysocket.Unlimited, OutboxMessages: simplysocket.Unlimited, OutboxBytes: 1 << 30,
	}, func(s *simplysocket.Server) {
		s.HandleRoom("coded", func(room *simplysocket.Room) error {
			room.OnClose(func() error { return room.Broadcast("bye", note{"see you"}) })
			return nil
		})
		s.HandleRoom("{name}", simplysocket.Relay)
	})
	clients := make([]*peer, 20)
	for i := range clients {
		clients[i] = h.member("coded")
		clients[i].Call("join-room", "relay", nil)
	}
	waiting := h.raw("", v1) // it has not said hello
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, c := range clients[:4] {
		load.Go(func() {
			for text := []byte(envelope(0, "x", "relay", nil)); c.Conn.WriteText(text) == nil; {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Microsecond): // one that keeps flooding after the close is cut
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	close(stop)
	load.Wait()
	for _, c := range append(clients, waiting) {
		if end := c.Closing(); end.Code != 1001 || end.Reason == "" {
			t.Errorf("closed with %v", end)
		}
	}
	for _, c := range clients {
		if !slices.ContainsFunc(c.Received(), func(m message) bool { return m.Action == "bye" && m.Field("text") == "see you" }) {
			t.Errorf("a member got no message from OnClose: %v", c.Recent())
		}
	}
	if s := h.Stats(); s.Clients != 0 || s.Rooms != 0 || s.Joins != s.Leaves {
		t.Errorf("stats %+v", s)
	}
	if got := h.status(); got != 503 {
		t.Errorf("a client after the shutdown: %d", got)
	}
	if err := h.Shutdown(ctx); !errors.Is(err, simplysocket.ErrServerClosed) {
		t.Errorf("a second Shutdown: %v", err)
	}
}

// TestShutdownIsSpread: clients are sent away at a fixed rate, not all at once, and
// faster if the deadline requires it.
func TestShutdownIsSpread(t *testing.T) {
	for name, tt := range map[string]struct{ timeout, atLeast, atMost time.Duration }{
		"with time":    {time.Minute, 1900 * time.Millisecond, 2100 * time.Millisecond},
		"without time": {time.Second, 200 * time.Millisecond, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000 // at 500 per second
				h := serve(t, true, nil)
				clients := make([]*peer, n)
				for i := range clients {
					clients[i] = h.connect()
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				began := time.Now()
				ended := make(chan error)
				go func() { ended <- h.Shutdown(ctx) }()
				time.Sleep(tt.atMost / 2)
				synctest.Wait()
				half := n - h.Stats().Clients
				for i, c := range clients {
					if end := c.Closing(); end.Code != 1001 {
						t.Errorf("client %d is closed with %v", i, end)
					}
				}
				if err := <-ended; err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if took := time.Since(began); took < tt.atLeast || took > tt.atMost {
					t.Errorf("the last was sent away after %v", took)
				}
				if half < n/3 {
					t.Errorf("%d of %d were gone after %v", half, n, tt.atMost/2)
				}
			})
		})
	}
}

// TestShutdownOfABlockedRoom: a handler that does not return delays nobody's close, and
// the deadline is kept.
func TestShutdownOfABlockedRoom(t *testing.T) {
	blocked, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("stuck", func(room *simplysocket.Room) error {
			simplysocket.On(room, "block", func(*simplysocket.Member, simplysocket.None) error {
				close(blocked)
				<-release
				return nil
			})
			return nil
		})
	})
	a, b := h.member("stuck"), h.connect()
	a.Send("block", "stuck", nil)
	<-blocked
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	for _, c := range []*peer{a, b} {
		if end := c.Closing(); end.Code != 1001 {
			t.Errorf("closed with %v", end)
		}
	}
	h.waitForClients(0)
}

// TestShutdownCutsOff: a client that does not answer the close is cut at the deadline.
func TestShutdownCutsOff(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{CloseTimeout: time.Hour})
	deaf, err := socket.Dial(t.Context(), h.URL, socket.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.CloseNow()
	h.waitForClients(1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	h.waitForClients(0)
}
