package speed

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// rooms is what the names of the benchmarks' rooms begin with.
const rooms = "room"

// lab is a server and its clients.
type lab struct {
	*generator
	*simplysocket.Server
	address string
}

// newLab starts a server, which ends with the test. Its options are the defaults
// but for the clients' rate and the time that they have to answer a close: a slow
// member is read from when the others are done.
func newLab(tb testing.TB, g *generator, configure ...func(*simplysocket.Server, *http.Server)) *lab {
	tb.Helper()
	srv, err := simplysocket.New(&simplysocket.Options{
		MessageRate:  simplysocket.Unlimited,
		MessageBurst: simplysocket.Unlimited,
		CloseTimeout: patience,
		Logger:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := simplysocket.NewHTTPServer(srv)
	for _, f := range configure {
		f(srv, server)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	tb.Cleanup(func() {
		g.close() // a shutdown would take its time to send them away
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, simplysocket.ErrServerClosed) {
			tb.Errorf("Shutdown: %v", err)
		}
		_ = server.Close()
		<-served
	})
	return &lab{generator: g, Server: srv, address: listener.Addr().String()}
}

// enter dials clients of the server and returns when nothing more comes of it.
func (l *lab) enter(d Dialling) (set int) {
	l.tb.Helper()
	d.Address = l.address
	set = l.dial(d)
	if d.Size > announced && d.Room != "" {
		l.awaitCount(set, d.Size)
	}
	return set
}

// announced is the number of members above which a room announces its count,
// and that at most once a second.
const announced = 200

// leave cuts the clients off and waits until the server has none.
func (l *lab) leave() {
	l.tb.Helper()
	l.close()
	for deadline := time.Now().Add(patience); l.Stats().Clients > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.tb.Fatalf("%d clients have not left", l.Stats().Clients)
		}
	}
}
