package simplysocket

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/pattern"
	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
	"github.com/DhruvikDonga/simplysocket/internal/worker"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Server owns clients and rooms. It is an [http.Handler] whose requests are WebSocket
// handshakes. All methods may be called concurrently. Call the methods that configure it
// (HandleRoom, OnConnect and Use) before the first request: they do not change rooms that
// are open.
type Server struct {
	opts       Options
	name       string
	log        *slog.Logger
	started    time.Time // on the monotonic clock, too
	trace      *Trace
	origins    []originPattern
	writers    *fanout.Writers
	serverInfo json.RawMessage // of `welcome`
	stats      counters
	frames     *socket.FrameLimit // of a client
	// freeMembers is the size from which on a room counts deliveries.
	freeMembers int

	mu        sync.RWMutex // guards the three below
	patterns  pattern.Set[func(*Room) error]
	coded     bool // patterns are not empty, lobby aside
	lobbyCode func(*Room) error
	onConnect func(context.Context, *Client) error
	around    []func(Handler) Handler

	lobby            atomic.Pointer[actor]
	lobbyBudget      account // of all clients
	rooms            roomRegistry
	roomList         roomList
	clients          *registry[*Client]
	sessions         *registry[*Client] // by token
	users            users
	addresses        addresses
	passwordAttempts passwordAttempts
	beats            heartbeats
	turns            *worker.Pool[*actor]
	releases         *worker.Pool[*journal]
	logs             logs
	recordings       recordings
	recorders        *worker.Pool[*recording.Tape]

	clientCount   atomic.Int64
	roomCount     atomic.Int64  // without the lobby
	connections   atomic.Uint64 // that there have been
	closing       atomic.Bool
	openRooms     tracker[*actor]
	arriving      tracker[*http.Request]
	connected     tracker[*connection]
	awaitingHello tracker[*connection] // whose hello has not arrived

	surface *testroom.Surface // what rooms register; nil: nobody wants to know
}

// New returns a server. With nil options, every option has its default. The error is an
// [*OptionError]. A server without clients runs no goroutine after a moment.
func New(o *Options) (*Server, error) {
	opts, err := o.resolved()
	if err != nil {
		return nil, err
	}
	origins, err := parseOrigins(opts.Origins)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts:    opts,
		name:    opts.Name,
		log:     slog.New(calmHandler{opts.Logger.Handler()}),
		started: time.Now(),
		trace:   opts.Trace,
		origins: origins,
		writers: fanout.NewWriters(fanout.Limits{
			Frames: max(opts.OutboxMessages, leastOutbox),
			Bytes:  max(opts.OutboxBytes, 2*opts.largestMessage()), // a message, and what follows it
			Grace:  opts.CloseTimeout,
		}),
		serverInfo:  encodeServerInfo(&opts),
		frames:      opts.frameLimit(),
		freeMembers: opts.freeMembers(),
		rooms:       roomRegistry{newRegistry[*actor]()},
		clients:     newRegistry[*Client](),
		sessions:    newRegistry[*Client](),
		users:       users{newRegistry[map[*Client]struct{}]()},
		turns:       worker.New((*actor).run),
		releases:    worker.New((*journal).run),
		recorders:   worker.New((*recording.Tape).Run),
	}
	if err := s.recordings.configure(opts.Record); err != nil {
		return nil, err
	}
	s.lobbyBudget.limiter = perSecond(opts.LobbyDeliveriesPerSecond)
	s.beats.interval = opts.HeartbeatInterval
	return s, nil
}

// NewHTTPServer returns an http.Server for h with limits that keep slow and oversized
// requests cheap: 5 s and 16 KiB for the headers, 60 s for idle connections. It limits
// nothing that lives longer, as WebSockets do.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// HandleRoom registers the setup of rooms whose names match the pattern. From the first
// pattern on, only names that match one open a room, and the lobby forwards nothing unless
// it has a setup of its own. Patterns are split at '/': a literal segment matches itself,
// {name} matches any one segment, and {rest...} at the end matches all that follow;
// [Room.Param] returns what they matched. If several patterns match, the most specific
// wins, as in [http.ServeMux]. A pattern that is exactly the lobby's name sets up the
// lobby. HandleRoom panics if the pattern is not valid or conflicts with another.
//
// The setup runs when a room opens, before anything reaches it. It registers handlers and
// declares the room's state, or keeps it in its variables. If it returns an error, the clients that asked
// to join are refused.
func (s *Server) HandleRoom(name string, setup func(*Room) error) {
	if setup == nil {
		panic("simplysocket: HandleRoom: nil setup")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == s.opts.Lobby {
		if s.lobbyCode != nil {
			panic(fmt.Sprintf("simplysocket: the lobby %q is handled already", name))
		}
		s.lobbyCode = setup
		return
	}
	if err := checkPattern(name); err != nil {
		panic("simplysocket: HandleRoom: " + err.Error())
	}
	if err := s.patterns.Add(name, setup); err != nil {
		panic("simplysocket: HandleRoom: " + err.Error())
	}
	s.coded = true
}

// checkPattern refuses literals that no name can have.
func checkPattern(text string) error {
	for segment := range strings.SplitSeq(text, "/") {
		if strings.HasPrefix(segment, "{") {
			continue
		}
		if err := protocol.ValidName(segment); err != nil {
			return fmt.Errorf("pattern %q: %w", text, err)
		}
	}
	return nil
}

// OnConnect sets a hook that runs for each new client, after authentication and before
// `welcome` is sent. An error refuses the client with close code 4003. The context ends
// with the handshake's timeout. A plain client gets the response to its handshake only
// after the hook has returned.
func (s *Server) OnConnect(ask func(context.Context, *Client) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onConnect = ask
}

// Use wraps the message handlers of all rooms. The first wrapper is the outermost.
func (s *Server) Use(wrap func(next Handler) Handler) {
	if wrap == nil {
		panic("simplysocket: Use: nil wrapper")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.around = append(s.around, wrap)
}

func (s *Server) wrappers() []func(Handler) Handler {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.around)
}

// Client returns the client with that ID, or nil.
func (s *Server) Client(id string) *Client { return s.clients.find(id) }

// Clients iterates over the clients, in no order.
func (s *Server) Clients() iter.Seq[*Client] { return s.clients.all() }

// Room returns a reference to the room of that name, whether it is open or not.
func (s *Server) Room(name string) RoomRef { return RoomRef{srv: s, name: name} }

// Rooms iterates over the open rooms, including hidden rooms and the lobby, in no order.
func (s *Server) Rooms() iter.Seq[RoomRef] {
	return func(yield func(RoomRef) bool) {
		for a := range s.rooms.all() {
			open := a.isLobby || a.info.Load().Joined // the place of a room that has closed stays for a moment
			if open && !yield(s.Room(a.name)) {
				return
			}
		}
	}
}

// User returns a reference to all sessions of that user; see [Identity].
func (s *Server) User(name string) UserRef { return UserRef{srv: s, name: name} }

// UserRef refers to all sessions of a user on this server.
type UserRef struct {
	srv  *Server
	name string
}

// Send sends a message to each session of the user. The error is that of a message that
// cannot be sent.
func (u UserRef) Send(action string, body any) error {
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	for _, c := range u.srv.users.sessions(u.name) {
		c.send(&protocol.Header{Action: action}, raw)
	}
	return nil
}

// Disconnect ends each session of the user; see [Client.Disconnect].
func (u UserRef) Disconnect(code protocol.CloseCode, reason string) {
	for _, c := range u.srv.users.sessions(u.name) {
		c.Disconnect(code, reason)
	}
}

// theLobby returns the lobby, which is there from the first client on. It takes no
// lock of a client.
func (s *Server) theLobby() *actor {
	if lobby := s.lobby.Load(); lobby != nil {
		return lobby
	}
	lobby := s.newActor(s.opts.Lobby)
	lobby.isLobby = true
	s.openRooms.enter(lobby) // before anybody can end it
	if !s.lobby.CompareAndSwap(nil, lobby) {
		s.openRooms.leave(lobby)
		return s.lobby.Load()
	}
	s.rooms.add(lobby)
	return lobby
}

// actorFor returns where the room of that name is, or opens.
func (s *Server) actorFor(name string, flags room.Flags) (*actor, error) {
	if _, _, err := s.setupFor(name); err != nil {
		return nil, err
	}
	var refused error
	a := s.rooms.findOrAdd(name, func(there bool) *actor {
		switch {
		case there:
		case flags&room.FlagExisting != 0:
			refused = unknownRoom(name)
		case s.closing.Load():
			refused = ErrServerClosed
		case s.roomCount.Add(1) > int64(s.opts.MaxRooms):
			s.roomCount.Add(-1)
			refused = newError(protocol.CodeLimitExceeded, "the server has as many rooms as it takes")
		default:
			a := s.newActor(name)
			s.openRooms.enter(a)
			return a
		}
		return nil
	})
	if refused != nil {
		return nil, refused
	}
	return a, nil
}

// setupFor finds the code of a room.
func (s *Server) setupFor(name string) (func(*Room) error, pattern.Params, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case name == s.opts.Lobby && s.lobbyCode != nil:
		return s.lobbyCode, pattern.Params{}, nil
	case !s.coded:
		return Relay, pattern.Params{}, nil
	case name == s.opts.Lobby:
		return mute, pattern.Params{}, nil
	}
	setup, params, ok := s.patterns.Match(name)
	if !ok {
		return nil, params, unknownRoom(name)
	}
	return setup, params, nil
}

// roomRegistry holds the open rooms by name.
type roomRegistry struct{ *registry[*actor] }

func (reg roomRegistry) add(a *actor) {
	reg.update(a.name, func(*actor, bool) (*actor, bool) { return a, true })
}

// findOrAdd returns the room of that name which takes entries, or the one that
// open returns. Open is told whether there is one.
func (reg roomRegistry) findOrAdd(name string, open func(there bool) *actor) (room *actor) {
	reg.update(name, func(held *actor, ok bool) (*actor, bool) {
		room = open(ok && !held.mailbox.isClosed())
		if room == nil && ok {
			room = held
		}
		return room, room != nil
	})
	return room
}

// remove takes a out, unless another has its name.
func (reg roomRegistry) remove(a *actor) {
	reg.update(a.name, func(held *actor, ok bool) (*actor, bool) { return held, ok && held != a })
}
