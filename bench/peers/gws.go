package main

import (
	"net/http"

	"github.com/lxzan/gws"
)

// gwsBroadcast is the library with its Broadcaster, as its README shows it.
var gwsBroadcast = candidate{
	name:    "gws",
	library: "github.com/lxzan/gws",
	differs: "a message is framed (and compressed) once; an unbounded queue per client, with a goroutine while there is something to write, with one write per message; no pings, no acknowledgment",
	serve: func(c config) (http.Handler, error) {
		h := &gwsHandler{rooms: newRoomsOf(c, gwsSend)}
		upgrader := gws.NewUpgrader(h, &gws.ServerOption{
			// The README also turns ParallelEnabled on. That gives up the order in which
			// a client's messages are handled, so it stays off, the default.
			PermessageDeflate: gws.PermessageDeflate{
				Enabled:   c.Deflate,
				Threshold: deflateFrom, // the library's own default
			},
			Authorize: func(r *http.Request, session gws.SessionStorage) bool {
				session.Store(gwsKey, &gwsMember{name: r.URL.Query().Get("room"), id: newID()})
				return true
			},
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			socket, err := upgrader.Upgrade(w, r)
			if err != nil {
				return
			}
			go socket.ReadLoop()
		}), nil
	},
}

const gwsKey = "member"

type gwsMember struct {
	name string
	id   string
	room *room[*gws.Conn]
}

// gwsHandler leaves out the README's deadlines: they last from one ping of the client to
// the next, and the job's clients send none.
type gwsHandler struct {
	gws.BuiltinEventHandler
	rooms *rooms[*room[*gws.Conn]]
}

func gwsMemberOf(socket *gws.Conn) *gwsMember {
	m, _ := socket.Session().Load(gwsKey)
	return m.(*gwsMember)
}

// OnOpen is called before anything is read.
func (h *gwsHandler) OnOpen(socket *gws.Conn) {
	m := gwsMemberOf(socket)
	m.room = h.rooms.enter(m.name)
	m.room.join(socket, func() { socket.WriteAsync(gws.OpcodeText, joinedRoom, nil) })
}

// OnClose is called by the goroutine that called OnOpen, after it.
func (h *gwsHandler) OnClose(socket *gws.Conn, _ error) {
	m := gwsMemberOf(socket)
	m.room.leave(socket)
	h.rooms.leave(m.name)
}

// OnMessage is called for one message of a client after the other.
func (h *gwsHandler) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	m := gwsMemberOf(socket)
	if m.room.hear(message.Bytes(), m.id) != nil {
		_ = socket.NetConn().Close()
	}
}

// gwsSend queues payload for each member.
func gwsSend(members []*gws.Conn, payload []byte) {
	b := gws.NewBroadcaster(gws.OpcodeText, payload)
	defer b.Close()
	for _, socket := range members {
		// An error on a connection ends it.
		_ = b.Broadcast(socket)
	}
}
