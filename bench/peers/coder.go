package main

import (
	"context"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

const (
	coderQueue     = 16
	coderWriteWait = 5 * time.Second
)

// coder is the library as its chat example shows it. The example takes messages over
// HTTP, ten per second at most; here they come over the socket, without a limit.
var coder = candidate{
	name:    "coder",
	library: "github.com/coder/websocket",
	differs: "a queue of 16 per client, which is disconnected when it is full; framed, compressed and written per client; no pings, no acknowledgment",
	serve: func(c config) (http.Handler, error) {
		rooms := newRoomsOf(c, coderSend)
		options := &websocket.AcceptOptions{}
		if c.Deflate {
			options.CompressionMode = websocket.CompressionNoContextTakeover
			options.CompressionThreshold = deflateFrom // the library's own default
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := websocket.Accept(w, r, options)
			if err != nil {
				return
			}
			defer conn.CloseNow()
			name := r.URL.Query().Get("room")
			room := rooms.enter(name)
			defer rooms.leave(name)
			s := &subscriber{conn: conn, messages: make(chan []byte, coderQueue)}
			room.join(s, func() { s.messages <- joinedRoom })
			defer room.leave(s)

			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				defer cancel()
				id := newID()
				for {
					_, payload, err := conn.Read(ctx)
					if err != nil || room.hear(payload, id) != nil {
						return
					}
				}
			}()
			s.write(ctx)
		}), nil
	},
}

type subscriber struct {
	conn     *websocket.Conn
	messages chan []byte
}

func (s *subscriber) write(ctx context.Context) {
	one := func(payload []byte) error {
		ctx, cancel := context.WithTimeout(ctx, coderWriteWait)
		defer cancel()
		return s.conn.Write(ctx, websocket.MessageText, payload)
	}
	for {
		select {
		case payload := <-s.messages:
			if one(payload) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// coderSend queues payload for each member.
func coderSend(members []*subscriber, payload []byte) {
	for _, s := range members {
		select {
		case s.messages <- payload:
		default:
			go func() { _ = s.conn.Close(websocket.StatusPolicyViolation, "too slow for the room") }()
		}
	}
}
