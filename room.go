package simplysocket

import (
	"context"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/pattern"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Room is a named actor with members, properties and handlers. It handles one entry at a
// time, in its own turns, so its code needs no lock. A *Room is valid in its setup and its
// turns only; other code refers to rooms by [RoomRef].
type Room struct {
	srv     *Server
	actor   *actor
	core    *room.Machine // set when the setup begins
	stage   stage
	setup   func(*Room) error
	params  pattern.Params
	ahead   time.Duration // of the server's clock
	entries uint64        // that were applied
	mute    bool          // it relays nothing

	// All below belongs to the turn.

	turn     *turn // nil outside turns
	inTurn   bool  // code of the application runs
	closed   bool
	flushing *time.Timer // writes what the flush interval holds back
	ctx      context.Context
	cancel   context.CancelFunc

	durability Durability
	chosen     bool // durability was set
	durable    bool // it is written down

	handlers
}

func (s *Server) newRoom(a *actor, setup func(*Room) error, params pattern.Params) *Room {
	r := &Room{srv: s, actor: a, setup: setup, params: params}
	r.stage.actor = a
	return r
}

// clock is the server's time: that of its start plus what has passed since by the monotonic
// clock. It never goes back, whatever the wall clock does.
func (s *Server) clock() time.Time { return s.started.Add(time.Since(s.started)) }

// startClock has the room's time go on from at least the given time: from now, if that is
// later.
func (r *Room) startClock(least time.Time) {
	now := time.Now().Round(0)
	if least.After(now) {
		now = least
	}
	r.ahead = now.Sub(r.srv.clock().Round(0))
}

// time is the room's time. It never goes back.
func (r *Room) time() time.Time { return r.srv.clock().Add(r.ahead).Round(0) }

// config is what the room opens with.
func (r *Room) config() room.Config {
	o := &r.srv.opts
	cfg := room.Config{
		Name:               r.actor.name,
		Server:             r.srv.name,
		Epoch:              newEpoch(),
		Seed:               [2]uint64{rand.Uint64(), rand.Uint64()},
		Opened:             r.time(),
		Lobby:              r.actor.isLobby,
		Plain:              isRelay(r.setup),
		AnnounceMaxMembers: o.AnnounceMaxMembers,
		EmptyTimeout:       o.EmptyRoomTimeout,
	}
	if cfg.Lobby {
		cfg.DeliveriesPerSecond = o.LobbyDeliveriesPerSecond
	}
	return cfg
}

// newEpoch returns a number that no other opening of a room has, small enough
// for a JavaScript number.
func newEpoch() uint64 { return rand.Uint64N(1<<53-1) + 1 }

func (r *Room) epoch() uint64 { return r.core.Config().Epoch }

// open runs the setup. A room whose setup fails takes nobody in.
func (r *Room) open() error {
	r.startClock(time.Time{})
	_, out := room.Open(r.config(), (*hooks)(r))
	r.actor.recordOpening(out)
	r.actor.collect(&item{}, out)
	return ownError(out.Reply.Err)
}

// report logs, counts and traces how an entry went.
func (r *Room) report(it *item, out *room.Output) {
	e, err := &it.entry, out.Reply.Err
	for i := range out.Failures {
		f := &out.Failures[i]
		if p := room.AsPanic(f.Err); p != nil {
			r.srv.panicked("a room", r.actor.name, p)
		}
		switch f.Where {
		case "":
		case "setup":
			r.srv.log.Error("room setup failed", "room", r.actor.name, "error", f.Err)
		default:
			r.srv.log.Error("room hook failed", "room", r.actor.name, "hook", f.Where, "error", f.Err)
		}
	}
	if err != nil && e.Kind != 0 && room.AsPanic(err) == nil && !r.actor.journal.isRefusing() {
		_, internal := room.Public(err)
		if heard := it.source.client != nil || it.source.call != nil; internal || !heard {
			r.srv.log.Error("room handler failed", "room", r.actor.name, "client", e.Member, "action", e.ReAction(), "error", err)
		}
	}
	if r.srv.trace.Message != nil && e.Kind == room.KindMessage {
		info := MessageInfo{Room: r.actor.name, Client: e.Member, Action: e.Action, Bytes: len(e.Body), Duration: r.time().Sub(e.Time), Err: ownError(err)}
		r.srv.observe(func() { r.srv.trace.Message(info) })
	}
}

// cleanUp ends what the room has started outside of itself.
func (r *Room) cleanUp() {
	if r.flushing != nil {
		r.flushing.Stop()
	}
	if r.cancel != nil {
		r.cancel()
	}
}

// mustTurn panics when the room's code is used outside its turns, where
// nothing orders it, or in the setup, which has no effect outside the room.
func (r *Room) mustTurn(what string) {
	r.mustBeInTurn(what)
	if r.core.InSetup() {
		panic("simplysocket: " + what + " in the setup of room " + r.actor.name)
	}
}

func (r *Room) mustBeInTurn(what string) {
	if !r.inTurn {
		panic("simplysocket: " + what + " outside the turns of room " + r.actor.name)
	}
}

// mustSetUp panics when something is registered after the setup.
func (r *Room) mustSetUp(what string) {
	if !r.core.InSetup() {
		panic("simplysocket: " + what + " belongs in the setup of room " + r.actor.name)
	}
}

// Name returns the room's name.
func (r *Room) Name() string { return r.actor.name }

// Param returns the part of the room's name that the given wildcard of its pattern
// matched, or "".
func (r *Room) Param(wildcard string) string {
	value, _ := r.params.Lookup(wildcard)
	return value
}

// Members iterates over the members in joining order.
func (r *Room) Members() iter.Seq[*Member] {
	return func(yield func(*Member) bool) {
		for m := range r.core.Members() {
			if !yield(r.member(m)) {
				return
			}
		}
	}
}

// Member returns the member with that ID, or nil.
func (r *Room) Member(id string) *Member {
	if m := r.core.Member(id); m != nil {
		return r.member(m)
	}
	return nil
}

// Len returns the number of members.
func (r *Room) Len() int { return r.core.Len() }

// Now returns the time of the entry that is being handled. It never goes back.
func (r *Room) Now() time.Time { return r.core.Now() }

// Rand returns the room's source of randomness, which is seeded for each opening of the
// room. Do not use it for secrets.
func (r *Room) Rand() *rand.Rand { return r.core.Rand() }

// Context returns a context that is canceled when the room closes. [RoomRef.Call] refuses
// it.
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

// Broadcast sends a message to all members, or to those that the options select. The
// message is released when the handler returns nil. Broadcast returns an error if the
// action, the body or the sender is not valid: [ErrBadAction], [ErrBadName], or the error
// of the body's encoding.
func (r *Room) Broadcast(action string, body any, opts ...SendOption) error {
	r.mustTurn("Room.Broadcast")
	raw, err := r.encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	send := r.options(opts)
	if err := checkSender(send.From); err != nil {
		return err
	}
	return ownError(r.core.Broadcast(action, raw, send))
}

// Deliver sends a message to its target: with IsTargetClient to the member named by
// Target, otherwise to all members. An empty Sender stands for the server. The errors are
// those of [Room.Broadcast], and one with the code unknown-client if there is no such
// member.
func (r *Room) Deliver(msg *Message) error {
	r.mustTurn("Room.Deliver")
	raw, err := r.encodeOutgoing(msg.Action, msg.MessageBody)
	if err != nil {
		return err
	}
	if err := checkSender(msg.Sender); err != nil {
		return err
	}
	if !msg.IsTargetClient {
		return ownError(r.core.Broadcast(msg.Action, raw, &room.Send{From: msg.Sender}))
	}
	m := r.core.Member(msg.Target)
	if m == nil {
		return Errorf(protocol.CodeUnknownClient, "no member %q", msg.Target)
	}
	r.core.SendTo(m, msg.Action, raw, msg.Sender)
	return nil
}

// encodeOutgoing checks the action and encodes the body of a message that is sent in a
// turn. The result is valid until the next call.
func (r *Room) encodeOutgoing(action string, body any) (json.RawMessage, error) {
	encoded, err := appendOutgoing(r.turn.body[:0], action, body)
	if err == nil {
		r.turn.body = encoded
	}
	return encoded, err
}

// options applies the options of a message that is sent in a turn. The result is valid
// until the next call.
func (r *Room) options(opts []SendOption) *room.Send {
	r.turn.send = room.Send{}
	apply(&r.turn.send, opts)
	return &r.turn.send
}

// Kick removes a member once the handler has returned nil; see [Member.Kick].
func (r *Room) Kick(m *Member) {
	r.mustTurn("Room.Kick")
	r.core.Kick(m.core)
}

// Close closes the room once the handler has returned nil: OnLeave runs for each member,
// then OnClose, then all members get `room-closed`. A later join opens the room again.
func (r *Room) Close() {
	r.mustTurn("Room.Close")
	r.core.Close()
}

// Ref returns a reference to this room that is safe to use anywhere.
func (r *Room) Ref() RoomRef { return r.srv.Room(r.actor.name) }

// SetCapacity limits the number of members; 0 (the default) means no limit. The limit is
// exact even when joins race. Lowering it removes nobody.
func (r *Room) SetCapacity(members int) { r.core.SetCapacity(members) }

// SetHidden takes the room out of listings. To clients that are not members, the room
// does not exist.
func (r *Room) SetHidden(hidden bool) { r.core.SetHidden(hidden) }

// Forever is an empty timeout that never ends; see [Room.SetEmptyTimeout].
const Forever = room.Forever

// SetEmptyTimeout sets how long the room stays open without members; the default is
// [Options.EmptyRoomTimeout]. With [Forever], the room stays until it is closed. A room that
// nobody has ever joined closes at once. Call it during setup. It panics for a negative
// duration.
func (r *Room) SetEmptyTimeout(d time.Duration) {
	r.mustSetUp("SetEmptyTimeout")
	if d < 0 {
		panic("simplysocket: SetEmptyTimeout needs a duration that is not negative")
	}
	r.core.SetEmptyTimeout(d)
}

// SetOverflow sets what happens to a broadcast that does not fit a member's outbox. The
// default is [OverflowDisconnect].
func (r *Room) SetOverflow(policy Overflow) { r.core.SetOverflow(policy.policy()) }

// SetFlushInterval makes the room gather its output for d before it writes it; 16 to 50 ms
// halve the cost of a busy room. With 0, the default, output is written at the end of each
// turn.
func (r *Room) SetFlushInterval(d time.Duration) { r.core.SetInterval(d) }

// SetHistory sets which of the kept messages members may request with `history`; see
// [Options.HistoryMessages]. The default is [HistoryAll] in relay rooms and [HistoryNone]
// in rooms with handlers. The lobby keeps nothing.
func (r *Room) SetHistory(access HistoryAccess) {
	r.core.SetHistory(room.HistoryNone + room.HistoryAccess(access))
}

// HistoryAccess is how much of a room's history its members may see. No member sees
// messages that were sent to others only.
type HistoryAccess uint8

const (
	// HistoryNone shows nothing.
	HistoryNone HistoryAccess = iota
	// HistorySinceJoin shows a member the messages since it joined.
	HistorySinceJoin
	// HistoryAll also shows a member the messages from before it joined.
	HistoryAll
)

// SetTimestamps sets whether messages carry the time of their entry. The default is false.
func (r *Room) SetTimestamps(enabled bool) { r.core.SetTimestamps(enabled) }

// SetPresence sets whether members are told when others join, leave, go away, come back or
// change their profile. The default is true. Rooms with more than
// [Options.AnnounceMaxMembers] members announce only their count.
func (r *Room) SetPresence(enabled bool) { r.core.SetPresence(enabled) }
