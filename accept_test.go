package simplysocket_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// status dials and returns the status of the answer, 101 for an upgrade.
func (h *host) status(opts ...dialOption) int {
	h.t.Helper()
	_, err := h.try("", opts...)
	var refused *socket.DialError
	switch {
	case err == nil:
		return http.StatusSwitchingProtocols
	case errors.As(err, &refused):
		return refused.Status
	default:
		h.t.Fatal(err)
		return 0
	}
}

func TestOrigin(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Origins: []string{"https://good.example.com", "https://*.apps.example.com", "http://localhost:3000"}})
	own := strings.TrimSuffix(strings.TrimPrefix(h.url, "ws://"), "/ws")
	for origin, want := range map[string]int{
		"http://" + own:                             101,
		"https://" + own:                            101, // a proxy may end TLS
		"https://good.example.com":                  101,
		"https://GOOD.example.com":                  101,
		"https://a.apps.example.com":                101,
		"http://localhost:3000":                     101,
		"http://good.example.com":                   403,
		"https://good.example.com:444":              403,
		"https://good.example.com.evil.com":         403,
		"https://evilgood.example.com":              403,
		"https://apps.example.com":                  403,
		"https://a.b.apps.example.com":              403,
		"https://evil.com":                          403,
		"https://evil.com/https://good.example.com": 403,
		"https://good.example.com@evil.com":         403,
		"null":                                      403,
		"":                                          403,
		"http://localhost:3001":                     403,
		"file://":                                   403,
	} {
		if got := h.status(header("Origin", origin)); got != want {
			t.Errorf("origin %q: %d, want %d", origin, got, want)
		}
	}
	if got := h.status(); got != 101 {
		t.Errorf("no origin: %d", got)
	}
	if got := serve(t, false, &simplysocket.Options{Origins: []string{"*"}}).status(header("Origin", "https://evil.com")); got != 101 {
		t.Errorf("with *: %d", got)
	}
	for _, bad := range []string{"", "good.example.com", "https://", "https://*good.com", "https://a.com/", "https://a..com"} {
		if _, err := simplysocket.New(&simplysocket.Options{Origins: []string{bad}}); err == nil {
			t.Errorf("origin pattern %q is taken", bad)
		}
	}
}

func TestAuthentication(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	const token = "s3cret-token"
	h := serve(t, false, &simplysocket.Options{
		Logger: slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
			switch simplysocket.Token(r) {
			case token:
				return simplysocket.Identity{User: "ann"}, nil
			case "panic":
				panic("boom")
			}
			return simplysocket.Identity{}, errors.New("unknown token")
		},
	})
	bearer := protocol.BearerPrefix + base64.RawURLEncoding.EncodeToString([]byte(token))
	c := h.connect(header("Authorization", "Bearer "+token))
	if user := h.Client(c.id).Identity().User; user != "ann" {
		t.Errorf("user %q", user)
	}
	page := h.raw("", v1, func(o *socket.DialOptions) { o.Subprotocols = append(o.Subprotocols, bearer) })
	if got := page.conn.Subprotocol(); got != protocol.Subprotocol {
		t.Errorf("subprotocol %q: the token must never be echoed", got)
	}
	page.write(`{"action":"hello"}`)
	page.expect("welcome")

	for _, opts := range [][]dialOption{
		nil,
		{header("Authorization", "Bearer wrong")},
		{header("Authorization", "Basic "+token)},
		{header("Authorization", "Bearer panic")},
	} {
		if got := h.status(opts...); got != 401 {
			t.Errorf("got %d, want 401", got)
		}
		// Where v1 is offered, a page can see the refusal.
		if end := h.raw("", append(opts, v1)...).closing(); end.Code != 4001 {
			t.Errorf("closed with %v, want 4001", end)
		}
	}
	if _, err := h.try("?token=" + token); err == nil {
		t.Error("a token in the URL is believed")
	}
	h.waitForClients(2)
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(log.String(), token) || strings.Contains(log.String(), bearer) {
		t.Error("a token is in the log")
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestToken(t *testing.T) {
	for name, tt := range map[string]struct{ key, value, want string }{
		"none":          {"X", "y", ""},
		"bearer":        {"Authorization", "Bearer abc", "abc"},
		"lower case":    {"Authorization", "bearer abc", "abc"},
		"basic":         {"Authorization", "Basic abc", ""},
		"subprotocol":   {"Sec-WebSocket-Protocol", "simplysocket.v1, bearer.YWJj", "abc"},
		"padded":        {"Sec-WebSocket-Protocol", "bearer.YWI=", "ab"},
		"not base64url": {"Sec-WebSocket-Protocol", "bearer.a+b", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/ws?token=no", nil)
		r.Header.Set(tt.key, tt.value)
		if got := simplysocket.Token(r); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestOnConnect(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Authenticate: byHeader}, func(s *simplysocket.Server) {
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error {
			if c.Identity().User == "banned" {
				return simplysocket.Errorf("forbidden", "you are banned")
			}
			if err := c.Join("home", nil); err != nil {
				return err
			}
			return c.Send("hello", object{"user": c.Identity().User})
		})
	})
	c := h.raw("", header("X-User", "ann"))
	c.expect("welcome")
	if m := c.expect("hello"); m.field("user") != "ann" {
		t.Errorf("got %v", m)
	}
	if first := c.received()[0]; first.Action != "welcome" {
		t.Errorf("the first message is %v", first)
	}
	if end := h.raw("", header("X-User", "banned")).closing(); end.Code != 4003 || !strings.Contains(end.Reason, "you are banned") {
		t.Errorf("closed with %v", end)
	}
}

func TestHello(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("?room=r", v1)
	c.write(`{"action":"hello","message_body":{"session":"unknown"},"id":1}`)
	m := c.expect("welcome")
	if c.received()[0].Action != "welcome" || m.field("session") == "" || !strings.Contains(string(m.Body), `"resumed":false`) {
		t.Errorf("got %v", m)
	}
	c.expect("joined-room")
	client := h.Client(m.field("client"))
	for n := range 3 {
		_ = client.Send("numbered", nil)
		if m := c.expect("numbered"); m.N != uint64(n+1) {
			t.Errorf("n is %d, want %d", m.N, n+1)
		}
	}
	c.write(`{"action":"hello","id":2}`)
	if m := c.answer(2); m.code() != "forbidden" {
		t.Errorf("a second hello: %v", m)
	}
	for _, first := range []string{`{"action":"send-message","target":"lobby"}`, `nonsense`, `{}`} {
		c := h.raw("", v1)
		c.write(first)
		if end := c.closing(); end.Code != 1008 {
			t.Errorf("%s first: closed with %v", first, end)
		}
	}
}

// TestGoneBeforeHello has a v1 client close before its hello: it must not keep
// its place.
func TestGoneBeforeHello(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("", v1)
	_ = c.conn.WriteClose(1000, "")
	if end := c.closing(); end.Code != 1000 {
		t.Errorf("close was answered with %v", end)
	}
	_ = h.raw("", v1).conn.CloseNow()
	h.waitForClients(0)
}

// TestRevokedWhileConnecting disconnects clients that are about to be let in:
// they must not stay in the lobby.
func TestRevokedWhileConnecting(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error {
			c.Disconnect(protocol.CloseUnauthenticated, "revoked")
			return nil
		})
	})
	plain, page := h.raw(""), h.raw("", v1)
	page.write(`{"action":"hello"}`)
	for _, c := range []*client{plain, page} {
		if end := c.closing(); end.Code != 4001 || end.Reason != "revoked" {
			t.Errorf("closed with %v", end)
		}
		if got := c.received(); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	}
	h.waitForClients(0)
	if s := h.Stats(); s.Joins != s.Leaves || s.Connects != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestLimitsOfConnections(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MaxClients: 2, MaxClientsPerAddress: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	forwarded := func(address string) dialOption { return header("X-Forwarded-For", address) }
	a := h.connect(forwarded("10.0.0.1"))
	if got := h.status(forwarded("10.0.0.1")); got != 429 {
		t.Errorf("a second client of the address: %d", got)
	}
	// What the client itself has written in front is not believed.
	if got := h.status(forwarded("10.9.9.9, 10.0.0.1")); got != 429 {
		t.Errorf("a forged address: %d", got)
	}
	h.connect(forwarded("10.0.0.2"))
	if got := h.status(forwarded("10.0.0.3")); got != 503 {
		t.Errorf("a third client: %d", got)
	}
	_ = a.conn.WriteClose(1000, "")
	_ = a.closing()
	h.waitForClients(1)
	h.connect(forwarded("10.0.0.1"))

	// Without a trusted proxy the header means nothing.
	h = serve(t, false, &simplysocket.Options{MaxClientsPerAddress: 1})
	h.connect(forwarded("10.0.0.1"))
	if got := h.status(forwarded("10.0.0.2")); got != 429 {
		t.Errorf("an untrusted X-Forwarded-For: %d", got)
	}
}

func TestHTTPServerLimits(t *testing.T) {
	h := serve(t, false, nil)
	address := strings.TrimSuffix(strings.TrimPrefix(h.url, "ws://"), "/ws")
	ask := func(request string) (*http.Response, error) {
		nc, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_, _ = io.WriteString(nc, request)
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		return http.ReadResponse(bufio.NewReader(nc), nil)
	}
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"oversized header": {"GET /ws HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
		"many headers":     {"GET /ws HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: yyyyyyyyyy\r\n", 10_000) + "\r\n", 431},
		"POST":             {"POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405},
		"plain GET":        {"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426},
	} {
		r, err := ask(tt.request)
		if err != nil || r.StatusCode != tt.status {
			t.Errorf("%s: %v, %v, want %d", name, r, err, tt.status)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]simplysocket.Options{
		"MaxMessageBytes": {MaxMessageBytes: -1},
		"OutboxBytes":     {OutboxBytes: -1},
		"Name":            {Name: "a b"},
		"Lobby":           {Lobby: "/"},
	} {
		if _, err := simplysocket.New(&o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTrace(t *testing.T) {
	var mu sync.Mutex
	var events []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, fmt.Sprintf(format, args...))
	}
	gone := make(chan struct{})
	h := serve(t, false, &simplysocket.Options{Trace: &simplysocket.Trace{
		Connect:    func(i simplysocket.ConnectInfo) { note("connect %v", i.Client != "" && i.Address != "") },
		Disconnect: func(i simplysocket.DisconnectInfo) { note("disconnect %d %s", i.Code, i.Reason); close(gone) },
		Join:       func(i simplysocket.JoinInfo) { note("join %s %d", i.Room, i.Members) },
		Leave:      func(i simplysocket.LeaveInfo) { note("leave %s %d %s", i.Room, i.Members, i.Reason) },
		Message: func(i simplysocket.MessageInfo) {
			note("message %s %s %d", i.Room, i.Action, i.Bytes)
			panic("a trace that panics harms nobody")
		},
	}})
	c := h.member("r")
	c.call("x", "r", object{"a": 1})
	c.call("leave-room", "r", nil)
	_ = c.conn.WriteClose(1000, "bye")
	<-gone
	mu.Lock()
	defer mu.Unlock()
	got := strings.Join(events, ", ")
	for _, want := range []string{"connect true", "join lobby 1", "join r 1", "message r x 7", "leave r 0 left", "disconnect 1000 bye"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if s := h.Stats(); s.Connects != 1 || s.Disconnects != 1 || s.Joins != 2 || s.Received != 3 || s.Delivered == 0 {
		t.Errorf("stats %+v", s)
	}
}
