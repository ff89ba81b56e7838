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

// Options configures a [Conn]. The zero value of every field is a good default; nil
// Options use all defaults. Dial copies the struct.
type Options struct {
	// Token returns the bearer token for a connection, or "" for none. It is called before
	// each connection, on its own goroutine, and has 15 seconds together with the rest of
	// the attempt. An attempt whose Token fails, panics or takes longer has failed and is
	// repeated after a pause. A server that refuses two tokens in a row ends the session.
	// nil sends no token.
	Token func(ctx context.Context) (string, error)
	// Header is sent with each handshake.
	Header http.Header
	// TLS is for wss:// URLs.
	TLS *tls.Config
	// NetDial makes the network connections. Default [net.Dialer.DialContext].
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)

	// OnState is called when the connection is made, is lost and is over.
	OnState func(State)
	// OnRoom is called when the server, or a `room` URL parameter, puts the client in a
	// room that it did not join itself. Handlers registered here see every message.
	OnRoom func(*Room)
	// Lobby registers handlers with [Conn.Lobby] before anything is received.
	Lobby func(*Room)
	// OnReceive is for tracing. It is called with each received message, including the
	// protocol's own and answers, in the order of the wire. It runs on the reading
	// goroutine: nothing else is received meanwhile, and it must not wait for the client.
	// The envelope is valid until it returns; the envelope of `welcome` does not contain
	// the session's token, which is a secret.
	OnReceive func(*protocol.Envelope)

	// OfflineSends says what Send, Call and similar methods do while there is no
	// connection. Default [Wait].
	OfflineSends OfflinePolicy
	// QueueMessages and QueueBytes limit the messages that wait to be sent. Defaults 1024
	// and 1 MiB.
	QueueMessages int
	QueueBytes    int
	// InboxMessages and InboxBytes limit the received messages that wait for callbacks;
	// see the package's section on slow callbacks. Defaults 1024 and 1 MiB.
	InboxMessages int
	InboxBytes    int

	// MinBackoff and MaxBackoff limit the pause before a new connection: a random part of
	// a time that doubles with each failure. Defaults 250 ms and 15 s.
	MinBackoff time.Duration
	MaxBackoff time.Duration

	// Logger receives what no callback reports. Default slog.Default().
	Logger *slog.Logger
}

// OfflinePolicy says what happens to messages while there is no connection.
type OfflinePolicy uint8

const (
	// Wait makes them wait for the next connection, as long as their context allows.
	Wait OfflinePolicy = iota
	// Reject makes them fail with [ErrOffline].
	Reject
)

// resolved returns a copy of o with all defaults filled in.
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
