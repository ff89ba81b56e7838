package simplysocket_test

import (
	"log"
	"net/http"

	"github.com/DhruvikDonga/simplysocket"
)

// Notice is the body of "post" and "posted".
type Notice struct {
	Text string `json:"text"`
}

// Board sets up a room in which each member may post a notice for all.
func Board(room *simplysocket.Room) error {
	simplysocket.On(room, "post", func(m *simplysocket.Member, n Notice) error {
		return room.Broadcast("posted", n, simplysocket.From(m))
	})
	return nil
}

// A whole server. NewHTTPServer sets the timeouts that a server on the open network needs.
func ExampleNewHTTPServer() {
	srv, err := simplysocket.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	srv.HandleRoom("board/{id}", Board)

	mux := http.NewServeMux()
	mux.Handle("/ws", srv) // clients connect to ws://127.0.0.1:8080/ws
	server := simplysocket.NewHTTPServer(mux)
	server.Addr = "127.0.0.1:8080"
	log.Fatal(server.ListenAndServe())
}
