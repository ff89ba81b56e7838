package room

import (
	"encoding/json"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Config is what is fixed for one opening of a room.
type Config struct {
	Name   string
	Server string // the sender of the server's own messages
	Epoch  uint64 // no other opening of the room has it
	Seed   [2]uint64
	Opened time.Time

	Lobby bool // every client is in it
	Plain bool // no code of the application has set it up: its opener configures it

	AnnounceMaxMembers  int           // members above which single joins and leaves are not announced
	EmptyTimeout        time.Duration // how long the room stays open without members
	DeliveriesPerSecond int           // of what a lobby's code sends of itself; 0: no limit
}

// Hooks is the application's code. Each method runs within Apply, on its goroutine. Its
// error is nil, an [*Error], a [*Fault] or a [*Panic].
type Hooks interface {
	// Setup runs once before all others, again for a machine that is restored.
	Setup(*Machine) error
	Join(*Join) error
	Leave(*Member, LeaveReason) error
	Drop(*Member) error
	Resume(*Member) error
	// Message and Server return the reply; nil is {}.
	Message(*Member, *Entry) (json.RawMessage, error)
	Server(*Entry) (json.RawMessage, error)
	// Direct decides whether a message from one member to another is delivered.
	Direct(from, to *Member, e *Entry) error
	Timer(name string, body json.RawMessage) error
	Tick(index int) error
	// Task gets either the result of a task, or why it failed, or that it was interrupted.
	Task(name string, query, result json.RawMessage, failed *Failure, interrupted bool) error
	Restore(down time.Duration) error
	Close() error
}

// Machine is the state of one room.
type Machine struct {
	cfg   Config
	hooks Hooks

	phase    phase
	now      time.Time
	seq      uint64
	joined   bool // somebody has been a member
	emptied  time.Time
	order    roster
	stamp    uint64
	guesses  map[string]guess
	presence presence
	access
	settings
	clocks
	properties Properties
	*ledger
	relaying bool
	wrapped  bool    // middleware wraps the relaying
	lobby    *bucket // nil: no limit
	source   *rand.PCG
	random   *rand.Rand

	poisoned  bool // a hook has panicked: the state may be inconsistent
	skipHooks bool
	changed   bool    // what listings show
	out       *Output // with the state of the entry at hand; nil for a room at rest
}

type phase uint8

const (
	phaseSetup phase = iota
	phaseOpen
	phaseClosing
	phaseClosed
)

// Record makes the machine note what changes, for [Machine.AppendRecord], or not. The hooks
// call it at the beginning of the setup, and may change their mind until its end: a room
// that is recorded only from then on begins with a snapshot.
func (m *Machine) Record(enabled bool) {
	if enabled {
		m.keep().changes = new(changes)
		for i := range m.declared {
			m.declared[i].Value.Track()
		}
	} else if m.changes != nil {
		m.changes = nil
	}
}

// Recorded reports whether the machine notes what changes.
func (m *Machine) Recorded() bool { return m.changes != nil }

// Keeps reports whether the setup has declared values to keep.
func (m *Machine) Keeps() bool { return len(m.declared) > 0 }

// Index is the number of the newest record.
func (m *Machine) Index() uint64 { return m.index }

// Pos is the position of the newest entry.
func (m *Machine) Pos() uint64 { return m.pos }

// Open runs the setup. A room whose setup fails is closed at once: the error is in the
// output's reply.
func Open(cfg Config, hooks Hooks) (*Machine, *Output) {
	m := newMachine(cfg, hooks)
	m.out = new(Output)
	m.out.before = m.mark()
	err := m.setUp()
	if err == nil {
		m.phase = phaseOpen
		m.startTicks()
		err = m.release()
	} else {
		m.fail("setup", err)
		m.revoke(m.out.before)
		m.shut(closePoisoned)
	}
	m.out.Reply.Err = err
	return m, m.out
}

func newMachine(cfg Config, hooks Hooks) *Machine {
	m := &Machine{cfg: cfg, ledger: noLedger, hooks: hooks, now: cfg.Opened, changed: true}
	m.hidden = cfg.Lobby
	m.overflow = OverflowDisconnect
	if cfg.DeliveriesPerSecond > 0 {
		m.lobby = &bucket{tokens: float64(cfg.DeliveriesPerSecond), filled: cfg.Opened}
	}
	return m
}

func (m *Machine) setUp() error { return guard(func() error { return m.hooks.Setup(m) }) }

// Apply takes one entry. The output is valid until the next call. A closed room takes no
// entries: their output is empty.
func (m *Machine) Apply(e *Entry) *Output {
	return m.take(e, m.dispatch)
}

// Refuse takes an entry whose code of the application has panicked in an earlier machine, and
// does not run that code. A sender gets the error. A timer counts as fired, a task as
// ended. What needs nobody's consent happens without its hooks: a leave, a drop, a resume, a
// close.
func (m *Machine) Refuse(e *Entry, why error) *Output {
	return m.take(e, func(e *Entry) (json.RawMessage, error) {
		switch e.Kind {
		case KindLeave, KindDrop, KindResume, KindDuplicate, KindInfo, KindIdle, KindClose, KindConfirmed:
			m.skipHooks = true
			defer func() { m.skipHooks = false }()
			return m.dispatch(e)
		case KindTold:
			m.hear(e)
		case KindTimer:
			_, _ = m.takeAlarm(e.Number)
		case KindResult:
			_, _ = m.takeTask(e.Number)
		case KindMessage, KindDirect, KindMembers, KindHistory, KindJoin, KindServer, KindBroadcast, KindRestore:
		}
		return nil, why
	})
}

func (m *Machine) take(e *Entry, handle func(*Entry) (json.RawMessage, error)) *Output {
	if m.out == nil {
		m.out = new(Output)
	}
	m.out.reset()
	if m.phase == phaseClosed {
		return m.out
	}
	m.out.handling, m.out.before = e, m.mark()
	if e.Time.After(m.now) {
		m.now = e.Time
	}
	if m.changes != nil {
		m.pos = e.Pos
	}
	reply, err := handle(e)
	if err != nil {
		m.revoke(m.out.before)
	} else {
		err = m.release()
	}
	m.reply(e, reply, err)
	if p := AsPanic(err); p != nil && !m.poisoned {
		m.fail("", p)
		m.poisoned = true
	}
	if m.poisoned {
		m.shut(closePoisoned)
	}
	m.out.handling = nil
	return m.out
}

// Exited ends a room in whose hook the goroutine of Apply, or of Open, has ended by
// runtime.Goexit. Its output is that of the entry, or of the setup, at hand.
func (m *Machine) Exited() *Output {
	p := NewPanic("runtime.Goexit called in a turn")
	e := m.out.handling
	m.out.handling = nil
	if m.phase < phaseClosing {
		m.revoke(m.out.before)
	}
	m.fail("", p)
	if e != nil {
		m.reply(e, nil, p)
	} else {
		m.out.Reply.Err = p
	}
	m.shut(closePoisoned)
	return m.out
}

// reply answers an entry. An ack is the last of what the entry yields.
func (m *Machine) reply(e *Entry, body json.RawMessage, err error) {
	switch {
	case e.Member == "", e.Flags&FlagConnect != 0, e.Kind == KindDrop, e.Kind == KindResume: // nobody has asked
	case err != nil:
		public, _ := Public(err)
		m.answer(e, protocol.ActionError, ErrorBody(public))
	case e.ID != 0 && e.Kind != KindDuplicate && e.Kind != KindHistory:
		m.answer(e, protocol.ActionAck, body)
	}
	m.out.Reply.Err, m.out.Reply.Body = err, body
	m.out.Reply.IsMember = m.order.find(e.Member) != nil
}

func (m *Machine) fail(where string, err error) {
	m.out.Failures = append(m.out.Failures, Problem{Where: where, Err: err})
}

// dispatch is one entry's turn. It contains the application's code.
func (m *Machine) dispatch(e *Entry) (reply json.RawMessage, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = NewPanic(v)
		}
	}()
	switch e.Kind {
	case KindMessage:
		return m.message(e)
	case KindDirect:
		return nil, m.directMessage(e)
	case KindMembers:
		return m.listMembers(e)
	case KindHistory:
		return nil, m.quoteHistory(e)
	case KindJoin:
		return nil, m.join(e)
	case KindLeave:
		return nil, m.leave(e)
	case KindDrop:
		m.drop(e)
	case KindResume:
		m.resume(e)
	case KindDuplicate:
		m.answerAgain(e)
	case KindInfo:
		m.setInfo(e)
	case KindServer:
		return m.hooks.Server(e)
	case KindBroadcast:
		m.broadcast(e.Action, e.Body, m.sender(e.Send.From), e.Send)
	case KindTimer:
		return nil, m.alarm(e)
	case KindResult:
		return nil, m.taskEnded(e)
	case KindIdle:
		m.closeIdle()
	case KindClose:
		m.close(e.Flags&FlagShutdown != 0)
	case KindRestore:
		return nil, m.restored(e)
	case KindTold:
		if m.hear(e) {
			return m.hooks.Server(e)
		}
	case KindConfirmed:
		m.confirmed(e)
	}
	return nil, nil
}

// hook runs a hook whose error cannot stop what it was called for: its output is revoked
// and the error reported.
func (m *Machine) hook(name string, f func() error) {
	if m.skipHooks {
		return
	}
	outer := m.out.before
	m.out.before = m.mark() // a runtime.Goexit of the hook takes back no more than its own output
	err := guard(f)
	if err != nil {
		m.revoke(m.out.before)
	} else {
		m.out.unwound = m.release() // the hook that has ended the goroutine has reported it
	}
	m.out.before = outer
	if err == nil {
		return
	}
	if p := AsPanic(err); p != nil {
		m.poisoned = true
		if p.Exit {
			m.out.unwound = p
		}
	}
	m.fail(name, err)
}

// InSetup reports whether the setup runs.
func (m *Machine) InSetup() bool { return m.phase == phaseSetup }

// SetRelaying says what the setup has registered: whether the room passes messages on,
// and whether middleware has to see each of them.
func (m *Machine) SetRelaying(relaying, wrapped bool) { m.relaying, m.wrapped = relaying, wrapped }

// Relaying reports whether the room passes messages on.
func (m *Machine) Relaying() bool { return m.relaying }

// Config returns what the room was opened with.
func (m *Machine) Config() *Config { return &m.cfg }

// Now is the time of the newest entry. It never goes back.
func (m *Machine) Now() time.Time { return m.now }

// Len is the number of members.
func (m *Machine) Len() int { return m.order.live }

// Member returns the member of that ID, or nil.
func (m *Machine) Member(id string) *Member { return m.order.find(id) }

// Members iterates over the members in joining order.
func (m *Machine) Members() iter.Seq[*Member] { return m.order.all() }

// Rand returns the room's source of randomness. Its state is part of the room's.
func (m *Machine) Rand() *rand.Rand {
	if m.random == nil {
		m.source = rand.NewPCG(m.cfg.Seed[0], m.cfg.Seed[1])
		m.random = rand.New(m.source)
	}
	return m.random
}

// Kick removes a member when the entry is released.
func (m *Machine) Kick(member *Member) {
	m.out.todo = append(m.out.todo, doing{kind: doKick, member: member.ID, number: member.Number})
}

// Close closes the room when the entry is released.
func (m *Machine) Close() { m.out.todo = append(m.out.todo, doing{kind: doClose}) }

// JoinRoom has a member's client join another room when the entry is released.
func (m *Machine) JoinRoom(member *Member, room string, body json.RawMessage) {
	m.out.todo = append(m.out.todo, doing{kind: doJoin, member: member.ID, name: room, body: body})
}
