package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Options configures a [Conn]. The zero value of every field is a good default;
// nil Options are all of them. Dial copies the struct.
type Options struct {
	// Token returns the bearer token for a connection, or "" for none. It is
	// called before each connection, on a goroutine of its own, and has 15 seconds
	// together with the rest of the attempt. An attempt whose Token fails, panics
	// or takes longer has failed and is made again after a pause. A server that
	// refuses two tokens in a row ends the session. nil sends none.
	Token func(ctx context.Context) (string, error)
	// Header is sent with each handshake.
	Header http.Header
	// TLS is for wss:// URLs.
	TLS *tls.Config
	// NetDial makes the network connections. Default [net.Dialer.DialContext].
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)

	// OnState is told when the connection is there, is lost and is over.
	OnState func(State)
	// OnRoom is told of a room that the client did not ask for: the server, or
	// a room parameter of the URL, has put it there. Handlers that it registers
	// miss nothing.
	OnRoom func(*Room)
	// Lobby registers handlers with [Conn.Lobby] before anything is received.
	Lobby func(*Room)
	// OnReceive is for tracing: it is told each message that was received, the
	// protocol's own and answers among them, in the order of the wire. It runs on
	// the goroutine that reads: while it does nothing else is received, and it
	// must not wait for the client. The envelope is valid until it returns; that
	// of `welcome` comes without the session's token, which is a secret.
	OnReceive func(*protocol.Envelope)

	// OfflineSends says what Send, Call and their like do while there is no
	// connection. Default [Wait].
	OfflineSends OfflinePolicy
	// QueueMessages and QueueBytes bound what waits to be sent. Defaults 1024
	// and 1 MiB.
	QueueMessages int
	QueueBytes    int
	// InboxMessages and InboxBytes bound what was received and waits for the
	// callbacks before it; see the package's section on slow callbacks. Defaults
	// 1024 and 1 MiB.
	InboxMessages int
	InboxBytes    int

	// MinBackoff and MaxBackoff bound the pause before a new connection, which
	// is a random part of a time that doubles with each failure. Defaults 250
	// ms and 15 s.
	MinBackoff time.Duration
	MaxBackoff time.Duration

	// Logger receives what nobody is called back for. Default slog.Default().
	Logger *slog.Logger
}

// OfflinePolicy says what becomes of messages while there is no connection.
type OfflinePolicy uint8

const (
	// Wait has them wait for the next connection, as long as their context
	// allows.
	Wait OfflinePolicy = iota
	// Reject fails them with [ErrOffline].
	Reject
)

// resolved returns a copy of o in which every default is filled in.
func (o *Options) resolved() (Options, error) {
	var r Options
	if o != nil {
		r = *o
	}
	fill(&r.QueueMessages, 1024)
	fill(&r.QueueBytes, 1<<20)
	fill(&r.InboxMessages, 1024)
	fill(&r.InboxBytes, 1<<20)
	fill(&r.MinBackoff, 250*time.Millisecond)
	fill(&r.MaxBackoff, max(15*time.Second, r.MinBackoff))
	fill(&r.Logger, slog.Default())
	return r, r.check()
}

func fill[T comparable](field *T, byDefault T) {
	var zero T
	if *field == zero {
		*field = byDefault
	}
}

func (o *Options) check() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"QueueMessages", int64(o.QueueMessages)},
		{"QueueBytes", int64(o.QueueBytes)},
		{"InboxMessages", int64(o.InboxMessages)},
		{"InboxBytes", int64(o.InboxBytes)},
		{"MinBackoff", int64(o.MinBackoff)},
	} {
		if f.value < 0 {
			return &OptionError{Field: f.name, Reason: "is negative"}
		}
	}
	switch {
	case o.MaxBackoff < o.MinBackoff:
		return &OptionError{Field: "MaxBackoff", Reason: "is less than MinBackoff"}
	case o.OfflineSends > Reject:
		return &OptionError{Field: "OfflineSends", Reason: "is neither Wait nor Reject"}
	}
	return nil
}
