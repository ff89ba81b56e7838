package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// status gets a page of the server and returns its status.
func (s *server) status(path string) int {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(strings.TrimSuffix(s.url, "/") + path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode
}

const readLimit = 1 << 16

// silent connects a client that does not answer close frames.
func (s *server) silent() *peer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	conn, err := socket.Dial(ctx, s.webSocket, socket.DialOptions{ReadLimit: readLimit})
	if err != nil {
		s.t.Fatal(err)
	}
	p := newPeer(conn)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	receive(s.t, p.messages) // once it is welcomed, a shutdown waits for it
	return p
}

func TestRoutes(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]int{
		"/healthz": http.StatusOK,
		"/readyz":  http.StatusOK,
		"/ws":      http.StatusUpgradeRequired,
	} {
		if got := s.status(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if !strings.HasPrefix(s.url, "http://127.0.0.1:") || !strings.HasSuffix(s.url, "/") || !strings.HasSuffix(s.webSocket, "/ws") {
		t.Errorf("logged %q and %q", s.url, s.webSocket)
	}
}

func TestURLOfEveryAddress(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0"} {
		s := serve(t, "--addr="+addr)
		if !strings.HasPrefix(s.url, "http://localhost:") {
			t.Errorf("%s: logged %q", addr, s.url)
		}
	}
}

func TestShutdown(t *testing.T) {
	s := serve(t)
	client := connect(t, s.url, "--room=games")
	slow := s.silent()
	s.stop()
	s.stderr.until("shutting down")
	for end := time.Now().Add(patience); s.status("/readyz") != http.StatusServiceUnavailable; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("ready while it shuts down")
		}
	}
	if got := s.status("/healthz"); got != http.StatusOK {
		t.Errorf("healthz: %d", got)
	}
	refused := start(t, "connect", s.url)
	refused.exit(1)
	refused.stderr.until("503")
	client.stderr.until("connection lost, coming back")
	if err := slow.conn.CloseNow(); err != nil {
		t.Fatal(err)
	}
	s.exit(0)
}

func TestShutdownTimeout(t *testing.T) {
	s := serve(t, "--shutdown-timeout=20ms")
	s.silent()
	s.stop()
	s.exit(1)
	s.stderr.until("not all connections ended in 20ms")
}

func TestLimits(t *testing.T) {
	t.Run("defaults are the library's", func(t *testing.T) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		plain := httptest.NewServer(srv)
		defer plain.Close()
		if got, want := limits(t, serve(t).url), limits(t, plain.URL); got != want {
			t.Errorf("serve has %+v, the library %+v", got, want)
		}
	})
	t.Run("0 is none", func(t *testing.T) {
		got := limits(t, serve(t, "--read-limit=0", "--rate=0", "--burst=0", "--max-rooms-per-client=0").url)
		if got.Bytes != simplysocket.Unlimited || got.Rate != simplysocket.Unlimited || got.Burst != simplysocket.Unlimited || got.Rooms != simplysocket.Unlimited {
			t.Errorf("limits are %+v", got)
		}
	})
	t.Run("--read-limit", func(t *testing.T) {
		client := connect(t, serve(t, "--read-limit=200").url)
		client.enter(strings.Repeat("x", 201))
		client.stderr.until("error too-large: ")
	})
	t.Run("--rate", func(t *testing.T) {
		s := serve(t, "--rate=0.001", "--burst=2")
		client := s.silent()
		for range 5 {
			if err := client.conn.WriteText([]byte(`{"action":"x"}`)); err != nil {
				t.Fatal(err)
			}
		}
		s.stderr.until("client floods")
	})
	t.Run("--max-clients", func(t *testing.T) {
		s := serve(t, "--max-clients=1")
		connect(t, s.url)
		second := start(t, "connect", s.url)
		second.exit(1)
		second.stderr.until("503 Service Unavailable")
	})
	t.Run("--max-clients-per-address", func(t *testing.T) {
		s := serve(t, "--max-clients-per-address=1")
		connect(t, s.url)
		second := start(t, "connect", s.url)
		second.exit(1)
		second.stderr.until("429 Too Many Requests")
	})
	t.Run("--max-rooms-per-client", func(t *testing.T) {
		client := connect(t, serve(t, "--max-rooms-per-client=1").url, "--room=a", "--room=b")
		client.stdout.until(string(protocol.CodeLimitExceeded))
	})
}

func TestOrigin(t *testing.T) {
	s := serve(t, "--origin=https://good.example", "--origin=https://other.example")
	for origin, want := range map[string]bool{
		"https://good.example":  true,
		"https://other.example": true,
		"https://evil.example":  false,
	} {
		o := socket.DialOptions{Header: http.Header{"Origin": {origin}}, ReadLimit: readLimit}
		conn, err := socket.Dial(t.Context(), s.webSocket, o)
		if got := err == nil; got != want {
			t.Errorf("%s: %v", origin, err)
		}
		if err == nil {
			_ = conn.CloseNow()
		}
	}
}

func TestTrustedProxy(t *testing.T) {
	s := serve(t, "--trusted-proxy=127.0.0.0/8", "--max-clients-per-address=1")
	for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
		o := socket.DialOptions{Header: http.Header{"X-Forwarded-For": {address}}, ReadLimit: readLimit}
		conn, err := socket.Dial(t.Context(), s.webSocket, o)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		defer conn.CloseNow()
	}
}

func TestCompression(t *testing.T) {
	for _, on := range []bool{false, true} {
		var args []string
		if on {
			args = append(args, "--compression")
		}
		s := serve(t, args...)
		conn, err := socket.Dial(t.Context(), s.webSocket, socket.DialOptions{Compression: true, ReadLimit: readLimit})
		if err != nil {
			t.Fatal(err)
		}
		if conn.Deflate() != on {
			t.Errorf("%v: compression is %t", args, conn.Deflate())
		}
		_ = conn.CloseNow()
	}
}

func TestLogLevel(t *testing.T) {
	s := start(t, "serve", "--addr=127.0.0.1:0", "--log-level=warn")
	s.stop()
	s.exit(0)
	if said := s.stderr.String(); said != "" {
		t.Errorf("logged %s", said)
	}
}

// TestDebugLog: from debug on, and only then, the log says who connects, joins, leaves
// and goes.
func TestDebugLog(t *testing.T) {
	for _, level := range []string{"debug", "info"} {
		s := serve(t, "--log-level="+level)
		p := connect(t, s.url, "--room=games")
		p.stdout.until(`"re":"join-room"`)
		client := `"client":"` + slug(t, start(t, "connect", s.url, "--room=games")) + `"`
		p.stdout.until(`"client-joined-room"`)
		p.enter("/leave")
		p.stdout.until(`"re":"leave-room"`)
		_ = p.stdin.Close()
		p.exit(0)
		s.stop()
		s.exit(0)
		log := s.stderr.String()
		for _, want := range []string{`"client connected",` + client + `,"address":"127.0.0.1"`, `"member joined","room":"games",` + client + `,"members":2`,
			`"member left","room":"games"`, `"client disconnected"`} {
			if got := strings.Contains(log, want); got != (level == "debug") {
				t.Errorf("at level %s %s: %t in\n%s", level, want, got, log)
			}
		}
	}
}

// TestRefusedHandshakeLog: the log names the flag that would allow the page, and the peer
// that asked.
func TestRefusedHandshakeLog(t *testing.T) {
	s := serve(t, "--trusted-proxy=127.0.0.1")
	header := http.Header{"Origin": {"https://app.example:8443"}, "X-Forwarded-For": {"203.0.113.9"}}
	if conn, err := socket.Dial(t.Context(), s.webSocket, socket.DialOptions{Header: header, ReadLimit: readLimit}); err == nil {
		_ = conn.CloseNow()
		t.Fatal("a foreign page was admitted")
	}
	line := s.stderr.until("handshake refused")
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	for _, want := range []string{`"address":"203.0.113.9"`, `"origin":"https://app.example:8443"`, `"host":"` + host + `"`, `"flag":"--origin https://app.example:8443"`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
}

// TestFlagsOfOptions: the names of flags in logs and errors are real flags.
func TestFlagsOfOptions(t *testing.T) {
	options := reflect.TypeFor[simplysocket.Options]()
	flags := map[string]bool{}
	for _, f := range newParser(&commandLine{}, streams{out: io.Discard, err: io.Discard}, func(int) {}).Model.Children[0].Flags {
		flags["--"+f.Name] = true
	}
	for option, flag := range flagOf {
		if _, ok := options.FieldByName(option); !ok || !flags[flag] {
			t.Errorf("%s and %s are not an option and its flag", option, flag)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	p := start(t, "connect", serve(t, "--heartbeat=200ms").url)
	p.stdout.until(`"heartbeat":200,`)
}

func TestHistory(t *testing.T) {
	for _, test := range []struct {
		flag       string
		kept, gone string
	}{
		{"--history-messages=3", "line 9", "line 1"},
		{"--history-bytes=700", "line 9", "line 1"},
		{"--history-bytes=0", "line 1", ""},
	} {
		p := connect(t, serve(t, test.flag).url, "--room=games")
		for i := range 10 {
			p.enter(fmt.Sprintf("line %d %s", i, strings.Repeat("x", 80)))
		}
		p.enter("/raw history")
		page := p.stdout.until(`"re":"history"`)
		if !strings.Contains(page, test.kept) || test.gone != "" && strings.Contains(page, test.gone) {
			t.Errorf("%s: kept %s", test.flag, page)
		}
	}
	t.Run("--history-age", func(t *testing.T) {
		p := connect(t, serve(t, "--history-age=1ms").url, "--room=games")
		p.enter("gone soon")
		p.stdout.until(`"re":"send-message"`)
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			p.enter("/raw history")
			if !strings.Contains(p.stdout.until(`"re":"history"`), "gone soon") {
				return
			}
			if time.Now().After(end) {
				t.Fatal("it is kept")
			}
		}
	})
}

// TestContextTakeover: whether clients must promise to compress each message
// independently. Some do not keep the promise.
func TestContextTakeover(t *testing.T) {
	const promise = "client_no_context_takeover"
	for flags, want := range map[string]bool{"--compression": true, "--compression --compression-context-takeover": false} {
		s := serve(t, strings.Fields(flags)...)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(s.webSocket, "ws://", "http://", 1), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
			"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
		} {
			request.Header.Set(key, value)
		}
		response, err := (&http.Transport{}).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		answer := response.Header.Get("Sec-WebSocket-Extensions")
		if !strings.Contains(answer, "permessage-deflate") || strings.Contains(answer, promise) != want {
			t.Errorf("%s: agreed to %q", flags, answer)
		}
	}
}
