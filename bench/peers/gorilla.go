package main

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

const (
	gorillaModule = "github.com/gorilla/websocket"

	gorillaWriteWait  = 10 * time.Second
	gorillaPongWait   = 60 * time.Second
	gorillaPingPeriod = gorillaPongWait * 9 / 10
	gorillaQueue      = 256
)

// gorilla is the library as its chat example shows it: a goroutine that owns
// the room, and two goroutines and a queue for each client.
var gorilla = candidate{
	name:    "gorilla",
	library: gorillaModule,
	differs: "a queue of 256 per client, which is disconnected when it is full; waiting messages share a frame, separated by newlines; framed, compressed and written per client; pings, no acknowledgment",
	serve: func(c config) (http.Handler, error) {
		hubs := newRooms(
			func(string) *hub { return startHub(c) },
			func(h *hub) { close(h.done) },
		)
		upgrader := gorillaUpgrader(c)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			name := r.URL.Query().Get("room")
			p := &pump{
				hub:  hubs.enter(name),
				conn: conn,
				send: make(chan []byte, gorillaQueue),
				id:   newID(),
			}
			p.hub.register <- p
			go p.write()
			go func() {
				p.read()
				hubs.leave(name)
			}()
		}), nil
	},
}

// gorillaUpgrader has the buffer sizes of the chat example.
func gorillaUpgrader(c config) *websocket.Upgrader {
	return &websocket.Upgrader{
		ReadBufferSize:    1024,
		WriteBufferSize:   1024,
		EnableCompression: c.Deflate,
	}
}

// hub is a room that is owned by one goroutine.
type hub struct {
	register   chan *pump
	unregister chan *pump
	broadcast  chan *Message
	done       chan struct{}
}

func startHub(c config) *hub {
	h := &hub{
		register:   make(chan *pump),
		unregister: make(chan *pump),
		broadcast:  make(chan *Message),
		done:       make(chan struct{}),
	}
	go h.run(c)
	return h
}

func (h *hub) run(c config) {
	var state state
	members := make(map[*pump]bool)
	offer := func(p *pump, payload []byte) {
		select {
		case p.send <- payload:
		default:
			delete(members, p)
			close(p.send)
		}
	}
	say := func(m *Message) {
		payload := encode(m)
		for p := range members {
			offer(p, payload)
		}
	}
	var ticks <-chan time.Time
	if c.TickMS > 0 {
		t := time.NewTicker(c.tick())
		defer t.Stop()
		ticks = t.C
	}
	for {
		select {
		case p := <-h.register:
			members[p] = true
			offer(p, joinedRoom)
		case p := <-h.unregister:
			if members[p] {
				delete(members, p)
				close(p.send)
			}
		case m := <-h.broadcast:
			if state.accept(m) {
				say(m)
			}
		case <-ticks:
			say(state.tick(c.Body))
		case <-h.done:
			return
		}
	}
}

// pump moves messages between a connection and its hub.
type pump struct {
	hub  *hub
	conn *websocket.Conn
	send chan []byte // closed by the hub
	id   string
}

func (p *pump) read() {
	defer func() {
		p.hub.unregister <- p
		_ = p.conn.Close()
	}()
	alive := func(string) error { return p.conn.SetReadDeadline(time.Now().Add(gorillaPongWait)) }
	p.conn.SetReadLimit(readLimit) // the example's is 512
	p.conn.SetPongHandler(alive)
	if alive("") != nil {
		return
	}
	for {
		_, payload, err := p.conn.ReadMessage()
		if err != nil {
			return
		}
		m, err := decode(payload, p.id)
		if err != nil {
			return
		}
		p.hub.broadcast <- m
	}
}

func (p *pump) write() {
	pings := time.NewTicker(gorillaPingPeriod)
	defer func() {
		pings.Stop()
		_ = p.conn.Close()
	}()
	for {
		var err error
		select {
		case payload, open := <-p.send:
			if err = p.conn.SetWriteDeadline(time.Now().Add(gorillaWriteWait)); err != nil {
				return
			}
			if !open {
				_ = p.conn.WriteMessage(websocket.CloseMessage, nil)
				return
			}
			err = p.frame(payload)
		case <-pings.C:
			err = p.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(gorillaWriteWait))
		}
		if err != nil {
			return
		}
	}
}

// frame writes first and the messages waiting after it as one message.
func (p *pump) frame(first []byte) error {
	w, err := p.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	if _, err := w.Write(first); err != nil {
		return err
	}
	for range len(p.send) {
		if _, err := w.Write([]byte{'\n'}); err != nil {
			return err
		}
		if _, err := w.Write(<-p.send); err != nil {
			return err
		}
	}
	return w.Close()
}

// gorillaPrepared frames a message once for all members and writes it to each from the
// sender's goroutine.
var gorillaPrepared = candidate{
	name:    "gorilla-prepared",
	library: gorillaModule,
	differs: "a message is framed (and compressed) once and written to each member under the room's lock, so a slow one holds the room for up to 10 s; no queue, no pings, no acknowledgment",
	serve: func(c config) (http.Handler, error) {
		rooms := newRoomsOf(c, broadcastPrepared)
		upgrader := gorillaUpgrader(c)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			conn.SetReadLimit(readLimit)
			name := r.URL.Query().Get("room")
			room := rooms.enter(name)
			go func() {
				defer rooms.leave(name)
				defer conn.Close()
				room.join(conn, func() {
					broadcastPrepared([]*websocket.Conn{conn}, joinedRoom)
				})
				defer room.leave(conn)
				id := newID()
				for {
					_, payload, err := conn.ReadMessage()
					if err != nil || room.hear(payload, id) != nil {
						return
					}
				}
			}()
		}), nil
	},
}

// broadcastPrepared needs no lock for a connection: it holds the room's, and the library
// itself orders the pongs that it sends.
func broadcastPrepared(members []*websocket.Conn, payload []byte) {
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, payload)
	if err != nil {
		return
	}
	deadline := time.Now().Add(gorillaWriteWait)
	for _, conn := range members {
		err := conn.SetWriteDeadline(deadline)
		if err == nil {
			err = conn.WritePreparedMessage(m)
		}
		if err != nil {
			_ = conn.Close() // ends its reader, and thereby the membership
		}
	}
}
