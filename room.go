package simplysocket

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"iter"
	"math/rand/v2"
	"runtime/debug"
	"sync/atomic"
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
	name    string
	isLobby bool
	mailbox mailbox
	info    atomic.Pointer[roomInfo] // what listings tell

	// All below belongs to the turn.

	phase    phase
	setup    func(*Room) error
	params   pattern.Params
	setupErr error
	now      time.Time
	seq      uint64
	stream   *stream
	group    fanout.Group
	out      *output // nil outside turns, unless an interval holds it back
	batch    *slab   // what the turn has taken from the mailbox
	next     int     // the first of it that was not begun
	handling *entry  // the entry in its turn, until it is answered
	before   mark    // the output before it
	speaking bool    // code of the application has the turn
	torn     bool    // a hook has panicked
	dirty    bool    // info has to be published
	joined   bool    // somebody has been a member
	idle     *alarm
	flushing *alarm
	ctx      context.Context
	cancel   context.CancelFunc
	rng      *rand.Rand

	members map[string]*Member
	order   roster
	props   map[string]any

	access
	overflow   Overflow
	interval   time.Duration
	timestamps bool

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

func (s *Server) newRoom(name string, setup func(*Room) error, params pattern.Params) *Room {
	r := &Room{
		srv:    s,
		name:   name,
		setup:  setup,
		params: params,
		stream: &stream{room: name, server: s.name, epoch: newEpoch()},
		mailbox: mailbox{
			maxEntries: s.opts.MailboxMessages,
			maxBytes:   s.opts.MailboxBytes,
		},
	}
	r.info.Store(&roomInfo{name: name, hidden: true}) // until its setup and its opener have said
	return r
}

// newEpoch returns a number that no other opening of a room has, small enough
// for a JavaScript number.
func newEpoch() uint64 { return rand.Uint64N(1<<53-1) + 1 }

// post puts an entry into the mailbox, and starts a turn if none is running.
func (r *Room) post(e *entry) error {
	start, err := r.mailbox.put(e)
	if start {
		go r.run()
	}
	return err
}

// run is the room's turn: it handles what waits, entry by entry, and writes
// what came of it when nothing waits any more.
func (r *Room) run() {
	returned := false
	defer func() {
		if !returned {
			r.exited()
		}
	}()
	for {
		r.beginTurn()
		for r.takeBatch() {
			r.handleBatch()
		}
		r.endTurn()
		if r.mailbox.rest() {
			break
		}
	}
	returned = true
}

func (r *Room) beginTurn() {
	if r.out == nil {
		r.out = outputs.Get().(*output)
	}
	if r.phase == phaseNew {
		r.tick()
		r.open()
	}
}

// takeBatch reports whether there is something to handle.
func (r *Room) takeBatch() bool {
	if r.batch == nil {
		r.batch = r.mailbox.take()
	}
	return r.batch != nil
}

func (r *Room) handleBatch() {
	for r.next < len(r.batch.entries) {
		e := &r.batch.entries[r.next]
		r.next++
		r.tick()
		if r.out.due(r.now, max(r.interval, flushAge)) {
			r.flush()
		}
		r.handle(e)
	}
	r.mailbox.done(r.batch)
	r.batch, r.next = nil, 0
}

// endTurn leaves nothing behind but the room's state: after it another
// goroutine may run the next turn.
func (r *Room) endTurn() {
	if len(r.members) == 0 && r.phase == phaseOpen {
		r.rest()
	}
	if r.interval > 0 && len(r.out.items) > 0 && r.phase == phaseOpen {
		r.flushLater()
		return
	}
	r.flush()
	outputs.Put(r.out)
	r.out = nil
}

// exited runs when a handler has ended the turn's goroutine by runtime.Goexit:
// the room's state may be torn just as after a panic.
func (r *Room) exited() {
	p := &panicError{value: "runtime.Goexit called in a turn", stack: debug.Stack()}
	r.panicked(p)
	r.speaking = false
	if r.phase == phaseSetup {
		r.setupErr = p
	}
	if e := r.handling; e != nil {
		if r.phase < phaseClosing {
			r.revoke(r.before)
		}
		r.refuse(e, p)
		r.settle(e)
	}
	r.shut(shutTorn)
	go r.run()
}

// tick moves the room's time on. It never goes back.
func (r *Room) tick() {
	if now := time.Now(); now.After(r.now) {
		r.now = now
	}
}

// handle takes one entry through the room.
func (r *Room) handle(e *entry) {
	if r.phase == phaseClosed {
		r.redirect(e)
		return
	}
	r.handling, r.before = e, r.mark()
	reply, err := r.dispatch(e)
	if err == nil {
		r.release()
		r.accept(e, reply)
	} else {
		r.revoke(r.before)
		r.refuse(e, err)
	}
	r.settle(e)
	r.handling = nil
	if r.srv.trace.Message != nil && e.kind == entryMessage {
		info := MessageInfo{Room: r.name, Client: e.member, Action: e.action, Bytes: len(e.body), Took: time.Since(r.now), Err: err}
		r.srv.observe(func() { r.srv.trace.Message(info) })
	}
	var p *panicError
	if errors.As(err, &p) {
		r.panicked(p)
		r.torn = true
	}
	if r.torn {
		r.shut(shutTorn)
	}
}

// dispatch is one entry's turn. It contains the panics of the application's
// code.
func (r *Room) dispatch(e *entry) (reply json.RawMessage, err error) {
	r.speaking = true
	defer func() {
		r.speaking = false
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	switch e.kind {
	case entryMessage:
		return r.message(e)
	case entryDirect:
		return nil, r.directMessage(e)
	case entryMembers:
		return r.listMembers(e)
	case entryJoin:
		return nil, r.join(e)
	case entryLeave:
		return nil, r.leave(e)
	case entryServer:
		return r.serverMessage(e)
	case entryBroadcast:
		return nil, r.serverBroadcast(e)
	case entryTimer, entryTick, entryResult:
		return nil, r.clocks.fire(e)
	case entryCount:
		r.announceCount()
	case entryFlush:
		r.flushing = nil
		r.flush()
	case entryIdle:
		r.closeIdle(e)
	case entryClose:
		r.close(e.flags&flagShutdown != 0)
	}
	return nil, nil
}

// accept answers an entry whose output goes out. The ack is the last of it.
func (r *Room) accept(e *entry, reply json.RawMessage) {
	if e.answer != nil {
		e.answer <- answer{body: reply}
	}
	if e.id != 0 {
		r.reply(e, protocol.ActionAck, reply)
	}
}

// refuse tells whoever can act on it why the entry was not accepted.
func (r *Room) refuse(e *entry, err error) {
	public, internal := publicError(err)
	heard := e.client != nil || e.answer != nil
	if (internal || !heard) && !isPanic(err) {
		r.srv.log.Error("room handler failed", "room", r.name, "client", e.member, "action", e.reAction(), "error", err)
	}
	if e.answer != nil {
		e.answer <- answer{err: err}
	}
	switch {
	case e.client == nil:
	case e.flags&flagConnect != 0: // nobody is on the server and not in its lobby
		e.client.Disconnect(protocol.CloseDisconnected, public.Error())
	default:
		r.reply(e, protocol.ActionError, errorBody(public))
	}
}

// settle tells the client how the join or leave it waits for has ended.
func (r *Room) settle(e *entry) {
	if e.pending != nil {
		e.client.settle(e.pending, r.members[e.member] != nil)
	}
}

func (r *Room) panicked(p *panicError) {
	r.srv.stats.panics.Add(1)
	r.srv.log.Error("panic in a room", "room", r.name, "panic", p.value, "stack", string(p.stack))
	if r.srv.trace.Panic != nil {
		r.srv.observe(func() { r.srv.trace.Panic(PanicInfo{Room: r.name, Value: p.value, Stack: p.stack}) })
	}
}

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
// action or a body that can not be sent.
func (r *Room) Broadcast(action string, body any, opts ...SendOption) error {
	r.mustTurn("Room.Broadcast")
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	o := collect(opts)
	if err := r.spend(); err != nil {
		return err
	}
	r.broadcast(action, raw, &o)
	return nil
}

// Post sends a message to where it says: with IsTargetClient to the member
// named by Target, otherwise to all. An empty Sender is the server. It returns
// an error for a message that can not be sent, or of the code unknown-client if
// there is no such member.
func (r *Room) Post(msg *Message) error {
	r.mustTurn("Room.Post")
	raw, err := encodeOutgoing(msg.Action, msg.MessageBody)
	if err != nil {
		return err
	}
	o := sendOptions{from: msg.Sender}
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
	r.direct(m, msg.Action, raw, r.sender(o))
	return nil
}

func (r *Room) sender(o sendOptions) string {
	if o.from != "" {
		return o.from
	}
	return r.srv.name
}

// Kick removes a member when the handler has returned nil; see [Member.Kick].
func (r *Room) Kick(m *Member) {
	r.mustTurn("Room.Kick")
	r.after(func() {
		if r.members[m.ID()] == m {
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

// SetTimestamps says whether messages carry the time of their entry.
func (r *Room) SetTimestamps(on bool) { r.timestamps = on }

// flushLater has the output that waits written when the interval has passed.
func (r *Room) flushLater() {
	r.publish()
	if r.flushing == nil {
		r.flushing = r.alarm(r.interval, entry{kind: entryFlush})
	}
}
