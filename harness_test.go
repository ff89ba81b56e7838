package simplysocket_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const patience = servertest.Patience

// host is a server that listens.
type host struct {
	*servertest.Server
	t testing.TB
}

// serve starts a server on loopback, or in memory, and ends it with the test.
func serve(t testing.TB, inMemory bool, o *simplysocket.Options, configure ...func(*simplysocket.Server)) *host {
	t.Helper()
	if o == nil {
		o = &simplysocket.Options{}
	}
	address := servertest.Loopback
	if inMemory {
		address = ""
	}
	return &host{servertest.Serve(t, address, *o, configure...), t}
}

func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	servertest.WaitFor(t, what, holds)
}

// waitForClients waits until the server has so many clients.
func (h *host) waitForClients(n int) {
	h.t.Helper()
	waitFor(h.t, fmt.Sprint(n, " clients"), func() bool { return h.Stats().Clients == n })
}

type message = servertest.Message

var envelope = servertest.Envelope

// peer is a raw client of a host.
type peer struct {
	*servertest.Client
	t  testing.TB
	id string
}

type (
	dialOptions = socket.DialOptions
	dialOption  = servertest.DialOption
)

var (
	v1     = servertest.V1
	header = servertest.Header
)

// try connects and returns the error of a handshake that fails. The connection
// ends with the test.
func (h *host) try(query string, opts ...dialOption) (*peer, error) {
	c, err := h.open(query, opts...)
	if err == nil {
		h.t.Cleanup(c.CutOff)
	}
	return c, err
}

// open is try for clients that end before the test. The caller ends the connection.
func (h *host) open(query string, opts ...dialOption) (*peer, error) {
	c, err := servertest.Open(h.t, h.Server, query, opts...)
	if err != nil {
		return nil, err
	}
	return &peer{Client: c, t: h.t}, nil
}

// raw connects and waits for nothing.
func (h *host) raw(query string, opts ...dialOption) *peer {
	h.t.Helper()
	return &peer{Client: servertest.Dial(h.t, h.Server, query, opts...), t: h.t}
}

// connect connects a plain client and waits for its welcome.
func (h *host) connect(opts ...dialOption) *peer {
	h.t.Helper()
	c := h.raw("", opts...)
	c.id = c.Expect("welcome").Field("client")
	return c
}

// member connects a client and has it join a room.
func (h *host) member(room string, opts ...dialOption) *peer {
	h.t.Helper()
	c := h.connect(opts...)
	c.Call(protocol.ActionJoinRoom, room, nil)
	return c
}

// byHeader authenticates by a header, as only a test may.
func byHeader(r *http.Request) (simplysocket.Identity, error) {
	user := r.Header.Get("X-User")
	if user == "" {
		return simplysocket.Identity{}, errors.New("no user")
	}
	return simplysocket.Identity{User: user}, nil
}

// skipStored skips a test about what holds only without an engine.
func skipStored(t *testing.T) {
	if servertest.Stores() {
		t.Skip("not for rooms that are stored")
	}
}
