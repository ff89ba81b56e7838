package socket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// echo is a handler that answers each message with itself and each ping with a
// pong, until the peer closes.
type echo struct {
	conn *socket.Conn
	err  error
}

func (e *echo) Message(p []byte) {
	frame := socket.Text(p)
	if e.conn.Deflate() {
		frame = socket.Deflate(p)
	}
	e.err = errors.Join(e.err, e.conn.Write(frame))
}

func (e *echo) Ping(p []byte) {
	e.err = errors.Join(e.err, e.conn.Write(socket.AppendPong(nil, p)))
}

func (e *echo) Pong() {}

// echoServer serves echoes and reports how each connection ended.
func echoServer(t *testing.T, o socket.UpgradeOptions, secure bool) (server *httptest.Server, url string, ended chan string) {
	t.Helper()
	ended = make(chan string, 100)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := socket.Check(r); err != nil {
			var refused *socket.HandshakeError
			if errors.As(err, &refused) {
				refused.Respond(w)
			}
			return
		}
		conn, err := socket.Upgrade(w, r, o)
		if err != nil {
			var refused *socket.HandshakeError
			if errors.As(err, &refused) {
				refused.Respond(w)
			}
			ended <- err.Error()
			return
		}
		go func() {
			e := &echo{conn: conn}
			err := conn.Read(e)
			var closed *socket.CloseError
			if errors.As(err, &closed) {
				_ = conn.Write(socket.AppendClose(nil, closed.Code, ""))
				if !closed.Peer {
					conn.Drain(5 * time.Second)
				}
			}
			_ = conn.CloseNow()
			ended <- outcome(errors.Join(err, e.err))
		}()
	})
	if secure {
		server = httptest.NewTLSServer(handler)
	} else {
		server = httptest.NewServer(handler)
	}
	t.Cleanup(server.Close)
	return server, "ws" + strings.TrimPrefix(server.URL, "http"), ended
}

const goodHandshake = "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func TestCheck(t *testing.T) {
	tests := []struct {
		name, old, new string
		status         int
		header, value  string
	}{
		{"good", "", "", 101, "Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"POST", "GET", "POST", 405, "Allow", "GET"},
		{"HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 505, "", ""},
		{"no upgrade", "Upgrade: WebSocket\r\n", "", 426, "Upgrade", "websocket"},
		{"another upgrade", "Upgrade: WebSocket", "Upgrade: h2c", 426, "", ""},
		{"no connection upgrade", "keep-alive, Upgrade", "keep-alive", 426, "", ""},
		{"version 8", "Version: 13", "Version: 8", 426, "Sec-WebSocket-Version", "13"},
		{"no version", "Sec-WebSocket-Version: 13\r\n", "", 426, "Sec-WebSocket-Version", "13"},
		{"version twice", "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", 426, "", ""},
		{"no key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400, "", ""},
		{"short key", "dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 400, "", ""},
		{"key is not base64", "dGhlIHNhbXBsZSBub25jZQ==", "????????????????????????", 400, "", ""},
		{"no host", "Host: x", "Host:", 400, "", ""},
		{"malformed extensions", "Upgrade: WebSocket\r\n", "Upgrade: WebSocket\r\nSec-WebSocket-Extensions: permessage-deflate; =\r\n", 400, "", ""},
		{"key twice", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400, "", ""},
	}
	server, _, _ := echoServer(t, socket.UpgradeOptions{Compression: true, ReadLimit: limit}, false)
	for _, tt := range tests {
		nc, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(nc, strings.Replace(goodHandshake, tt.old, tt.new, 1))
		r, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if r.StatusCode != tt.status || r.Header.Get(tt.header) != tt.value {
			t.Errorf("%s: %d, %s: %s", tt.name, r.StatusCode, tt.header, r.Header.Get(tt.header))
		}
		_ = nc.Close()
	}
}

func dial(t *testing.T, url string, o socket.DialOptions) *socket.Conn {
	t.Helper()
	if o.ReadLimit == 0 {
		o.ReadLimit = 1 << 20
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := socket.Dial(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// talker sends one message after the other and then closes.
type talker struct {
	conn *socket.Conn
	say  []string
	got  []string
}

func (k *talker) next() {
	if len(k.say) == 0 {
		_ = k.conn.WriteClose(1000, "done")
		return
	}
	_ = k.conn.WriteText([]byte(k.say[0]))
	k.say = k.say[1:]
}

func (k *talker) Message(p []byte) {
	k.got = append(k.got, string(p))
	k.next()
}
func (k *talker) Ping([]byte) {}
func (k *talker) Pong()       {}

func TestEcho(t *testing.T) {
	messages := []string{"", "hello", strings.Repeat("é", 100), strings.Repeat("x", 65_535), strings.Repeat("y", 65_536), strings.Repeat("z", 300_000)}
	for _, secure := range []bool{false, true} {
		for _, compression := range []bool{false, true} {
			_, url, ended := echoServer(t, socket.UpgradeOptions{Subprotocol: "b", Compression: compression, ReadLimit: 1 << 20}, secure)
			o := socket.DialOptions{Subprotocols: []string{"a", "b"}, Compression: true}
			if secure {
				o.TLS = &tls.Config{InsecureSkipVerify: true}
			}
			conn := dial(t, url, o)
			if conn.Subprotocol() != "b" || conn.Deflate() != compression || conn.Direct() == secure {
				t.Errorf("secure %v: subprotocol %q, deflate %v, direct %v", secure, conn.Subprotocol(), conn.Deflate(), conn.Direct())
			}
			k := &talker{conn: conn, say: messages}
			k.next()
			if end := outcome(conn.Read(k)); end != "peer closed 1000 " {
				t.Errorf("client: %s", end)
			}
			if end := <-ended; end != "peer closed 1000 done" {
				t.Errorf("server: %s", end)
			}
			if strings.Join(k.got, "|") != strings.Join(messages, "|") {
				t.Errorf("secure %v, compression %v: %d of %d echoes", secure, compression, len(k.got), len(messages))
			}
		}
	}
}

func TestDialRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	_, err := socket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), socket.DialOptions{ReadLimit: 1})
	var refused *socket.DialError
	if !errors.As(err, &refused) || refused.Status != 503 || refused.Body != "not now" || refused.Header.Get("Retry-After") != "7" {
		t.Errorf("got %v, %+v", err, refused)
	}
}

// TestBrokenPeer: a peer that breaks the protocol gets the code and then finds the
// connection closed, even while it still writes.
func TestBrokenPeer(t *testing.T) {
	server, _, ended := echoServer(t, socket.UpgradeOptions{ReadLimit: limit}, false)
	nc, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	// A frame follows right after the handshake, and much more after the violation.
	_, _ = io.WriteString(nc, goodHandshake+frame(fin|text, "hi")+frame(fin|text, "a\xff")+strings.Repeat(frame(fin|text, "late"), 1000))
	b := bufio.NewReader(nc)
	if _, err := http.ReadResponse(b, nil); err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, 8)
	if _, err := io.ReadFull(b, rest); err != nil || string(rest) != "\x81\x02hi\x88\x02\x03\xef" {
		t.Errorf("got % x, %v", rest, err)
	}
	if _, err := b.ReadByte(); err != io.EOF {
		t.Errorf("after the close: %v", err)
	}
	_ = nc.Close()
	if end := <-ended; end != "broken 1007" {
		t.Error(end)
	}
}

func TestExtension(t *testing.T) {
	tests := []struct {
		offer    string
		takeover bool
		answer   string
	}{
		{"", false, ""},
		{"permessage-deflate", false, "permessage-deflate;server_no_context_takeover;client_no_context_takeover"},
		{"permessage-deflate", true, "permessage-deflate;server_no_context_takeover"},
		{"permessage-deflate; client_no_context_takeover", true, "permessage-deflate;server_no_context_takeover;client_no_context_takeover"},
		{"permessage-deflate; client_max_window_bits", true, "permessage-deflate;server_no_context_takeover"},
		{"permessage-deflate; client_max_window_bits=10", true, "permessage-deflate;server_no_context_takeover"},
		{"permessage-deflate; client_max_window_bits=16", true, ""},
		{"permessage-deflate; server_max_window_bits=15", true, "permessage-deflate;server_no_context_takeover;server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=10", true, ""},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", true, "permessage-deflate;server_no_context_takeover"},
		{"permessage-deflate; unknown", true, ""},
		{"x-webkit-deflate-frame", true, ""},
	}
	for _, tt := range tests {
		server, _, ended := echoServer(t, socket.UpgradeOptions{Compression: true, ContextTakeover: tt.takeover, ReadLimit: limit}, false)
		nc, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		extension := ""
		if tt.offer != "" {
			extension = "Sec-WebSocket-Extensions: " + tt.offer + "\r\n"
		}
		_, _ = io.WriteString(nc, strings.Replace(goodHandshake, "Upgrade: WebSocket\r\n", "Upgrade: WebSocket\r\n"+extension, 1))
		r, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(r.Header.Get("Sec-WebSocket-Extensions"), " ", ""); r.StatusCode != http.StatusSwitchingProtocols || got != tt.answer {
			t.Errorf("%q, takeover %v: %d %q, want %q", tt.offer, tt.takeover, r.StatusCode, got, tt.answer)
		}
		_ = nc.Close()
		<-ended
	}
}

func TestSubprotocols(t *testing.T) {
	r := &http.Request{Header: http.Header{"Sec-Websocket-Protocol": {"a, b", " c ,,"}}}
	if got := strings.Join(socket.Subprotocols(r), "|"); got != "a|b|c" {
		t.Error(got)
	}
}
