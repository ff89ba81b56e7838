package main

import (
	"net/http"

	"github.com/olahol/melody"
)

// melodySessions is the library with the application's own rooms: its BroadcastFilter
// checks every session of the server for every message.
var melodySessions = candidate{
	name:    "melody",
	library: "github.com/olahol/melody",
	differs: "a queue of 256 per client; a message that does not fit is lost for that client; framed, compressed and written per client; pings, no acknowledgment",
	serve: func(c config) (http.Handler, error) {
		rooms := newRoomsOf(c, melodySend)
		server := melody.New()
		server.Config.MaxMessageSize = readLimit // the default is 512
		server.Upgrader.EnableCompression = c.Deflate
		server.HandleConnect(func(s *melody.Session) {
			member := melodyMemberOf(s)
			member.room.join(s, func() { _ = s.Write(joinedRoom) })
		})
		server.HandleMessage(func(s *melody.Session, payload []byte) {
			member := melodyMemberOf(s)
			if member.room.hear(payload, member.id) != nil {
				_ = s.Close()
			}
		})
		server.HandleDisconnect(func(s *melody.Session) { melodyMemberOf(s).room.leave(s) })
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := r.URL.Query().Get("room")
			member := &melodyMember{id: newID(), room: rooms.enter(name)}
			defer rooms.leave(name)
			// It returns when the session has ended. A failed handshake concerns only the
			// client, and was answered.
			_ = server.HandleRequestWithKeys(w, r, map[string]any{melodyKey: member})
		}), nil
	},
}

const melodyKey = "member"

type melodyMember struct {
	id   string
	room *room[*melody.Session]
}

func melodyMemberOf(s *melody.Session) *melodyMember {
	return s.MustGet(melodyKey).(*melodyMember)
}

// melodySend queues payload for each member. The library's BroadcastMultiple does the
// same, but leaves out all members after a closed session.
func melodySend(members []*melody.Session, payload []byte) {
	for _, s := range members {
		// A session that has closed is about to leave the room.
		_ = s.Write(payload)
	}
}
