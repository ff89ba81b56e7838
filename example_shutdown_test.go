package simplysocket_test

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// gracePeriod is how long clients have to be told of the end.
const gracePeriod = 10 * time.Second

// A server that ends on Ctrl-C. Call Shutdown before that of the http.Server, which does
// not track upgraded connections.
func ExampleServer_Shutdown() {
	srv, err := simplysocket.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	server := simplysocket.NewHTTPServer(mux)
	server.Addr = "127.0.0.1:8080"

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		log.Print(err)
		return
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(context.Background(), gracePeriod)
	defer cancel()
	if err := errors.Join(srv.Shutdown(grace), server.Shutdown(grace)); err != nil {
		log.Print(err)
	}
}
