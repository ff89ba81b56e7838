package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// peer is a client under test.
type peer struct {
	dialect dialect
	conn    *websocket.Conn
	read    *atomic.Int64
	waiting []string
	entered string // the answer that admitted the client, if it says how to reconnect
}

// dialect is how the application's messages are packed.
type dialect int

const (
	dialectPlain dialect = iota
	dialectCentrifuge
	dialectSocketIO
)

func speaks(candidate string) dialect {
	switch candidate {
	case "centrifuge", "centrifuge-tuned":
		return dialectCentrifuge
	case "socket.io":
		return dialectSocketIO
	}
	return dialectPlain
}

// join puts a client into a room, or into the hub if the name is empty.
func join(t *testing.T, c config, address, room string) *peer {
	t.Helper()
	p := dial(t, c, address, room)
	p.enter(t, room)
	return p
}

func dial(t *testing.T, c config, address, room string) *peer {
	t.Helper()
	u := url.URL{Scheme: "ws", Host: address, Path: "/ws"}
	query := url.Values{}
	if room != "" {
		query.Set("room", room)
	}
	if speaks(c.Candidate) == dialectSocketIO {
		u.Path = "/socket.io/"
		query.Set("EIO", "4")
		query.Set("transport", "websocket")
	}
	u.RawQuery = query.Encode()

	p := &peer{dialect: speaks(c.Candidate), read: new(atomic.Int64)}
	d := websocket.Dialer{
		EnableCompression: c.Deflate,
		HandshakeTimeout:  patience,
		NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return counted{Conn: conn, read: p.read}, err
		},
	}
	if c.Cert != "" {
		u.Scheme = "wss"
		d.TLSClientConfig = &tls.Config{RootCAs: pool(t, c.Cert)}
	}
	conn, response, err := d.Dial(u.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	extensions := response.Header.Get("Sec-Websocket-Extensions")
	if got := strings.Contains(extensions, "permessage-deflate"); got != c.Deflate {
		t.Fatalf("extensions %q, want deflate: %v", extensions, c.Deflate)
	}
	p.conn = conn
	return p
}

// enter waits until the client is in its room.
func (p *peer) enter(t *testing.T, room string) {
	t.Helper()
	switch p.dialect {
	case dialectPlain:
		if got := p.next(t); got != string(joinedRoom) {
			t.Fatalf("greeted with %s", got)
		}
	case dialectCentrifuge:
		p.send(t, `{"id":1,"connect":{}}`)
		p.await(t, `{"id":1,"connect":{`)
		if room != "" {
			p.send(t, fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, room))
			p.entered = p.await(t, `{"id":2,"subscribe":{`)
			// The client misses messages between this answer and the moment at which it
			// has subscribed. Commands are handled one after the other, so that is over
			// when the next one is answered, even with an error.
			p.send(t, `{"id":4,"rpc":{}}`)
			p.await(t, `{"id":4,`)
		}
	case dialectSocketIO:
		p.await(t, `0{`)
		p.send(t, `40`)
		p.entered = p.await(t, `40{`)
		p.await(t, `42["joined-room"`)
	}
}

func (p *peer) say(t *testing.T, action, target string, body Line) {
	t.Helper()
	whole := text(t, map[string]any{"action": action, "message_body": body, "target": target})
	switch {
	case p.dialect == dialectSocketIO:
		p.send(t, fmt.Sprintf(`42[%q,%s]`, action, whole))
	case p.dialect == dialectPlain:
		p.send(t, whole)
	case action == actionInput:
		p.send(t, fmt.Sprintf(`{"send":{"data":%s}}`, whole))
	default:
		p.send(t, fmt.Sprintf(`{"id":3,"publish":{"channel":%q,"data":%s}}`, target, text(t, body)))
	}
}

// next waits for the next message of the application.
func (p *peer) next(t *testing.T) string {
	t.Helper()
	for {
		text := p.receive(t)
		switch p.dialect {
		case dialectPlain:
			return text
		case dialectCentrifuge:
			var reply struct {
				Error json.RawMessage `json:"error"`
				Push  struct {
					Pub struct {
						Data json.RawMessage `json:"data"`
					} `json:"pub"`
				} `json:"push"`
			}
			if err := json.Unmarshal([]byte(text), &reply); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if reply.Error != nil {
				t.Fatal(text)
			}
			if reply.Push.Pub.Data != nil {
				return string(reply.Push.Pub.Data)
			}
		case dialectSocketIO:
			if event, ok := strings.CutPrefix(text, `42["say",`); ok {
				return strings.TrimSuffix(event, `]`)
			}
		}
	}
}

func (p *peer) await(t *testing.T, prefix string) string {
	t.Helper()
	for {
		if text := p.receive(t); strings.HasPrefix(text, prefix) {
			return text
		}
	}
}

// receive waits for the next line: some candidates put several into a frame.
func (p *peer) receive(t *testing.T) string {
	t.Helper()
	if len(p.waiting) == 0 {
		_, frame, err := p.conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(frame, []byte{'\n'}) {
			p.waiting = append(p.waiting, string(line))
		}
	}
	first := p.waiting[0]
	p.waiting = p.waiting[1:]
	return first
}

func (p *peer) send(t *testing.T, text string) {
	t.Helper()
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// bytes is how many bytes have arrived over the connection.
func (p *peer) bytes() int64 { return p.read.Load() }

type counted struct {
	net.Conn
	read *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}
