package simplysocket

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/pattern"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Room is a named actor: members, properties and handlers. Everything that
// happens to it happens one entry at a time, in its own turns, so its code
// needs no lock. A *Room is valid in its setup and its turns only; code outside
// refers to rooms by [RoomRef].
type Room struct {
	srv     *Server
	actor   *actor
	name    string
	isLobby bool

	// All below belongs to the turn.

	phase    phase
	setup    func(*Room) error
	plain    bool // no code of the application has set it up
	mute     bool // it relays nothing
	params   pattern.Params
	opened   time.Time
	now      time.Time
	seq      uint64
	stream   *stream
	group    fanout.Group
	out      *output // nil outside turns, unless an interval holds it back
	handling *entry  // the entry in its turn, until it is answered
	before   mark    // the output before it
	speaking bool    // code of the application has the turn
	torn     bool    // a hook has panicked
	unwound  error   // by runtime.Goexit of a hook, in the entry at hand
	dirty    bool    // info has to be published
	joined   bool    // somebody has been a member
	idle     *alarm
	emptied  time.Time // since when nobody is in; zero: somebody is, or was never
	flushing *alarm
	ctx      context.Context
	cancel   context.CancelFunc
	rng      *rand.Rand

	members  map[string]*Member
	order    roster
	sessions int // members that can come back
	history  history
	presence presence
	props    map[string]any

	access
	overflow   Overflow
	interval   time.Duration
	timestamps bool
	shown      *HistoryAccess // nil: all in relay rooms, otherwise nothing

	handlers
	clocks
	relayState
}

// access is who may come in, and who may know of the room.
type access struct {
	capacity int // 0: no limit
	hidden   bool
	locked   bool // password has to be given
	password [sha256.Size]byte
	listed   json.RawMessage // the opener's properties
}

type phase uint8

const (
	phaseNew phase = iota
	phaseSetup
	phaseOpen
	phaseClosing
	phaseClosed
)

func (s *Server) newRoom(a *actor, setup func(*Room) error, params pattern.Params) *Room {
	return &Room{
		srv:     s,
		actor:   a,
		name:    a.name,
		isLobby: a.isLobby,
		access:  access{hidden: a.isLobby},
		setup:   setup,
		plain:   isRelay(setup),
		params:  params,
		stream:  &stream{room: a.name, server: s.name, epoch: newEpoch()},
	}
}

// post puts an entry of this opening of the room into the mailbox.
func (r *Room) post(e *entry) error {
	e.opening = r.stream.epoch
	return r.actor.post(e)
}

// newEpoch returns a number that no other opening of a room has, small enough
// for a JavaScript number.
func newEpoch() uint64 { return rand.Uint64N(1<<53-1) + 1 }

// mustTurn panics when the room's code is used outside its turns, where
// nothing orders it, or in the setup, which has no effect outside the room.
func (r *Room) mustTurn(what string) {
	r.mustSpeak(what)
	if r.phase == phaseSetup {
		panic("simplysocket: " + what + " in the setup of room " + r.name)
	}
}

func (r *Room) mustSpeak(what string) {
	if !r.speaking {
		panic("simplysocket: " + what + " outside the turns of room " + r.name)
	}
}

// mustSetUp panics when something is registered after the setup.
func (r *Room) mustSetUp(what string) {
	if r.phase != phaseSetup {
		panic("simplysocket: " + what + " belongs in the setup of room " + r.name)
	}
}

// Name is the room's name.
func (r *Room) Name() string { return r.name }

// Param returns the part of the name that the wildcard of that name in the
// room's pattern matched, or "".
func (r *Room) Param(wildcard string) string {
	value, _ := r.params.Lookup(wildcard)
	return value
}

// Members iterates over the members in the order of their joining.
func (r *Room) Members() iter.Seq[*Member] { return r.order.all() }

// Member returns the member of that slug, or nil.
func (r *Room) Member(id string) *Member { return r.members[id] }

// Len is the number of members.
func (r *Room) Len() int { return len(r.members) }

// Now is the time of the entry that is handled. It never goes back.
func (r *Room) Now() time.Time { return r.now }

// Rand is the room's source of randomness, seeded for each opening. It is not
// for secrets.
func (r *Room) Rand() *rand.Rand {
	if r.rng == nil {
		r.rng = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return r.rng
}

// Context is cancelled when the room closes. [RoomRef.Call] refuses it.
func (r *Room) Context() context.Context {
	return context.WithValue(r.lifetime(), turnKey{}, true)
}

type turnKey struct{}

func (r *Room) lifetime() context.Context {
	if r.ctx == nil {
		r.ctx, r.cancel = context.WithCancel(context.Background())
	}
	return r.ctx
}

// Broadcast sends a message to all members, or to those that the options name.
// It is released when the handler returns nil. It returns an error for an
// action, a body or a sender that can not be sent.
func (r *Room) Broadcast(action string, body any, opts ...SendOption) error {
	r.mustTurn("Room.Broadcast")
	raw, err := r.encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	o := r.options(opts)
	if err := o.checkSender(); err != nil {
		return err
	}
	if err := r.spend(); err != nil {
		return err
	}
	r.broadcast(action, raw, o)
	return nil
}

// Post sends a message to where it says: with IsTargetClient to the member
// named by Target, otherwise to all. An empty Sender is the server. It returns
// an error for a message that can not be sent, or of the code unknown-client if
// there is no such member.
func (r *Room) Post(msg *Message) error {
	r.mustTurn("Room.Post")
	raw, err := r.encodeOutgoing(msg.Action, msg.MessageBody)
	if err != nil {
		return err
	}
	o := sendOptions{from: msg.Sender}
	if err := o.checkSender(); err != nil {
		return err
	}
	if !msg.IsTargetClient {
		if err := r.spend(); err != nil {
			return err
		}
		r.broadcast(msg.Action, raw, &o)
		return nil
	}
	m := r.members[msg.Target]
	if m == nil {
		return Errorf(protocol.CodeUnknownClient, "no member %q", msg.Target)
	}
	r.direct(m, msg.Action, raw, r.sender(&o))
	return nil
}

func (r *Room) sender(o *sendOptions) string {
	if o.from != "" {
		return o.from
	}
	return r.srv.name
}

// Kick removes a member when the handler has returned nil; see [Member.Kick].
func (r *Room) Kick(m *Member) {
	r.mustTurn("Room.Kick")
	r.after(func() {
		if r.phase == phaseOpen && r.members[m.ID()] == m {
			r.remove(m, Kicked)
		}
	})
}

// Close closes the room when the handler has returned nil: OnLeave for each
// member, OnClose, then `room-closed` to all. Who joins later opens it anew.
func (r *Room) Close() {
	r.mustTurn("Room.Close")
	r.after(func() { r.close(false) })
}

// Ref returns a reference to this room that is safe anywhere.
func (r *Room) Ref() RoomRef { return r.srv.Room(r.name) }

// SetCapacity bounds the number of members; 0, the default, is no bound. It
// holds exactly, whoever races for the last place. Members who are in stay in.
func (r *Room) SetCapacity(members int) {
	r.capacity = max(members, 0)
	r.dirty = true
}

// SetHidden takes the room out of the listings; whoever is not in it is told
// that there is no such room.
func (r *Room) SetHidden(hidden bool) {
	r.hidden = hidden
	r.dirty = true
}

// SetOverflow sets what happens when a broadcast does not fit a member's
// outbox; the default is [Disconnect].
func (r *Room) SetOverflow(policy Overflow) { r.overflow = policy }

// SetFlushInterval lets the room gather its output for d before it is written;
// 16 to 50 ms halve the cost of a busy room. Zero, the default, writes at the
// end of each turn.
func (r *Room) SetFlushInterval(d time.Duration) { r.interval = max(d, 0) }

// SetHistory says what members may ask for by `history`, of what was said and is
// still kept; see [Options.HistoryMessages]. The default is [HistoryAll] in relay
// rooms and [HistoryNone] in rooms with handlers. The lobby keeps nothing.
func (r *Room) SetHistory(shown HistoryAccess) { r.shown = &shown }

// HistoryAccess is how much of a room's history its members may see. No member sees
// what was sent to others alone.
type HistoryAccess uint8

const (
	// HistoryNone shows nothing.
	HistoryNone HistoryAccess = iota
	// HistorySinceJoin shows a member what was said since it joined.
	HistorySinceJoin
	// HistoryAll shows a member what was said before it joined, too.
	HistoryAll
)

// SetTimestamps says whether messages carry the time of their entry.
func (r *Room) SetTimestamps(on bool) { r.timestamps = on }
