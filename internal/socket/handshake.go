package socket

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// HandshakeError is a request that is refused before it is upgraded.
type HandshakeError struct {
	Status  int
	Header  http.Header // of the response; may be nil
	Message string
}

// Error says what was refused.
func (e *HandshakeError) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Message) }

// Respond answers the request.
func (e *HandshakeError) Respond(w http.ResponseWriter) {
	for key, values := range e.Header {
		w.Header()[key] = values
	}
	http.Error(w, e.Message, e.Status)
}

// Check returns what keeps r from being a WebSocket handshake (RFC 6455 section
// 4.2.1), a [*HandshakeError], or nil.
func Check(r *http.Request) error {
	switch {
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1:
		return Refuse(http.StatusHTTPVersionNotSupported, "a WebSocket handshake needs HTTP/1.1")
	case r.Method != http.MethodGet:
		return Refuse(http.StatusMethodNotAllowed, "a WebSocket handshake is a GET", "Allow", http.MethodGet)
	case !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", "websocket"):
		return Refuse(http.StatusUpgradeRequired, "this is a WebSocket endpoint", "Upgrade", "websocket", "Connection", "Upgrade")
	case !isOnly(r.Header, "Sec-Websocket-Version", "13"):
		return Refuse(http.StatusUpgradeRequired, "the WebSocket version must be 13", "Sec-WebSocket-Version", "13")
	}
	if r.Host == "" {
		return Refuse(http.StatusBadRequest, "there must be a Host")
	}
	keys := r.Header.Values("Sec-Websocket-Key")
	if len(keys) != 1 {
		return Refuse(http.StatusBadRequest, "there must be one Sec-WebSocket-Key")
	}
	if nonce, err := base64.StdEncoding.DecodeString(keys[0]); err != nil || len(nonce) != 16 {
		return Refuse(http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes in base64")
	}
	return nil
}

// Refuse returns a HandshakeError whose response has these headers: keys, each
// with its value.
func Refuse(status int, message string, header ...string) *HandshakeError {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1]) //nolint:gosec // pairs, by its callers
	}
	return &HandshakeError{Status: status, Header: h, Message: message}
}

func isOnly(h http.Header, key, value string) bool {
	values := h[key]
	return len(values) == 1 && strings.TrimSpace(values[0]) == value
}

func hasToken(h http.Header, key, token string) bool {
	for _, value := range h[key] {
		for t := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// Subprotocols returns the subprotocols that the client offers, in its order.
func Subprotocols(r *http.Request) []string {
	var offered []string
	for _, value := range r.Header["Sec-Websocket-Protocol"] {
		for p := range strings.SplitSeq(value, ",") {
			if p = strings.TrimSpace(p); p != "" {
				offered = append(offered, p)
			}
		}
	}
	return offered
}

// UpgradeOptions says what a handshake may agree on.
type UpgradeOptions struct {
	Subprotocol      string        // to agree on; it must be among those offered
	Compression      bool          // permessage-deflate
	ContextTakeover  bool          // the peer may compress with its earlier messages
	ReadLimit        int64         // of a message's bytes
	FrameLimit       *FrameLimit   // nil: none
	HandshakeTimeout time.Duration // to write the response
}

// Upgrade completes the handshake of a request that [Check] has found good. The
// request's connection belongs to the returned Conn. A [*HandshakeError] can still
// be answered; after another error nothing can.
func Upgrade(w http.ResponseWriter, r *http.Request, o UpgradeOptions) (*Conn, error) {
	c, response, err := TakeOver(w, r, o)
	if err != nil {
		return nil, err
	}
	if o.HandshakeTimeout > 0 {
		_ = c.nc.SetWriteDeadline(time.Now().Add(o.HandshakeTimeout))
		defer func() { _ = c.nc.SetWriteDeadline(time.Time{}) }() // or the connection is closed
	}
	if err := c.Write(response); err != nil {
		_ = c.CloseNow()
		return nil, fmt.Errorf("websocket: upgrade: %w", err)
	}
	return c, nil
}

// TakeOver is Upgrade without the response, which the caller has to write before
// all else. In one write with the first frame it costs nothing; a write of its own
// takes 10% of the CPU time of a handshake.
func TakeOver(w http.ResponseWriter, r *http.Request, o UpgradeOptions) (c *Conn, response []byte, err error) {
	var deflate agreement
	if o.Compression {
		var ok bool
		if deflate, ok = negotiate(r.Header["Sec-Websocket-Extensions"], o.ContextTakeover); !ok {
			return nil, nil, Refuse(http.StatusBadRequest, "Sec-WebSocket-Extensions is malformed")
		}
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil || nc == nil {
		return nil, nil, Refuse(http.StatusInternalServerError, "this connection cannot be upgraded")
	}
	if rw == nil { // of a middleware that hijacks for itself
		rw = bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))
	}
	_ = nc.SetDeadline(time.Time{}) // the HTTP server's
	c = newConn(nc, rw.Reader, ws.StateServerSide.Set(ws.StateExtended), o.ReadLimit)
	c.subprotocol = o.Subprotocol
	c.flood.limit = o.FrameLimit
	c.deflate, c.takeover = deflate.answer != "", deflate.peerTakeover
	// The writer's buffer is nobody else's any more.
	response = appendResponse(rw.AvailableBuffer(), r.Header["Sec-Websocket-Key"][0], o.Subprotocol, deflate.answer)
	return c, response, nil
}

// appendResponse appends the response of RFC 6455 section 4.2.2.
func appendResponse(b []byte, key, subprotocol, extensions string) []byte {
	accept := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	b = base64.StdEncoding.AppendEncode(b, accept[:])
	if subprotocol != "" {
		b = append(append(b, "\r\nSec-WebSocket-Protocol: "...), subprotocol...)
	}
	if extensions != "" {
		b = append(append(b, "\r\nSec-WebSocket-Extensions: "...), extensions...)
	}
	return append(b, "\r\n\r\n"...)
}
