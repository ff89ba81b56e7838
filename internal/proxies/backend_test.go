//go:build linux

package proxies_test

import (
	"log/slog"
	"net/http"
	"net/netip"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

// backend is a server that trusts the proxies of 127.0.0.1. It serves WebSocket
// at /ws.
type backend struct {
	*simplysocket.Server
	address string
}

// The rooms: a relay room, and one with code.
const (
	relayRoom = "chat/general"
	codedRoom = "orders/eu-west:1"
)

// serve starts a server on a port that the kernel chooses, and ends it with the
// test.
func serve(t *testing.T, o simplysocket.Options) *backend {
	t.Helper()
	o.Logger = quiet
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	srv, err := simplysocket.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	srv.HandleRoom("chat/{topic}", simplysocket.Relay)
	srv.HandleRoom("orders/{region}", func(room *simplysocket.Room) error {
		simplysocket.On(room, "say", func(m *simplysocket.Member, l line) error {
			return room.Broadcast("say", l, simplysocket.From(m))
		})
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	server := servertest.Run(t, srv, servertest.Loopback, func(h *http.Server) { h.Handler = mux })
	return &backend{Server: srv, address: server.Address}
}
