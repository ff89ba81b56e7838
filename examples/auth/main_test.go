package main

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// TestBearerTokens: a forged, expired or unsigned token gets 401, and none of its claims
// is trusted.
func TestBearerTokens(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	srv, err := newServer(key)
	if err != nil {
		t.Fatal(err)
	}
	server := servertest.Run(t, srv, "")
	sign := func(method jwt.SigningMethod, key any, subject string, expires *jwt.NumericDate) string {
		token, err := jwt.NewWithClaims(method, jwt.RegisteredClaims{Subject: subject, ExpiresAt: expires}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	hour := jwt.NewNumericDate(time.Now().Add(time.Hour))
	good := sign(jwt.SigningMethodHS256, key, "ann", hour)
	head, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"good":            {good, 101},
		"missing":         {"", 401},
		"no subject":      {sign(jwt.SigningMethodHS256, key, "", hour), 401},
		"never expires":   {sign(jwt.SigningMethodHS256, key, "ann", nil), 401},
		"expired":         {sign(jwt.SigningMethodHS256, key, "ann", jwt.NewNumericDate(time.Now().Add(-time.Hour))), 401},
		"another key":     {sign(jwt.SigningMethodHS256, []byte("another key"), "ann", hour), 401},
		"another method":  {sign(jwt.SigningMethodHS512, key, "ann", hour), 401},
		"alg none":        {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "ann", hour), 401},
		"forged claims":   {head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root","exp":9999999999}`)) + "." + signature, 401},
		"cut":             {good[:len(good)-1], 401},
		"not a token":     {"x.y", 401},
		"claims are JSON": {head + "..", 401},
	} {
		if got := dial(t, server, tt.token); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	for c := range srv.Clients() {
		if user := c.Identity().User; user != "ann" {
			t.Errorf("%q is a client", user)
		}
	}
}

// dial returns the status that a plain client gets.
func dial(t *testing.T, server *servertest.Server, token string) int {
	t.Helper()
	c, err := servertest.Open(t, server, "", servertest.Header("Authorization", "Bearer "+token))
	if err == nil {
		t.Cleanup(c.CutOff)
	}
	status := servertest.Status(err)
	if status == 0 {
		t.Fatal(err)
	}
	return status
}
