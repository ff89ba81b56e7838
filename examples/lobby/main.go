// Command lobby serves clients that enter rooms through the lobby: they send `join-room`
// to it, with the name of the room and the number of players in the body. The rooms
// themselves are relay rooms.
package main

import (
	"log"
	"net/http"

	"github.com/DhruvikDonga/simplysocket"
)

// wish is a client's request to the lobby.
type wish struct {
	RoomName    string `json:"roomname"`
	PlayerLimit int    `json:"playerlimit"`
}

// place is the parameters for joining a relay room. The limit is set by the client that
// opens the room.
type place struct {
	Capacity int `json:"capacity,omitempty"`
}

func main() {
	srv, err := newServer()
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	server := simplysocket.NewHTTPServer(mux)
	server.Addr = "127.0.0.1:8080"
	log.Fatal(server.ListenAndServe())
}

func newServer() (*simplysocket.Server, error) {
	srv, err := simplysocket.New(&simplysocket.Options{Lobby: "mesh-global"})
	if err != nil {
		return nil, err
	}
	srv.HandleRoom("mesh-global", func(lobby *simplysocket.Room) error {
		simplysocket.On(lobby, "join-room", func(m *simplysocket.Member, w wish) error {
			return m.JoinRoom(w.RoomName, place{Capacity: w.PlayerLimit})
		})
		return nil
	})
	return srv, nil
}
