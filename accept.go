package simplysocket

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// ServeHTTP upgrades the request and admits the client. It answers an invalid handshake
// with an HTTP error. It returns once the client is admitted; a separate goroutine reads
// from the connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.accept(w, r); err != nil {
		s.refuse(w, r, err)
	}
}

// refuse logs why accept refused the request, and answers it. It is a separate function to
// keep its stack frame out of a good handshake: see [connection.serve].
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.stats.refused.Add(1)
	attrs := []slog.Attr{slog.String("address", s.address(r)), slog.Any("error", err)}
	var foreign *originError
	if errors.As(err, &foreign) {
		attrs = append(attrs, foreign.attrs()...)
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "handshake refused", attrs...)
	var refused *socket.HandshakeError
	if errors.As(err, &refused) {
		refused.Respond(w)
	}
}

// accept goes from the cheapest check to the most expensive: the form of the request, its
// origin, a place for one more client, authentication, and only then a client.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) error {
	s.arriving.enter(r)
	defer s.arriving.leave(r)
	if s.closing.Load() {
		return socket.Refuse(http.StatusServiceUnavailable, "the server is shutting down", "Retry-After", "1")
	}
	if err := s.Start(r.Context()); err != nil {
		s.log.Error("the engine does not start", "error", err)
		return socket.Refuse(http.StatusServiceUnavailable, "the server is starting")
	}
	if err := socket.Check(r); err != nil {
		return err
	}
	if err := s.checkOrigin(r); err != nil {
		return err
	}
	address := s.address(r)
	if err := s.reserve(address); err != nil {
		return err
	}
	taken := false
	defer func() {
		if !taken { // refused, or unwound by Authenticate
			s.vacate(address)
		}
	}()
	conn, err := s.upgrade(w, r, address, s.connections.Add(1))
	if err != nil {
		return err
	}
	taken = true
	if conn != nil {
		s.connected.enter(conn)
		conn.serve()
	}
	return nil
}

// upgrade authenticates the request and upgrades it. A client that is not
// authenticated but offers the subprotocol gets a connection and no client: a
// page cannot see the 401 that all others get, but can see a close code.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, address string, number uint64) (*connection, error) {
	identity, denied := s.authenticate(r)
	v1 := slices.Contains(socket.Subprotocols(r), protocol.Subprotocol)
	if denied != nil && !v1 {
		return nil, socket.Refuse(http.StatusUnauthorized, "not authenticated", "WWW-Authenticate", "Bearer")
	}
	o := socket.UpgradeOptions{
		Compression:      s.opts.Compression,
		ContextTakeover:  s.opts.CompressionContextTakeover,
		ReadLimit:        int64(s.opts.MaxMessageBytes),
		FrameLimit:       s.frames,
		HandshakeTimeout: s.opts.HandshakeTimeout,
	}
	if v1 {
		o.Subprotocol = protocol.Subprotocol
		o.ReadLimit = max(o.ReadLimit, s.opts.helloBytes())
	}
	var conn *socket.Conn
	var response []byte // that goes out with our first frame
	var err error
	if v1 && denied == nil {
		conn, err = socket.Upgrade(w, r, o) // the client's `hello` comes first
	} else {
		conn, response, err = socket.TakeOver(w, r, o)
	}
	if err != nil {
		return nil, err
	}
	if denied != nil {
		s.stats.refused.Add(1)
		s.log.Info("client not authenticated", "address", address, "error", denied)
		s.refuseToken(conn, response, address)
		return nil, nil
	}
	return s.newConnection(conn, response, number, identity, address, v1, r.URL.Query()["room"]), nil
}

// authenticate contains a panic of the application's function: it denies.
func (s *Server) authenticate(r *http.Request) (identity Identity, err error) {
	if s.opts.Authenticate == nil {
		return Identity{}, nil
	}
	err = s.contain("Authenticate", func() (err error) {
		identity, err = s.opts.Authenticate(r)
		return err
	})
	return identity, err
}

// refuseToken closes a connection with 4001. It keeps its place until it has
// ended.
func (s *Server) refuseToken(conn *socket.Conn, response []byte, address string) {
	out := fanout.NewOutlet(conn, response, noOwner{}, s.writers)
	out.Open(nil)
	out.Close(uint16(protocol.CloseUnauthenticated), "not authenticated")
	go func() {
		defer s.vacate(address)
		out.Flush()
		conn.Drain(s.opts.CloseTimeout)
		_ = conn.CloseNow()
	}()
}

// noOwner is the owner of an outlet that carries no client.
type noOwner struct{}

func (noOwner) Member() string { return "" }
func (noOwner) Overflow()      {}
func (noOwner) Dropped(int)    {}

// newSlug returns a name that is never used again: 128 random bits.
func newSlug() string { return strings.ToLower(rand.Text()) }

// Token returns the credentials of a request: the bearer token of its
// Authorization header or, since a page cannot set that, of a subprotocol
// value "bearer." followed by the token in base64url; "" if there are none.
// Tokens in a URL are not looked for: they would end up in logs.
func Token(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	for _, value := range socket.Subprotocols(r) {
		encoded, ok := strings.CutPrefix(value, protocol.BearerPrefix)
		if !ok {
			continue
		}
		if token, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "=")); err == nil {
			return string(token)
		}
	}
	return ""
}
