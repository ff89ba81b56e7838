package simplysocket_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

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
	if got := page.Conn.Subprotocol(); got != protocol.Subprotocol {
		t.Errorf("subprotocol %q: the token must never be echoed", got)
	}
	page.Write(`{"action":"hello"}`)
	page.Expect("welcome")

	for _, opts := range [][]dialOption{
		nil,
		{header("Authorization", "Bearer wrong")},
		{header("Authorization", "Basic "+token)},
		{header("Authorization", "Bearer panic")},
	} {
		if got := h.status(opts...); got != 401 {
			t.Errorf("got %d, want 401", got)
		}
		// If v1 is offered, a page can see the refusal.
		if end := h.raw("", append(opts, v1)...).Closing(); end.Code != 4001 {
			t.Errorf("closed with %v, want 4001", end)
		}
	}
	if _, err := h.try("?token=" + token); err == nil {
		t.Error("a token in the URL was accepted")
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

// TestRevokedWhileConnecting disconnects clients that are about to be admitted: they must
// not stay in the lobby.
func TestRevokedWhileConnecting(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.OnConnect(func(_ context.Context, c *simplysocket.Client) error {
			c.Disconnect(protocol.CloseUnauthenticated, "revoked")
			return nil
		})
	})
	plain, page := h.raw(""), h.raw("", v1)
	page.Write(`{"action":"hello"}`)
	for _, c := range []*peer{plain, page} {
		if end := c.Closing(); end.Code != 4001 || end.Reason != "revoked" {
			t.Errorf("closed with %v", end)
		}
		if got := c.Received(); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	}
	h.waitForClients(0)
	if s := h.Stats(); s.Joins != s.Leaves || s.Connects != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestUserOfASessionIsFixed: whichever user an application lets resume a session, the
// session is found under its first user.
func TestUserOfASessionIsFixed(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{
		Authenticate: byHeader,
		SameIdentity: func(simplysocket.Identity, simplysocket.Identity) bool { return true },
	})
	user := "guest"
	p := h.page(func(o *dialOptions) { header("X-User", user)(o) })
	p.cut()
	user = "ann"
	p.resume()
	if got := h.Client(p.id).Identity().User; got != "guest" {
		t.Errorf("the user is %q, want guest", got)
	}
	h.User(h.Client(p.id).Identity().User).Disconnect(protocol.CloseDisconnected, "banned")
	if end := p.Closing(); end.Code != uint16(protocol.CloseDisconnected) {
		t.Errorf("closed with %v", end)
	}
	if h.Client(p.id) != nil {
		t.Error("the session is still there")
	}
}
