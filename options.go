package simplysocket

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"

	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/internal/testmode"
)

// Unlimited lifts a limit of [Options] that is on by default.
const Unlimited = math.MaxInt32

// Options configures a [Server]. The zero value of every field is a good default; nil
// Options use all defaults. New copies the struct.
type Options struct {
	// Name is the sender of the server's own messages. Default "server".
	Name string
	// Lobby is the name of the room that every client is in. Default "lobby".
	Lobby string

	// Origins are the origins whose pages may connect, besides the server's own:
	// scheme://host or scheme://host:port; without a port, the scheme's default. Scheme
	// and port match exactly. `*` stands for one whole part of a host but the last:
	// https://*.example.com allows https://a.example.com, not https://example.com,
	// https://a.b.example.com or https://a.example.com:8443. The pattern "*" alone allows
	// every origin, including "null", and gives up the protection.
	Origins []string
	// Authenticate returns the identity behind a request, before any client exists. An
	// error refuses the request with 401, or with close code 4001 where a browser can see
	// it. nil admits everybody with the zero Identity. [Token] finds the request's
	// credentials. It is called concurrently.
	Authenticate func(*http.Request) (Identity, error)
	// SameIdentity reports whether a request may resume a session, given their identities
	// from Authenticate. nil compares their User, because claims differ with every token.
	// It is called concurrently.
	SameIdentity func(session, request Identity) bool
	// TrustedProxies are the networks whose X-Forwarded-For is trusted. A peer on a Unix
	// socket always is: it has passed the permissions of the socket's file.
	TrustedProxies []netip.Prefix

	// MaxMessageBytes limits a message of a client. Default 64 KiB. With an Engine, at most
	// 256 KiB: what a message changes and says has to fit a record.
	MaxMessageBytes int
	// MaxRoomsPerClient limits the rooms of a client, without the lobby. Default 100.
	MaxRoomsPerClient int
	// MaxClients limits the clients of the server. Zero means no limit.
	MaxClients int
	// MaxClientsPerAddress limits the clients of one IPv4 address or IPv6 /64. A
	// disconnected session counts, but gives way to a new client of the same address. Zero
	// means no limit.
	MaxClientsPerAddress int
	// MaxRooms limits the open rooms of the server, without the lobby. Beyond it, a join
	// that would open a room is refused with limit-exceeded. Default 100,000.
	MaxRooms int
	// MessageRate and MessageBurst limit the messages of a client, per second and at once.
	// Messages over the limit are answered with rate-limited; a client that keeps sending
	// at twice the rate is disconnected with 4029. A client may send 20 frames for each
	// message, and a ping counts as 8 frames; a client over that limit is disconnected,
	// too. Defaults 200 and 400.
	MessageRate  float64
	MessageBurst int
	// ClientDeliveriesPerSecond limits the deliveries that the messages of one client
	// cause, over all rooms but the lobby. Messages over the limit are refused with
	// rate-limited. What a room's code sends while it handles a message of the client
	// counts; what it sends on its own does not. Default 250,000; no limit if MessageRate
	// is [Unlimited].
	ClientDeliveriesPerSecond int

	// MailboxMessages and MailboxBytes limit the queue of a room. Once it is half full, a
	// client may use no more than its share among those whose messages are in it. Defaults
	// 4096 and 4 MiB.
	MailboxMessages int
	MailboxBytes    int
	// OutboxMessages and OutboxBytes limit the queue of a connection. Values below 16
	// messages, or below two of MaxMessageBytes or of 64 KiB, have no effect: the answer
	// to one request always fits. Defaults 1024 and 1 MiB.
	OutboxMessages int
	OutboxBytes    int

	// ResumeWindow is how long a disconnected session of a client that offers
	// simplysocket.v1 can resume. The client stays a member of its rooms. Default 30 s.
	ResumeWindow time.Duration
	// DisableResume makes every session end with its connection.
	DisableResume bool
	// MaxDisconnectedSessions limits the sessions that wait for their clients to resume;
	// one IPv4 address or IPv6 /64 may use a quarter of it. Default 100,000.
	MaxDisconnectedSessions int
	// HistoryMessages, HistoryBytes and HistoryAge limit what a room keeps of its output
	// for members who resume or ask for it. Defaults 128, 64 KiB, and one minute more than
	// ResumeWindow, because it takes time to notice that a connection is dead.
	HistoryMessages int
	HistoryBytes    int
	HistoryAge      time.Duration

	// EmptyRoomTimeout is how long a room without members stays open. Default 30 s.
	EmptyRoomTimeout time.Duration
	// ClientInfo lets clients set their own profile, as [Client.SetInfo] does. It is off
	// by default: nothing keeps a client from using another's name.
	ClientInfo bool
	// AnnounceMaxMembers is the largest number of members at which a room announces each
	// join and leave. A larger room announces its count instead, at most once a second.
	// Default 200.
	AnnounceMaxMembers int
	// LobbyDeliveriesPerSecond limits the deliveries of clients' messages in the lobby,
	// over all its members. If it has four or more members, each may cause a quarter. What
	// the lobby's code sends on its own has the same limit again. What is sent with
	// [RoomRef] has none. Default 200,000.
	LobbyDeliveriesPerSecond int

	// HeartbeatInterval is the interval between checks of each connection. A connection is
	// probed if nothing arrived for half of it, and cut after one and a half at the latest
	// if it stays silent. After an interval in which nothing was written, a client that
	// offers simplysocket.v1 gets `heartbeat`. Default 25 s.
	HeartbeatInterval time.Duration
	// HandshakeTimeout limits the time until a client is admitted: the response to the
	// upgrade, the `hello` (at most 5 s) and OnConnect. Default 10 s.
	HandshakeTimeout time.Duration
	// CloseTimeout is how long a peer may take to answer a close. Default 5 s.
	CloseTimeout time.Duration

	// Compression enables permessage-deflate (RFC 7692) for clients that offer it. It
	// costs CPU time for every message, so it is off by default.
	Compression bool
	// CompressionContextTakeover lets clients compress with the window of their earlier
	// messages, for 32 KiB of memory each. The server's own messages need no window.
	CompressionContextTakeover bool

	// Engine keeps rooms: see [DurabilityStrict]. Nil keeps them in memory. The server starts
	// it with [Server.Start] and closes it with [Server.Shutdown].
	Engine engine.Engine

	// Record has rooms be recorded always, into a folder. Nil records none. Any room can be
	// recorded for a while: see [RoomRef.Record].
	Record *RecordFolder

	// Logger receives the server's log. Default slog.Default().
	Logger *slog.Logger
	// Trace holds callbacks for metrics and auditing.
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
	if testmode.NewEngine != nil && r.Engine == nil && r.MaxMessageBytes <= engine.MaxRecord/2 {
		r.Engine = testmode.NewEngine()
	}
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
	if o.Engine != nil && o.MaxMessageBytes > engine.MaxRecord/2 {
		return &OptionError{Field: "MaxMessageBytes", Reason: fmt.Sprintf("is %d; with an Engine, at most %d", o.MaxMessageBytes, engine.MaxRecord/2)}
	}
	if err := protocol.ValidName(o.Name); err != nil {
		return &OptionError{Field: "Name", Reason: fmt.Sprintf("is %q: %v", o.Name, err)}
	}
	if err := protocol.ValidName(o.Lobby); err != nil {
		return &OptionError{Field: "Lobby", Reason: fmt.Sprintf("is %q: %v", o.Lobby, err)}
	}
	return nil
}

// Identity is the user behind a client, as Authenticate found it. Its User is fixed for
// the session; the zero Identity is an anonymous client.
type Identity struct {
	// User is the name of the account, the same in all its sessions; see
	// [Server.User].
	User string `json:"user,omitempty"`
	// Claims holds further facts, such as roles. Its values need a JSON form and must not
	// be changed.
	Claims map[string]any `json:"claims,omitempty"`
}
