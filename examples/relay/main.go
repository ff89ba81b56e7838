// Command relay is the smallest server: every room is a relay room.
package main

import (
	"log"
	"net/http"

	"github.com/DhruvikDonga/simplysocket"
)

func main() {
	srv, err := simplysocket.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	server := simplysocket.NewHTTPServer(mux)
	server.Addr = "127.0.0.1:8080"
	log.Fatal(server.ListenAndServe())
}
