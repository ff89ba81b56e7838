package simplysocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

// handshake is a request that can be refused only because of its origin.
func handshake(host string, origins ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/ws", http.NoBody)
	r.Host = host
	for key, value := range map[string]string{
		"Connection":            "Upgrade",
		"Upgrade":               "websocket",
		"Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key":     "MDEyMzQ1Njc4OWFiY2RlZg==",
	} {
		r.Header.Set(key, value)
	}
	r.Header["Origin"] = origins
	return r
}

// allows reports whether the origin is allowed. The recorder cannot be upgraded, but that
// fails only after the origin check.
func allows(t testing.TB, srv *simplysocket.Server, r *http.Request) bool {
	t.Helper()
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden && w.Code != http.StatusInternalServerError {
		t.Fatalf("status %d", w.Code)
	}
	return w.Code != http.StatusForbidden
}

func newServer(t testing.TB, o simplysocket.Options) *simplysocket.Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	srv, err := simplysocket.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return srv
}

func TestSameOrigin(t *testing.T) {
	srv := newServer(t, simplysocket.Options{})
	for _, tt := range []struct {
		host, origin string
		tls          bool
		want         bool
	}{
		{"example.com", "https://example.com", false, true}, // a proxy may have terminated TLS
		{"example.com", "http://example.com", false, true},
		{"example.com", "https://example.com:443", false, true},
		{"example.com", "http://example.com:80", false, true},
		{"example.com:443", "https://example.com", false, true},
		{"example.com:443", "https://example.com:443", false, true},
		{"example.com:80", "http://example.com", false, true},
		{"example.com:8080", "http://example.com:8080", false, true},
		{"example.com:8080", "https://example.com:8080", false, true},
		{"EXAMPLE.com", "https://Example.COM", false, true},
		{"EXAMPLE.com:443", "HTTPS://example.com", false, true},
		{"localhost:3000", "http://localhost:3000", false, true},
		{"my_host", "http://my_host", false, true},
		{"192.0.2.1", "http://192.0.2.1", false, true},
		{"192.0.2.1:80", "http://192.0.2.1", false, true},
		{"[::1]:8080", "http://[::1]:8080", false, true},
		{"[::1]", "https://[::1]", false, true},
		{"[::1]:443", "https://[::1]", false, true},
		{"[2001:DB8:0::1]", "https://[2001:db8::1]:443", false, true},
		{"[2001:db8:0:0:0:0:0:1]:80", "http://[2001:db8::1]", false, true},
		{"example.com.", "https://example.com.", false, true},
		{"example.com", "https://example.com", true, true},
		{"example.com:443", "https://example.com", true, true},
		{"example.com:8443", "https://example.com:8443", true, true},

		{"example.com", "http://example.com", true, false}, // TLS ended here, so the page did not use it
		{"example.com:8443", "http://example.com:8443", true, false},
		{"example.com:80", "https://example.com", false, false},
		{"example.com:443", "http://example.com", false, false},
		{"example.com", "https://example.com:80", false, false},
		{"example.com", "http://example.com:443", false, false},
		{"example.com", "http://example.com:8080", false, false},
		{"example.com:8080", "http://example.com", false, false},
		{"example.com:8080", "http://example.com:8081", false, false},
		{"localhost:8080", "http://localhost:5173", false, false},
		{"localhost:8080", "http://127.0.0.1:8080", false, false},
		{"example.com", "https://example.com.", false, false},
		{"example.com", "https://www.example.com", false, false},
		{"example.com", "https://example.com.evil.net", false, false},
		{"example.com", "https://example.com@evil.net", false, false},
		{"example.com", "https://evil.net/example.com", false, false},
		{"example.com", "https://example.com/", false, false},
		{"example.com", "https://example.com:", false, false},
		{"example.com", "https://example.com:0", false, false},
		{"example.com", "https://example.com:65979", false, false}, // 443 + 65536
		{"example.com", "https://example.com:+443", false, false},
		{"example.com", "https://example.com:443:443", false, false},
		{"example.com", "https://example.com https://example.com", false, false},
		{"example.com", "//example.com", false, false},
		{"example.com", "example.com", false, false},
		{"example.com", "ws://example.com", false, false},
		{"example.com", "ftp://example.com", false, false},
		{"example.com", "null", false, false},
		{"null", "null", false, false},
		{"example.com", "", false, false},
		{"*.example.com", "https://*.example.com", false, false},
		{"[::1]", "https://::1", false, false},
		{"[::1]:8080", "http://[::2]:8080", false, false},
		{"[::1]", "http://[::1", false, false},
	} {
		r := handshake(tt.host, tt.origin)
		if tt.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := allows(t, srv, r); got != tt.want {
			t.Errorf("host %s, origin %q, TLS %t: allowed is %t", tt.host, tt.origin, tt.tls, got)
		}
	}
}

// TestManyOrigins: browsers send one Origin, so a request with more does not come from a
// browser, whatever they are.
func TestManyOrigins(t *testing.T) {
	for _, patterns := range [][]string{nil, {"https://app.example.net"}, {"*"}} {
		srv := newServer(t, simplysocket.Options{Origins: patterns})
		for _, origins := range [][]string{
			{"https://example.com", "https://evil.net"},
			{"https://example.com", "https://example.com"},
			{"https://app.example.net", ""},
		} {
			if allows(t, srv, handshake("example.com", origins...)) {
				t.Errorf("%q: %q are allowed", patterns, origins)
			}
		}
		if !allows(t, srv, handshake("example.com")) {
			t.Errorf("%q: a program without Origin is refused", patterns)
		}
	}
}

func TestOriginPatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern         string
		allow, disallow []string
	}{
		{
			"https://app.example.net",
			[]string{"https://app.example.net", "https://app.example.net:443", "HTTPS://APP.example.net"},
			[]string{"http://app.example.net", "http://app.example.net:443", "https://app.example.net:80", "https://app.example.net:8443", "https://example.net", "https://x.app.example.net", "null"},
		},
		{
			"https://APP.example.net:443",
			[]string{"https://app.example.net", "https://app.example.net:443"},
			[]string{"http://app.example.net", "http://app.example.net:443"},
		},
		{
			"http://app.example.net:80",
			[]string{"http://app.example.net", "http://app.example.net:80"},
			[]string{"https://app.example.net", "https://app.example.net:80"},
		},
		{
			"http://localhost:5173",
			[]string{"http://localhost:5173"},
			[]string{"http://localhost", "http://localhost:5174", "https://localhost:5173", "http://127.0.0.1:5173", "http://app.localhost:5173"},
		},
		{
			"https://*.example.org",
			[]string{"https://a.example.org", "https://a.example.org:443", "https://xn--mller-kva.example.org"},
			[]string{"https://example.org", "https://.example.org", "https://a.b.example.org", "https://a.example.org:8443", "http://a.example.org", "https://a.example.org.evil.net", "https://aexample.org", "https://*.example.org"},
		},
		{
			"https://*.example.org:8443",
			[]string{"https://a.example.org:8443"},
			[]string{"https://a.example.org", "https://a.example.org:443", "https://example.org:8443"},
		},
		{
			"https://*.preview.*.example.org",
			[]string{"https://a.preview.b.example.org"},
			[]string{"https://a.b.example.org", "https://a.preview.example.org", "https://preview.b.example.org"},
		},
		{
			"http://*.localhost:3000",
			[]string{"http://app.localhost:3000"},
			[]string{"http://localhost:3000", "http://app.localhost"},
		},
		{
			"http://[2001:DB8:0:0::1]:8080",
			[]string{"http://[2001:db8::1]:8080"},
			[]string{"http://[2001:db8::1]", "http://[2001:db8::2]:8080"},
		},
		{
			"http://192.0.2.7",
			[]string{"http://192.0.2.7", "http://192.0.2.7:80"},
			[]string{"https://192.0.2.7", "http://192.0.2.70"},
		},
		{
			"capacitor://localhost",
			[]string{"capacitor://localhost"},
			[]string{"http://localhost", "https://localhost", "capacitor://localhost:80"},
		},
		{
			"chrome-extension://abcdefghijklmnopabcdefghijklmnop",
			[]string{"chrome-extension://abcdefghijklmnopabcdefghijklmnop"},
			[]string{"chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba"},
		},
		{"*", []string{"https://evil.net", "http://localhost:1", "null", "", "nonsense"}, nil},
	} {
		srv := newServer(t, simplysocket.Options{Origins: []string{"https://other.example", tt.pattern}})
		for _, origin := range tt.allow {
			if !allows(t, srv, handshake("server.example", origin)) {
				t.Errorf("%s does not allow %q", tt.pattern, origin)
			}
		}
		for _, origin := range tt.disallow {
			if allows(t, srv, handshake("server.example", origin)) {
				t.Errorf("%s allows %q", tt.pattern, origin)
			}
		}
	}
}

// TestOriginPatternsThatNeverMatch: a pattern that permits nothing is a mistake, and an
// ambiguous one is invalid.
func TestOriginPatternsThatNeverMatch(t *testing.T) {
	for _, pattern := range []string{
		"", "null", "example.com", "//example.com", "https:example.com", "https://", "https:///",
		"https://example.com/", "https://example.com/app", "https://example.com?x", "https://example.com#x",
		"https://me@example.com", "https://a.example, https://b.example", "https://a.example https://b.example",
		" https://example.com", "https://example.com ", "1ttp://example.com", "ht tp://example.com",
		"ws://example.com", "wss://example.com", "file://", "file://host",
		"https://example.com:", "https://example.com:0", "https://example.com:65536", "https://example.com:https",
		"https://example.com:-1", "https://example.com:*", "http://localhost:*", "https://example.com:443:443",
		"https://.example.com", "https://example..com", "https://example.com..", "https://.", "https://:443",
		"https://müller.example", "https://exa%6dple.com", "https://example.com\x00", "https://\u212aelvin.example",
		"https://*", "https://*:8443", "http://example.*", "https://*example.com", "https://a*.example.com", "https://*.", "*.example.com", "*://example.com", "**",
		"http://127.1", "http://127.0.0.1.", "http://127.0.0.01", "http://256.0.0.1", "http://0x7f.1", "http://127.0.0.0x1", "http://2130706433", "http://*.0.0.1",
		"http://::1", "http://[::1", "http://::1]", "http://[::1]8080", "http://[127.0.0.1]", "http://[fe80::1%25eth0]", "http://[*]",
	} {
		_, err := simplysocket.New(&simplysocket.Options{Origins: []string{"https://good.example", pattern}})
		var wrong *simplysocket.OptionError
		if !errors.As(err, &wrong) || wrong.Field != "Origins" || wrong.Reason == "" {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// TestRefusalIsLogged: the log line says who was refused, why, and which option would
// change that. The response says none of it.
func TestRefusalIsLogged(t *testing.T) {
	long := "https://" + strings.Repeat("a", 10_000) + ".example"
	for _, tt := range []struct {
		name, remote, forwarded, host, origin string
		want                                  map[string]string // "" means absent
	}{
		{
			"foreign", "198.51.100.7:4000", "", "chat.example:8080", "http://localhost:5173",
			map[string]string{"address": "198.51.100.7", "origin": "http://localhost:5173", "host": "chat.example:8080", "option": "Origins=http://localhost:5173"},
		},
		{
			"through a proxy", "10.0.0.1:4000", "203.0.113.9", "backend:8080", "https://chat.example",
			map[string]string{"address": "203.0.113.9", "origin": "https://chat.example", "host": "backend:8080", "option": "Origins=https://chat.example"},
		},
		{
			"a proxy that is not trusted", "198.51.100.7:4000", "203.0.113.9", "chat.example", "https://evil.net",
			map[string]string{"address": "198.51.100.7"},
		},
		{
			"nothing can allow it", "198.51.100.7:4000", "", "chat.example", "null",
			map[string]string{"origin": "null", "host": "chat.example", "option": ""},
		},
		{
			"malformed", "198.51.100.7:4000", "", "chat.example", "https://chat.example/page\n",
			map[string]string{"origin": "https://chat.example/page\n", "option": ""},
		},
		{
			"too long", "198.51.100.7:4000", "", "chat.example", long,
			map[string]string{"origin": long[:300] + "…"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			srv := newServer(t, simplysocket.Options{
				Logger:         slog.New(slog.NewJSONHandler(&log, nil)),
				TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			})
			r := handshake(tt.host, tt.origin)
			r.RemoteAddr = tt.remote
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden || w.Body.String() != "origin not allowed\n" {
				t.Errorf("answered %d %q", w.Code, w.Body)
			}
			var record map[string]any
			if err := json.Unmarshal(log.Bytes(), &record); err != nil {
				t.Fatalf("%v in %s", err, &log)
			}
			if record["msg"] != "handshake refused" {
				t.Errorf("logged %s", &log)
			}
			for key, want := range tt.want {
				if got, ok := record[key]; ok != (want != "") || ok && got != want {
					t.Errorf("%s is %v, want %q", key, got, want)
				}
			}
		})
	}
}

// TestOtherRefusalIsLogged: every refusal logs the real address.
func TestOtherRefusalIsLogged(t *testing.T) {
	var log bytes.Buffer
	srv := newServer(t, simplysocket.Options{
		Logger:         slog.New(slog.NewJSONHandler(&log, nil)),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	r := httptest.NewRequest(http.MethodGet, "/ws", http.NoBody)
	r.RemoteAddr = "10.0.0.1:4000"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	srv.ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(log.String(), `"address":"203.0.113.9"`) {
		t.Errorf("logged %s", &log)
	}
}

// FuzzOrigin: a pattern that New accepts allows the origin that it spells, and no origin
// in which a URL parser sees another scheme, host or port.
func FuzzOrigin(f *testing.F) {
	f.Add("https://app.example.net:443", "https://app.example.net", "example.com")
	f.Add("https://*.example.org", "https://a.example.org", "example.com:443")
	f.Add("http://[::1]:8080", "http://[0::1]:8080", "[::1]")
	f.Fuzz(func(t *testing.T, pattern, origin, host string) {
		if host == "" {
			return // rejected earlier
		}
		own := newServer(t, simplysocket.Options{})
		if allows(t, own, handshake(host, origin)) && !sameURLOrigin(origin, hostURL(origin, host)) {
			t.Errorf("host %q allows %q", host, origin)
		}
		srv, err := simplysocket.New(&simplysocket.Options{Origins: []string{pattern}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil || pattern == "*" {
			return
		}
		defer func() {
			if err := srv.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		spelled := strings.ReplaceAll(pattern, "*", "x")
		if !allows(t, srv, handshake("server.invalid", spelled)) {
			t.Errorf("%q does not allow %q", pattern, spelled)
		}
		if allows(t, srv, handshake("server.invalid", origin)) && !strings.Contains(pattern, "*") && !sameURLOrigin(origin, pattern) {
			t.Errorf("%q allows %q", pattern, origin)
		}
	})
}

// hostURL is the URL of a host with the scheme of the origin.
func hostURL(origin, host string) string {
	scheme, _, _ := strings.Cut(origin, "://")
	return scheme + "://" + host
}

// sameURLOrigin compares origins as package net/url reads them.
func sameURLOrigin(a, b string) bool {
	u, err := url.Parse(strings.ToLower(a))
	if err != nil {
		return false
	}
	v, err := url.Parse(strings.ToLower(b))
	if err != nil {
		return false
	}
	return u.Scheme == v.Scheme && sameAddress(u.Hostname(), v.Hostname()) && portOf(u) == portOf(v)
}

func sameAddress(a, b string) bool {
	ip, err := netip.ParseAddr(a)
	if err != nil {
		return a == b
	}
	other, err := netip.ParseAddr(b)
	return err == nil && ip == other
}

func portOf(u *url.URL) string {
	switch port := strings.TrimLeft(u.Port(), "0"); {
	case port != "":
		return port
	case u.Scheme == "http":
		return "80"
	case u.Scheme == "https":
		return "443"
	}
	return ""
}
