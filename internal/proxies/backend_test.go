//go:build linux

package proxies_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

// backend is a server that trusts the proxies of 127.0.0.1. It serves WebSocket
// at /ws.
type backend struct {
	*simplysocket.Server
	address string
}

// The rooms: one that passes on what it receives, and one with code.
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	server := simplysocket.NewHTTPServer(srv)
	server.Handler = mux
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		_ = server.Close()
		<-served
	})
	return &backend{Server: srv, address: listener.Addr().String()}
}
