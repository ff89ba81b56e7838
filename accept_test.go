package simplysocket_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// status dials and returns the status of the response, 101 for an upgrade.
func (h *host) status(opts ...dialOption) int {
	h.t.Helper()
	_, err := h.try("", opts...)
	status := servertest.Status(err)
	if status == 0 {
		h.t.Fatal(err)
	}
	return status
}

func TestOrigin(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Origins: []string{"https://good.example.com", "https://*.apps.example.com", "http://localhost:3000"}})
	own := strings.TrimSuffix(strings.TrimPrefix(h.URL, "ws://"), "/ws")
	for origin, want := range map[string]int{
		"http://" + own:                             101,
		"https://" + own:                            101, // a proxy may terminate TLS
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
			t.Errorf("origin pattern %q was accepted", bad)
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
	c.Expect("welcome")
	if m := c.Expect("hello"); m.Field("user") != "ann" {
		t.Errorf("got %v", m)
	}
	if first := c.Received()[0]; first.Action != "welcome" {
		t.Errorf("the first message is %v", first)
	}
	if end := h.raw("", header("X-User", "banned")).Closing(); end.Code != 4003 || !strings.Contains(end.Reason, "you are banned") {
		t.Errorf("closed with %v", end)
	}
}

// TestOneWrite checks that the handshake response and the welcome arrive together: a pipe
// returns the contents of one write.
func TestOneWrite(t *testing.T) {
	h := serve(t, true, nil)
	nc, err := h.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_, err = io.WriteString(nc, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := nc.Read(answer)
	if got := string(answer[:n]); err != nil || !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.Contains(got, `"action":"welcome"`) {
		t.Errorf("%v: %s", err, got)
	}
}

func TestHello(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("?room=r", v1)
	c.Write(`{"action":"hello","message_body":{"session":"unknown"},"id":1}`)
	m := c.Expect("welcome")
	if c.Received()[0].Action != "welcome" || m.Field("session") == "" || !strings.Contains(string(m.Body), `"resumed":false`) {
		t.Errorf("got %v", m)
	}
	c.Expect("joined-room")
	client := h.Client(m.Field("client"))
	for n := range 3 {
		_ = client.Send("numbered", nil)
		if m := c.Expect("numbered"); m.N != uint64(n+1) {
			t.Errorf("n is %d, want %d", m.N, n+1)
		}
	}
	c.Write(`{"action":"hello","id":2}`)
	if m := c.Answer(2); m.Code() != "forbidden" {
		t.Errorf("a second hello: %v", m)
	}
	for _, first := range []string{`{"action":"send-message","target":"lobby"}`, `nonsense`, `{}`} {
		c := h.raw("", v1)
		c.Write(first)
		if end := c.Closing(); end.Code != 1008 {
			t.Errorf("%s first: closed with %v", first, end)
		}
	}
}

// TestGoneBeforeHello: a v1 client that closes before its hello does not keep its place.
func TestGoneBeforeHello(t *testing.T) {
	h := serve(t, false, nil)
	c := h.raw("", v1)
	_ = c.Conn.WriteClose(1000, "")
	if end := c.Closing(); end.Code != 1000 {
		t.Errorf("close was answered with %v", end)
	}
	_ = h.raw("", v1).Conn.CloseNow()
	h.waitForClients(0)
}

func TestLimitsOfConnections(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MaxClients: 2, MaxClientsPerAddress: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	forwarded := func(address string) dialOption { return header("X-Forwarded-For", address) }
	a := h.connect(forwarded("10.0.0.1"))
	if got := h.status(forwarded("10.0.0.1")); got != 429 {
		t.Errorf("a second client of the address: %d", got)
	}
	// An address that the client itself has put in front is not trusted.
	if got := h.status(forwarded("10.9.9.9, 10.0.0.1")); got != 429 {
		t.Errorf("a forged address: %d", got)
	}
	h.connect(forwarded("10.0.0.2"))
	if got := h.status(forwarded("10.0.0.3")); got != 503 {
		t.Errorf("a third client: %d", got)
	}
	_ = a.Conn.WriteClose(1000, "")
	_ = a.Closing()
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
	address := strings.TrimSuffix(strings.TrimPrefix(h.URL, "ws://"), "/ws")
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

// TestTLS: clients of both kinds talk over an http.Server with a certificate, where
// turns do not write directly.
func TestTLS(t *testing.T) {
	h := serve(t, false, nil)
	secure := httptest.NewUnstartedServer(h.Server)
	secure.StartTLS()
	defer secure.Close()
	h.URL = strings.Replace(secure.URL, "https://", "wss://", 1)
	trusting := func(o *socket.DialOptions) { o.TLS = secure.Client().Transport.(*http.Transport).TLSClientConfig }
	a, b := h.member("r", trusting), h.member("r", trusting)
	for i := range 200 {
		a.Call("x", "r", object{"i": i, "x": strings.Repeat("x", i*10)})
	}
	for i := range 200 {
		if m := b.Expect("x"); decode[struct{ I int }](t, m.Body).I != i {
			t.Fatalf("message %d is %v", i, m)
		}
	}
	_ = a.Conn.WriteClose(1000, "")
	if end := a.Closing(); end.Code != 1000 {
		t.Errorf("close was answered with %v", end)
	}
	b.Expect("client-left-room")
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]simplysocket.Options{
		"MaxMessageBytes": {MaxMessageBytes: -1},
		"OutboxBytes":     {OutboxBytes: -1},
		"Name":            {Name: "a b"},
		"Lobby":           {Lobby: "/"},
		"Origins":         {Origins: []string{"good.example.com"}},
	} {
		_, err := simplysocket.New(&o)
		var wrong *simplysocket.OptionError
		if !errors.As(err, &wrong) || wrong.Field != name || wrong.Reason == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
