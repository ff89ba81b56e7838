package main

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/demo"
)

// routes are all the paths that are served. /healthz says whether the process is alive
// and /readyz whether it accepts clients, for orchestrators and load balancers.
func routes(webSocket http.Handler, closing *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", demo.Handler())
	mux.Handle("/ws", webSocket)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if closing.Load() {
			answer(w, http.StatusServiceUnavailable, "shutting down\n")
			return
		}
		answer(w, http.StatusOK, "ready\n")
	})
	return mux
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the peer may be gone
}
