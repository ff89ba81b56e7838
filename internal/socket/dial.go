package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
)

// DialOptions configures [Dial].
type DialOptions struct {
	Subprotocols []string // to offer
	Header       http.Header
	Compression  bool  // offer permessage-deflate, without context takeover
	ReadLimit    int64 // of a message's bytes
	TLS          *tls.Config
	NetDial      func(ctx context.Context, network, address string) (net.Conn, error)
}

// DialError is a handshake that the server has refused.
type DialError struct {
	Status int
	Header http.Header
	Body   string // its beginning
}

// Error says what the server answered.
func (e *DialError) Error() string {
	return fmt.Sprintf("websocket: the server answered %d %s: %s", e.Status, http.StatusText(e.Status), e.Body)
}

// Dial connects to a ws:// or wss:// URL in the client's role. The context
// bounds the handshake. A server that refuses is a [*DialError].
func Dial(ctx context.Context, url string, o DialOptions) (*Conn, error) {
	var refused *DialError
	d := ws.Dialer{
		Protocols: o.Subprotocols,
		Header:    ws.HandshakeHeaderHTTP(o.Header),
		NetDial:   o.NetDial,
		TLSConfig: o.TLS,
		OnStatusError: func(status int, _ []byte, response io.Reader) {
			refused = readRefusal(status, response)
		},
	}
	if o.Compression {
		var offer httphead.Option
		offer.Name = []byte(permessageDeflate)
		offer.Parameters.Set([]byte(serverNoContextTakeover), nil)
		offer.Parameters.Set([]byte(clientNoContextTakeover), nil)
		d.Extensions = []httphead.Option{offer}
	}
	nc, buffered, handshake, err := d.Dial(ctx, url)
	if err != nil {
		if refused != nil {
			return nil, refused
		}
		return nil, fmt.Errorf("websocket: dial %s: %w", url, err)
	}
	c := newConn(nc, buffered, ws.StateClientSide.Set(ws.StateExtended), o.ReadLimit)
	if buffered != nil {
		ws.PutReader(buffered)
	}
	c.subprotocol = handshake.Protocol
	c.deflate = len(handshake.Extensions) > 0
	return c, nil
}

// WriteText writes a text message in the client's role. It may be called
// concurrently.
func (c *Conn) WriteText(payload []byte) error { return c.writeMasked(ws.OpText, payload) }

// WritePong answers a ping in the client's role.
func (c *Conn) WritePong(payload []byte) error { return c.writeMasked(ws.OpPong, payload) }

// WriteClose writes a close frame in the client's role; see [AppendClose].
func (c *Conn) WriteClose(code uint16, reason string) error {
	frame := AppendClose(nil, code, reason)
	return c.writeMasked(ws.OpClose, frame[ws.MinHeaderSize:])
}

var errNotClient = errors.New("websocket: only the client masks its frames")

func (c *Conn) writeMasked(op ws.OpCode, payload []byte) error {
	if !c.client {
		return errNotClient
	}
	header := ws.Header{Fin: true, OpCode: op, Length: int64(len(payload)), Masked: true, Mask: ws.NewMask()}
	size := ws.HeaderSize(header)
	frame := appendHeader(make([]byte, 0, size+len(payload)), header)
	frame = append(frame, payload...)
	ws.Cipher(frame[size:], header.Mask, 0)
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.Write(frame)
}
