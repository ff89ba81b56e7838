package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const patience = servertest.Patience

// beat is the server's default heartbeat interval.
const beat = 25 * time.Second

var quiet = servertest.Quiet

// host is a server that listens. It knows the network connections of its clients.
type host struct {
	*servertest.Server
	t testing.TB

	mu    sync.Mutex
	conns []net.Conn
}

// serve starts a server on that TCP address, or in memory for "", and ends it with the
// test.
func serve(t testing.TB, address string, o simplysocket.Options, configure ...func(*simplysocket.Server)) *host {
	t.Helper()
	return &host{Server: servertest.Serve(t, address, o, configure...), t: t}
}

// stop ends the server before the test does.
func (h *host) stop() {
	h.t.Helper()
	if err := h.Stop(); err != nil {
		h.t.Errorf("Shutdown: %v", err)
	}
}

// inMemory starts a server for clients in memory.
func inMemory(t testing.TB, configure ...func(*simplysocket.Server)) *host {
	t.Helper()
	return serve(t, "", simplysocket.Options{}, configure...)
}

// connect connects a client and closes it with the test.
func (h *host) connect(o client.Options) *client.Conn {
	h.t.Helper()
	return connect(h.t, h.URL, h.track(o))
}

// track makes the host record the client's network connections.
func (h *host) track(o client.Options) client.Options {
	dial := o.NetDial
	if dial == nil {
		dial = h.Dial
	}
	o.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := dial(ctx, network, address)
		if err == nil {
			h.mu.Lock()
			h.conns = append(h.conns, nc)
			h.mu.Unlock()
		}
		return nc, err
	}
	return o
}

// cut breaks all current network connections.
func (h *host) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, nc := range h.conns {
		_ = nc.Close()
	}
	h.conns = nil
}

func connect(t testing.TB, url string, o client.Options) *client.Conn {
	t.Helper()
	o.Logger = quiet
	conn, err := client.Dial(t.Context(), url, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func join(t testing.TB, conn *client.Conn, name string, params any, setup ...func(*client.Room)) *client.Room {
	t.Helper()
	room, err := conn.Join(t.Context(), name, params, setup...)
	if err != nil {
		t.Fatalf("join %s: %v", name, err)
	}
	return room
}

func send(t testing.TB, room *client.Room, action string, body any) {
	t.Helper()
	if err := room.Send(t.Context(), action, body); err != nil {
		t.Fatalf("send %s: %v", action, err)
	}
}

// code returns the code of a server's error, "" for none.
func code(err error) protocol.Code {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// events are what a test's callbacks received, in order.
type events chan string

func newEvents() events { return make(events, 10_000) }

func (e events) add(format string, args ...any) { e <- fmt.Sprintf(format, args...) }

// want waits for the next events and fails if they differ.
func (e events) want(t testing.TB, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := e.next(t); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func (e events) next(t testing.TB) string {
	t.Helper()
	select {
	case got := <-e:
		return got
	case <-time.After(patience):
		t.Fatal("nothing comes")
		return ""
	}
}

// none fails if there is an event that no want has consumed.
func (e events) none(t testing.TB) {
	t.Helper()
	select {
	case got := <-e:
		t.Fatalf("got %q, want nothing", got)
	default:
	}
}

// all makes a room's callbacks add to the events.
func (e events) all(r *client.Room) {
	r.OnMessage(func(m *client.Message) { e.add("%s %s", m.Action, m.Body) })
	r.OnJoin(func(string) { e.add("join") })
	r.OnLeave(func(_ string, reason client.LeaveReason) { e.add("leave %s", reason) })
	r.OnGap(func(g client.Gap) { e.add("gap %d-%d whole=%t direct=%t", g.From, g.To, g.Whole(), g.Direct) })
	r.OnError(func(action string, err *client.Error) { e.add("error %s %s", action, err.Code) })
	r.OnClosed(func(reason client.LeaveReason) { e.add("closed %s", reason) })
}

// states adds a client's changes of state to the events.
func (e events) states(o client.Options) client.Options {
	o.OnState = func(s client.State) { e.add("%s", s) }
	return o
}

func waitDone(t testing.TB, conn *client.Conn) *client.CloseError {
	t.Helper()
	select {
	case <-conn.Done():
	case <-time.After(patience):
		t.Fatal("the session is not over")
	}
	return conn.Err()
}

// wait waits for a channel to be closed.
func wait(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("timed out waiting for %s", what)
	}
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	servertest.WaitFor(t, what, holds)
}

// headerUser uses a client's token as its name.
func headerUser(r *http.Request) (simplysocket.Identity, error) {
	user := simplysocket.Token(r)
	if user == "" {
		return simplysocket.Identity{}, errors.New("no token")
	}
	return simplysocket.Identity{User: user}, nil
}
