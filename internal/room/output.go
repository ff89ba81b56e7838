package room

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Output is what applying one entry yields. It is valid until the next entry is applied.
type Output struct {
	Items    []Item    // what the members see, in order
	Effects  []Effect  // what else the server has to do
	Reply    Reply     // to the sender of the entry
	Failures []Problem // for the log
	// Deliveries is how many frames the application's code has broadcast while it
	// handled a member's message, counted once for each member.
	Deliveries int
	Closed     bool // the room has closed

	payloads []byte
	numbers  []uint64

	// Of the entry at hand. It is here and not in the machine, because a room at rest has none.

	handling *Entry // nil: the setup
	before   mark
	todo     []doing
	undo     []func() // takes back what the application has set, newest last
	unwound  error    // by runtime.Goexit of a hook
}

// Reply is how an entry ended.
type Reply struct {
	Err      error           // nil: it was accepted
	Body     json.RawMessage // the handler's answer; nil is {}
	IsMember bool            // whether the sender is a member now
	BadGuess bool            // a wrong password was given
}

// Problem is an error that reaches no client, or not as it is.
type Problem struct {
	Where string // "setup", or the name of a hook
	Err   error
}

// ItemKind is what kind of step an [Item] is.
type ItemKind uint8

// The steps. Frames come first: they have a payload.
const (
	ItemAll       ItemKind = iota // a frame for all members
	ItemExcept                    // a frame for all members except Numbers
	ItemOnly                      // a frame for Numbers only; 0 is the sender, which is not a member
	ItemEnter                     // a client becomes a member
	ItemExit                      // a member leaves
	ItemDrop                      // a member's connection has broken
	ItemResume                    // a member is back: it gets what it has missed
	ItemPage                      // an answer that quotes the history
	ItemDuplicate                 // the answer that was given before
	ItemGone                      // tells the sender, who resumes, that it is no member
)

// Item is one step of a room's output.
type Item struct {
	Kind    ItemKind
	Reason  LeaveReason // exit
	Away    bool        // enter: the client has no connection
	Notice  bool        // frame: the message is the protocol's own
	Ordered bool        // frame: part of the room's numbered output, so that its loss is a gap
	Answer  bool        // frame, page, duplicate: the final answer to message ID
	Silent  bool        // frame: it may be lost without notice, and is not kept
	Restart bool        // resume: the position is unknown; Frame is a new `joined-room`
	Lost    bool        // resume: the position is of another epoch

	Overflow Overflow
	Members  int      // enter, exit: the number of members afterwards
	Number   uint64   // of the member: enter, exit, drop, resume
	Numbers  []uint64 // frame: the audience
	Member   string   // enter, exit, and the receiver of an answer: the client's ID
	Seq      uint64   // frame, page, duplicate. Enter: what follows it is for the member
	Key      string   // frame: replaces one of the same key
	Seen     Position // resume
	Before   uint64   // page: only what is older; 0: all
	Since    bool     // page: only what followed the member's join
	ID       uint64   // answer: the client's number for the message
	Action   string   // answer: ack or error
	Re       string   // answer: to what
	Body     json.RawMessage
	Time     int64 // page, duplicate: timestamp in ms; 0: none

	first, end int // of the payload
}

// Panic returns the panic of the application's code that has ended the room, or nil.
func (o *Output) Panic() *Panic {
	for i := range o.Failures {
		if p := AsPanic(o.Failures[i].Err); p != nil {
			return p
		}
	}
	return nil
}

// IsFrame reports whether the item carries a message that is encoded already.
func (it *Item) IsFrame() bool { return it.Kind <= ItemOnly }

// ReplacedBy reports whether a newer frame of the same key and audience makes the item
// superfluous, as long as it was not sent and no member has left in between.
func (it *Item) ReplacedBy(newer *Item) bool {
	return it.IsFrame() && it.Key == newer.Key && it.Kind == newer.Kind && slices.Equal(it.Numbers, newer.Numbers)
}

// Payload returns the message of a frame, or the `joined-room` of a resume that may have
// to restart. It is valid as long as the output.
func (o *Output) Payload(it *Item) []byte { return o.payloads[it.first:it.end:it.end] }

func (o *Output) reset() {
	clear(o.Items)
	clear(o.Effects)
	clear(o.Failures)
	clear(o.todo)
	clear(o.undo)
	if cap(o.payloads) > keptPayloads {
		o.payloads = nil
	}
	*o = Output{Items: o.Items[:0], Effects: o.Effects[:0], Failures: o.Failures[:0], payloads: o.payloads[:0], numbers: o.numbers[:0], todo: o.todo[:0], undo: o.undo[:0]}
}

// keptPayloads is the largest buffer of messages that is kept for the next entry.
const keptPayloads = 64 << 10

// Lend gives the machine an output to work with, whose contents are lost. Without it the
// first Apply makes one.
func (m *Machine) Lend(o *Output) {
	if m.out != o {
		o.reset()
		m.out = o
	}
}

// Return takes the output back, so that a room at rest owns none.
func (m *Machine) Return() { m.out = nil }

// mark is a point of the output that can be returned to.
type mark struct {
	items, payloads, numbers, deliveries, undo int
	seq                                        uint64
}

func (m *Machine) mark() mark {
	o := m.out
	return mark{len(o.Items), len(o.payloads), len(o.numbers), o.Deliveries, len(o.undo), m.seq}
}

// revoke takes back what was yielded and set since a mark, and all that was to be done.
func (m *Machine) revoke(to mark) {
	o := m.out
	clear(o.Items[to.items:])
	o.Items, o.payloads, o.numbers = o.Items[:to.items], o.payloads[:to.payloads], o.numbers[:to.numbers]
	o.Deliveries, m.seq = to.deliveries, to.seq
	o.todo = o.todo[:0]
	for i := len(o.undo) - 1; i >= to.undo; i-- {
		o.undo[i]()
	}
	clear(o.undo[to.undo:])
	o.undo = o.undo[:to.undo]
}

// OnRevoke has f called if what the hook at hand yields is taken back: f undoes what the
// application has set. The functions run from the newest to the oldest.
func (m *Machine) OnRevoke(f func()) {
	if m.out != nil {
		m.out.undo = append(m.out.undo, f)
	}
}

// set changes a setting of the room until what the hook at hand yields is taken back.
func set[T any](m *Machine, setting *T, to T) {
	before := *setting
	m.OnRevoke(func() { *setting = before })
	m.changes.setting()
	*setting = to
}

// audience keeps numbers as long as the output.
func (o *Output) audience(numbers ...uint64) []uint64 {
	first := len(o.numbers)
	o.numbers = append(o.numbers, numbers...)
	return o.numbers[first:len(o.numbers):len(o.numbers)]
}

// encode puts a message into the output as the payload of it.
func (m *Machine) encode(it *Item, h *protocol.Header, body []byte) {
	if m.timestamps {
		h.Time = m.now.UnixMilli()
	}
	h.Seq = it.Seq
	it.Notice = protocol.ServerAction(h.Action)
	it.first = len(m.out.payloads)
	m.out.payloads = protocol.AppendEnvelope(m.out.payloads, h, body)
	it.end = len(m.out.payloads)
}

func (m *Machine) emit(it *Item) { m.out.Items = append(m.out.Items, *it) }

func (m *Machine) nextSeq() uint64 {
	m.seq++
	return m.seq
}

// broadcast yields a frame for the members that s names; nil is all of them.
func (m *Machine) broadcast(action string, body []byte, sender string, s *Send) {
	it := Item{Kind: ItemAll, Ordered: true, Overflow: m.overflow, Seq: m.nextSeq()}
	m.encode(&it, &protocol.Header{Action: action, Target: m.cfg.Name, Sender: sender}, body)
	from := ""
	if s != nil {
		it.Key, it.Silent, from = s.Key, s.Volatile, s.From
		if s.Overflow != OverflowDefault {
			it.Overflow = s.Overflow
		}
		switch {
		case s.ToOnly:
			it.Kind, it.Numbers = ItemOnly, m.numbersOf(s.Only, s.Except)
		case len(s.Except) > 0:
			it.Kind, it.Numbers = ItemExcept, m.numbersOf(s.Except, nil)
		}
	}
	if it.Overflow == OverflowConflate && it.Key == "" && !it.Notice { // one who left does not replace another
		it.Key = action + "\x00" + from
	}
	m.emit(&it)
}

// numbersOf returns the numbers of the members among ids that are not in without.
func (m *Machine) numbersOf(ids, without []string) []uint64 {
	m.stamp++
	for _, id := range without {
		if member := m.order.find(id); member != nil {
			member.stamp = m.stamp
		}
	}
	first := len(m.out.numbers)
	for _, id := range ids {
		if member := m.order.find(id); member != nil && member.stamp != m.stamp {
			member.stamp = m.stamp
			m.out.numbers = append(m.out.numbers, member.Number)
		}
	}
	return m.out.numbers[first:len(m.out.numbers):len(m.out.numbers)]
}

// direct yields a frame for one member alone.
func (m *Machine) direct(to *Member, action string, body []byte, sender string) {
	it := Item{Kind: ItemOnly, Numbers: m.out.audience(to.Number), Seq: m.nextSeq()}
	m.encode(&it, directHeader(m.cfg.Name, to.ID, action, sender), body)
	m.emit(&it)
}

// directHeader is the header of a message of a room to one client.
func directHeader(room, to, action, sender string) *protocol.Header {
	return &protocol.Header{Action: action, Target: to, IsTargetClient: true, Sender: sender, Room: room}
}

// answer yields the final answer to an entry: an ack or an error. It is not kept for
// those who resume: a message that comes again is answered again.
func (m *Machine) answer(e *Entry, action string, body json.RawMessage) {
	it := m.answering(e)
	it.Kind, it.Action, it.Body, it.Silent = ItemOnly, action, body, true
	m.encode(&it, m.cfg.answerHeader(&it, action), body)
	m.emit(&it)
}

// answering is an answer without its payload.
func (m *Machine) answering(e *Entry) Item {
	it := Item{Answer: true, Member: e.Member, ID: e.ID, Re: e.ReAction(), Seq: m.nextSeq()}
	if m.timestamps {
		it.Time = m.now.UnixMilli()
	}
	if member := m.order.find(e.Member); member != nil {
		it.Number = member.Number
	}
	it.Numbers = m.out.audience(it.Number)
	return it
}

// EncodeAnswer returns the message of an answer whose body the machine does not know: a
// page of the history, or an answer that was given before.
func (cfg *Config) EncodeAnswer(dst []byte, it *Item, action string, body json.RawMessage) []byte {
	return protocol.AppendEnvelope(dst, cfg.answerHeader(it, action), body)
}

func (cfg *Config) answerHeader(it *Item, action string) *protocol.Header {
	h := directHeader(cfg.Name, it.Member, action, cfg.Server)
	h.Ref, h.Re, h.Seq, h.Time = it.ID, it.Re, it.Seq, it.Time
	return h
}

// EncodeGap returns the message that tells a member of frames that it has lost: those
// from first to last or, if last is 0, all of another epoch.
func (cfg *Config) EncodeGap(dst []byte, member string, epoch, first, last uint64) []byte {
	var body json.RawMessage
	if last == 0 {
		body = EncodeBody(epochGap{epoch})
	} else {
		body = EncodeBody(seqGap{epoch, first, last})
	}
	return protocol.AppendEnvelope(dst, directHeader(cfg.Name, member, protocol.ActionGap, cfg.Server), body)
}

type epochGap struct {
	Epoch uint64 `json:"epoch"`
}

type seqGap struct {
	Epoch uint64 `json:"epoch"`
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
}

// Effect is something that the server does after the output is released.
type Effect struct {
	Kind   EffectKind
	Number uint64 // of the task, or of the message to another room
	Epoch  uint64 // of the telling room; 0: it repeats nothing, and needs no confirmation
	Member string // whose client joins another room
	Name   string // of the task, or of the other room
	Action string
	Body   json.RawMessage
}

// EffectKind is what kind of thing an [Effect] asks for.
type EffectKind uint8

// The effects.
const (
	EffectTask    EffectKind = iota + 1 // run the task Name with Body; the result is an entry with its Number
	EffectJoin                          // have the client Member join the room Name, with Body
	EffectTell                          // send Action and Body to the room Name, which gets an entry of KindTold
	EffectConfirm                       // the room Name gets an entry of KindConfirmed
)

// doing is something that the application has asked for and that happens in the room
// when the entry is released: never for an entry that fails.
type doing struct {
	kind   doingKind
	number uint64
	member string
	name   string
	action string
	due    time.Time
	body   json.RawMessage
}

type doingKind uint8

const (
	doKick doingKind = iota
	doClose
	doSetTimer
	doStopTimer
	doStartTask
	doJoin
	doTell
)

// release lets what the entry has yielded go out, and does what it has asked for. Its
// error is a runtime.Goexit of a hook on the way.
func (m *Machine) release() error {
	todo := m.out.todo
	m.out.todo = nil
	for i := range todo { // a kick runs OnLeave, which may ask for more
		m.do(&todo[i])
	}
	clear(todo)
	if m.out.todo == nil {
		m.out.todo = todo[:0]
	}
	unwound := m.out.unwound
	m.out.unwound = nil
	return unwound
}

func (m *Machine) do(a *doing) {
	switch a.kind {
	case doKick:
		if member := m.order.find(a.member); member != nil && member.Number == a.number && m.phase == phaseOpen {
			m.remove(member, Kicked)
		}
	case doClose:
		m.close(false)
	case doSetTimer:
		m.setTimer(a.name, a.due, a.body)
	case doStopTimer:
		m.stopTimer(a.name)
	case doStartTask:
		m.startTask(a.name, a.body)
	case doJoin:
		m.out.Effects = append(m.out.Effects, Effect{Kind: EffectJoin, Member: a.member, Name: a.name, Body: a.body})
	case doTell:
		m.tell(message{to: a.name, action: a.action, body: a.body})
	}
}
