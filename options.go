package simplysocket

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Unlimited lifts a limit of [Options] that is on by default.
const Unlimited = math.MaxInt32

// Options configures a [Server]. The zero value of every field is a good
// default; nil Options are all of them. New copies the struct.
type Options struct {
	// Name is the sender of the server's own messages. Default "server".
	Name string
	// Lobby is the name of the room that every client is in. Default "lobby".
	Lobby string

	// Origins are the origins whose pages may connect, besides the server's
	// own: scheme://host or scheme://host:port, where no port is the scheme's
	// default. Scheme and port match exactly. `*` stands for one whole part of
	// a host but the last: https://*.example.com allows https://a.example.com,
	// not https://example.com, https://a.b.example.com or
	// https://a.example.com:8443. The pattern "*" alone allows every origin,
	// "null" too, and gives up the protection.
	Origins []string
	// Authenticate says who a request comes from, before any client exists. An
	// error refuses it with 401, or with close code 4001 where the browser can
	// see it. nil lets everybody in with the zero Identity. [Token] finds the
	// request's credentials. It is called concurrently.
	Authenticate func(*http.Request) (Identity, error)
	// SameIdentity reports whether a request may go on with a session: the identities
	// are those of the session and of the request, as Authenticate found them. nil
	// compares their User; claims differ with every token. It is called concurrently.
	SameIdentity func(session, request Identity) bool
	// TrustedProxies are the networks whose X-Forwarded-For is believed. A peer on a Unix
	// socket always is: it has passed the permissions of the socket's file.
	TrustedProxies []netip.Prefix

	// MaxMessageBytes bounds a message of a client. Default 64 KiB.
	MaxMessageBytes int
	// MaxRoomsPerClient bounds the rooms a client is in, without the lobby.
	// Default 100.
	MaxRoomsPerClient int
	// MaxClients bounds the clients of the server. Zero is no bound.
	MaxClients int
	// MaxClientsPerAddress bounds the clients of one IPv4 address or IPv6 /64. A
	// session that waits for its client counts, but gives way to a new client of the
	// same address. Zero is no bound.
	MaxClientsPerAddress int
	// MaxRooms bounds the open rooms of the server, without the lobby; beyond it a
	// join of a new one is refused with limit-exceeded. Default 100,000.
	MaxRooms int
	// MessageRate and MessageBurst bound the messages of a client, per second
	// and at once. What is over it is answered with rate-limited; a client
	// that goes on at twice the rate is disconnected with 4029. A client may send 20
	// frames for each message, and a ping counts as 8 of them; what is over that is
	// disconnected likewise. Defaults 200 and 400.
	MessageRate  float64
	MessageBurst int
	// ClientDeliveriesPerSecond bounds what the messages of one client have delivered per second,
	// over all rooms but the lobby; what is over it is refused with rate-limited. What a
	// room's code sends while it handles a message of the client counts, what it sends of
	// itself does not. Default 250,000; no bound where MessageRate is [Unlimited].
	ClientDeliveriesPerSecond int

	// MailboxMessages and MailboxBytes bound what waits for a room. Once it is half
	// full, one client may have no more in it than its share among those that do.
	// Defaults 4096 and 4 MiB.
	MailboxMessages int
	MailboxBytes    int
	// OutboxMessages and OutboxBytes bound what waits for a connection. Lower than 16
	// messages, and than two of MaxMessageBytes or of 64 KiB, they have no effect: the
	// answer to one request always fits. Defaults 1024 and 1 MiB.
	OutboxMessages int
	OutboxBytes    int

	// ResumeWindow is how long the session of a client that offers
	// simplysocket.v1 waits for it after its connection has broken. It stays a
	// member of its rooms. Default 30 s.
	ResumeWindow time.Duration
	// DisableResume has every session end with its connection.
	DisableResume bool
	// MaxDisconnectedSessions bounds the sessions that wait; those of one IPv4 address or IPv6
	// /64 take a quarter of it at most. Default 100,000.
	MaxDisconnectedSessions int
	// HistoryMessages, HistoryBytes and HistoryAge bound what a room keeps of
	// its output for members that come back or ask for it. Defaults 128, 64 KiB,
	// and a minute more than ResumeWindow: a connection that breaks in silence
	// is found before the window begins.
	HistoryMessages int
	HistoryBytes    int
	HistoryAge      time.Duration

	// EmptyRoomTimeout is how long a room stays open with nobody in it.
	// Default 30 s.
	EmptyRoomTimeout time.Duration
	// ClientInfo lets clients set what they show of themselves, as [Client.SetInfo] does.
	// It is off by default: nothing keeps a client from taking another's name.
	ClientInfo bool
	// AnnounceMaxMembers is the number of members above which a room announces its
	// count at most once a second in place of every coming and going. Default
	// 200.
	AnnounceMaxMembers int
	// LobbyDeliveriesPerSecond bounds the messages of clients that the lobby delivers per second,
	// over all its members; where there are four or more, each may cause a quarter. What
	// the lobby's code sends of itself has as much again. What is sent with [RoomRef] has
	// no bound. Default 200,000.
	LobbyDeliveriesPerSecond int

	// HeartbeatInterval is the time in which each connection is probed, if
	// nothing came from it for half of it, and cut, if it stays silent: at the
	// latest after one and a half. After an interval in which nothing was
	// written to it, a client that offers simplysocket.v1 is sent `heartbeat`.
	// Default 25 s.
	HeartbeatInterval time.Duration
	// HandshakeTimeout bounds what a client needs to become one: the response
	// to the upgrade, the `hello` (at most 5 s) and OnConnect. Default 10 s.
	HandshakeTimeout time.Duration
	// CloseTimeout is how long a peer may take to answer a close. Default 5 s.
	CloseTimeout time.Duration

	// Compression agrees to permessage-deflate (RFC 7692) where clients offer
	// it. It costs CPU for every message, so it is off by default.
	Compression bool
	// CompressionContextTakeover lets clients compress with the window of
	// their earlier messages, for 32 KiB of memory each. The server's own
	// messages need no window.
	CompressionContextTakeover bool

	// Logger receives the server's log. Default slog.Default().
	Logger *slog.Logger
	// Trace is called at what metrics are made of.
	Trace *Trace
}

// resolved returns a copy of o in which every default is filled in.
func (o *Options) resolved() (Options, error) {
	var r Options
	if o != nil {
		r = *o
	}
	fill(&r.Name, "server")
	fill(&r.Lobby, "lobby")
	fill(&r.MaxMessageBytes, 64<<10)
	fill(&r.MaxRoomsPerClient, 100)
	fill(&r.MaxClients, Unlimited)
	fill(&r.MaxClientsPerAddress, Unlimited)
	fill(&r.MaxRooms, 100_000)
	fill(&r.ClientDeliveriesPerSecond, 250_000)
	fill(&r.MessageRate, 200)
	fill(&r.MessageBurst, 400)
	fill(&r.MailboxMessages, 4096)
	fill(&r.MailboxBytes, 4<<20)
	fill(&r.OutboxMessages, 1024)
	fill(&r.OutboxBytes, 1<<20)
	fill(&r.ResumeWindow, 30*time.Second)
	fill(&r.MaxDisconnectedSessions, 100_000)
	fill(&r.HistoryMessages, 128)
	fill(&r.HistoryBytes, 64<<10)
	fill(&r.HistoryAge, min(r.ResumeWindow, math.MaxInt64/1000)+time.Minute)
	fill(&r.EmptyRoomTimeout, 30*time.Second)
	fill(&r.AnnounceMaxMembers, 200)
	fill(&r.LobbyDeliveriesPerSecond, 200_000)
	fill(&r.HeartbeatInterval, 25*time.Second)
	fill(&r.HandshakeTimeout, 10*time.Second)
	fill(&r.CloseTimeout, 5*time.Second)
	fill(&r.Logger, slog.Default())
	fill(&r.Trace, &Trace{})
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
		value float64
	}{
		{"MaxMessageBytes", float64(o.MaxMessageBytes)},
		{"MaxRoomsPerClient", float64(o.MaxRoomsPerClient)},
		{"MaxClients", float64(o.MaxClients)},
		{"MaxClientsPerAddress", float64(o.MaxClientsPerAddress)},
		{"MaxRooms", float64(o.MaxRooms)},
		{"ClientDeliveriesPerSecond", float64(o.ClientDeliveriesPerSecond)},
		{"MessageRate", o.MessageRate},
		{"MessageBurst", float64(o.MessageBurst)},
		{"MailboxMessages", float64(o.MailboxMessages)},
		{"MailboxBytes", float64(o.MailboxBytes)},
		{"OutboxMessages", float64(o.OutboxMessages)},
		{"OutboxBytes", float64(o.OutboxBytes)},
		{"ResumeWindow", float64(o.ResumeWindow)},
		{"MaxDisconnectedSessions", float64(o.MaxDisconnectedSessions)},
		{"HistoryMessages", float64(o.HistoryMessages)},
		{"HistoryBytes", float64(o.HistoryBytes)},
		{"HistoryAge", float64(o.HistoryAge)},
		{"EmptyRoomTimeout", float64(o.EmptyRoomTimeout)},
		{"AnnounceMaxMembers", float64(o.AnnounceMaxMembers)},
		{"LobbyDeliveriesPerSecond", float64(o.LobbyDeliveriesPerSecond)},
		{"HeartbeatInterval", float64(o.HeartbeatInterval)},
		{"HandshakeTimeout", float64(o.HandshakeTimeout)},
		{"CloseTimeout", float64(o.CloseTimeout)},
	} {
		switch {
		case math.IsNaN(f.value), math.IsInf(f.value, 0):
			return &OptionError{Field: f.name, Reason: "is not a number; Unlimited lifts the limit"}
		case f.value < 0:
			return &OptionError{Field: f.name, Reason: "is negative"}
		case f.value > math.MaxInt64/1000:
			return &OptionError{Field: f.name, Reason: "is too large"}
		}
	}
	if err := protocol.ValidName(o.Name); err != nil {
		return &OptionError{Field: "Name", Reason: fmt.Sprintf("is %q: %v", o.Name, err)}
	}
	if err := protocol.ValidName(o.Lobby); err != nil {
		return &OptionError{Field: "Lobby", Reason: fmt.Sprintf("is %q: %v", o.Lobby, err)}
	}
	return nil
}

// Identity is who a client is, as Authenticate found it. Its User is fixed for the
// session; the zero Identity is an anonymous client.
type Identity struct {
	// User is the name of the account, the same in all its sessions; see
	// [Server.User].
	User string `json:"user,omitempty"`
	// Claims is what else is known, such as roles. It must not be changed.
	Claims map[string]any `json:"claims,omitempty"`
}
