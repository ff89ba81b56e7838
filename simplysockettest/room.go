package simplysockettest

import (
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Room is a room under test. It belongs to the goroutine of the test.
type Room struct {
	t   testing.TB
	log *slog.Logger
	trouble
	name   string
	seed   uint64
	limits testroom.Limits
	room   testroom.Room
	twin   *twin           // nil: the room is not forgetful
	tape   *recording.Tape // nil: the room is not recorded

	now     time.Time
	entries uint64 // that were applied
	epoch   uint64 // openings
	conns   uint64 // connections that there have been
	closed  bool
	kept    []byte // of a room that could not be restored
	busy    bool   // an entry is applied
	joined  bool   // somebody has been a member since it opened
	alarm   string // that is being handled

	clients []*Client // in the order in which they were made
	byID    map[string]*Client
	words   map[string]string // actions and senders
	tasks   []*Task
	told    []Told
	queued  []room.Entry // what the room has told itself, and what others confirm
	delivery

	expecting bool      // failures are
	failures  []Failure // that were expected
}

// open opens the room. The error is that of its setup.
func (r *Room) open() error {
	r.epoch++
	r.closed, r.joined, r.tasks = false, false, nil
	r.delivery = delivery{}
	opening := testroom.Opening{Epoch: r.epoch, Seed: [2]uint64{r.seed, r.epoch}, Time: r.now}
	r.busy = true
	out := r.room.Open(opening)
	if r.twin != nil {
		r.twin.open(r, opening, out)
	}
	r.recordOpening(out)
	r.busy = false
	r.finish(out)
	if err := out.Reply.Err; err != nil {
		return publicly(err)
	}
	r.settle()
	return nil
}

func (r *Room) discard() {
	r.endRecording()
	r.room.Discard()
	if r.twin != nil {
		r.twin.room.Discard()
	}
}

// result is how an entry ended.
type result struct {
	err  error // nil: it was accepted
	body json.RawMessage
}

// decode decodes the reply.
func (done result) decode(reply any) error {
	if done.err != nil || reply == nil {
		return done.err
	}
	if done.body == nil {
		done.body = json.RawMessage("{}")
	}
	return json.Unmarshal(done.body, reply)
}

// apply has the room handle an entry, and what follows at once. c is the client that the
// entry comes from, or nil.
func (r *Room) apply(c *Client, e *room.Entry) result {
	if r.busy {
		r.fatalf(": the code of a room must not use the kit: an entry is being handled")
		return result{}
	}
	out := r.step(c, e)
	done := result{publicly(out.Reply.Err), out.Reply.Body}
	r.settle()
	return done
}

// step has the room handle an entry, and nothing that follows.
func (r *Room) step(c *Client, e *room.Entry) *room.Output {
	r.entries++
	e.Pos, e.Time = r.entries, r.now
	r.busy = true
	out := r.room.Apply(e)
	if r.twin != nil {
		r.twin.apply(r, e, out)
	}
	r.recordStep(e, out)
	r.busy = false
	r.shows = r.room.Machine().History() != room.HistoryNone
	r.release(c, out)
	r.report(e, out)
	r.finish(out)
	return out
}

// finish takes over what is not for the clients.
func (r *Room) finish(out *room.Output) {
	for i := range out.Effects {
		switch e := &out.Effects[i]; e.Kind {
		case room.EffectTask:
			r.tasks = append(r.tasks, &Task{room: r, epoch: r.epoch, number: e.Number, name: e.Name, query: e.Body})
		case room.EffectTell:
			r.carry(e)
		case room.EffectConfirm:
			r.queued = append(r.queued, room.Entry{Kind: room.KindConfirmed, Number: e.Number})
		case room.EffectJoin:
			if c := r.byID[e.Member]; c != nil {
				c.redirects = append(c.redirects, Redirect{Room: e.Name, Params: e.Body})
			}
		}
	}
	if out.Closed {
		r.closed, r.tasks = true, nil
	}
}

// restless is how many entries may follow one without time going by.
const restless = 10_000

// settle has the room handle what was sent to it meanwhile, and the alarms that are due.
func (r *Room) settle() {
	for range restless {
		if r.fatal || !r.takeQueued() && !r.takePosted() && !r.ring() {
			return
		}
	}
	r.fatalf(" does not come to rest: timers without delay, or messages to itself, follow each other without end")
}

// takePosted handles a message of a RoomRef, if there is one.
func (r *Room) takePosted() bool {
	e, settle, ok := r.room.Posted()
	switch {
	case !ok:
		return false
	case r.closed:
		settle(nil)
	default:
		out := r.step(nil, &e)
		if err := out.Reply.Err; !settle(out) && err != nil && room.AsPanic(err) == nil {
			r.fail(Failure{Entry: r.describe(&e), Err: err})
		}
	}
	return true
}

// ring handles an alarm that is due, if there is one.
func (r *Room) ring() bool {
	if r.closed {
		return false
	}
	number, due := r.room.Machine().Due(r.now)
	if due {
		r.alarm = r.room.Machine().DescribeAlarm(number)
		r.step(nil, &room.Entry{Kind: room.KindTimer, Number: number})
	}
	return due
}

// Name returns the room's name.
func (r *Room) Name() string { return r.name }

// Now returns the time of the room.
func (r *Room) Now() time.Time { return r.now }

// Advance lets time go by. What is due on the way happens in its order and at its time:
// timers and beats, the end of the sessions of clients that have been away for the resume
// window, the end of a room that has been empty for its timeout.
func (r *Room) Advance(d time.Duration) {
	r.advance(d, math.MaxInt)
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// advance lets time go by, until so much has happened.
func (r *Room) advance(d time.Duration, most int) {
	if r.busy {
		r.fatalf(": the code of a room must not use the kit: time goes by between its entries")
		return
	}
	until := r.now.Add(d)
	for !r.fatal {
		at, happen := r.nextEvent()
		if happen == nil || at.After(until) {
			break
		}
		if most--; most < 0 {
			return
		}
		r.now = latest(r.now, at)
		happen()
		r.settle()
	}
	r.now = latest(r.now, until)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// nextAlarm returns when the next alarm is due.
func (r *Room) nextAlarm() (due time.Time, ok bool) {
	if r.closed {
		return due, false
	}
	return r.room.Machine().NextAlarm()
}

// nextEvent returns what happens next by itself, and when.
func (r *Room) nextEvent() (at time.Time, happen func()) {
	sooner := func(due time.Time, f func()) {
		if happen == nil || due.Before(at) {
			at, happen = due, f
		}
	}
	if due, ok := r.nextAlarm(); ok {
		sooner(due, func() { r.ring() })
	}
	for _, c := range r.clients {
		if c.away && !c.ended {
			sooner(c.windowEnds, c.expire)
		}
	}
	if !r.closed && r.joined {
		if due, ok := r.room.Machine().IdleAt(); ok {
			sooner(due, func() { r.step(nil, &room.Entry{Kind: room.KindIdle}) })
		}
	}
	return at, happen
}

// Client returns the client with that ID, or nil.
func (r *Room) Client(id string) *Client { return r.byID[id] }

// Members returns the IDs of the members in joining order.
func (r *Room) Members() []string {
	ids := make([]string, len(r.seats))
	for i, c := range r.seats {
		ids[i] = c.id
	}
	return ids
}

// Send sends a message to the room as the server's own code does, see
// [simplysocket.OnServer], and fails the test if the room refuses it.
func (r *Room) Send(action string, body any) {
	if err := r.ask(action, body).err; err != nil {
		r.fatalf(" refused the server's %q: %v", action, err)
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Call sends a message to the room as the server's own code does, and decodes the reply
// into reply unless that is nil. The error is that of [simplysocket.RoomRef.Call].
func (r *Room) Call(action string, body, reply any) error {
	done := r.ask(action, body)
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return done.decode(reply)
}

// ask has the room handle a message of the server.
func (r *Room) ask(action string, body any) result {
	raw, ok := r.encode(action, body)
	switch {
	case !ok:
		return result{}
	case r.closed:
		return result{err: simplysocket.ErrRoomClosed}
	default:
		return r.apply(nil, &room.Entry{Kind: room.KindServer, Action: action, Body: raw})
	}
}

// Broadcast sends a message to the members without calling the room's handlers, see
// [simplysocket.RoomRef.Broadcast].
func (r *Room) Broadcast(action string, body any, opts ...simplysocket.SendOption) {
	var send room.Send
	for _, opt := range opts {
		opt(&send)
	}
	if raw, ok := r.encode(action, body); ok {
		r.whileOpen(&room.Entry{Kind: room.KindBroadcast, Action: action, Body: raw, Send: &send})
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Close closes the room as the end of an opening does: OnLeave runs for each member, then
// OnClose.
func (r *Room) Close() {
	r.whileOpen(&room.Entry{Kind: room.KindClose})
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

func (r *Room) whileOpen(e *room.Entry) {
	if r.closed {
		r.fatalf(" has closed already")
		return
	}
	r.apply(nil, e)
}

// Closed reports whether the room has closed: by its own code, after a panic, because it
// was empty for its timeout, or by [Room.Close]. The next join opens it again.
func (r *Room) Closed() bool { return r.closed }

// encode encodes the body of a message that the test sends.
func (r *Room) encode(action string, body any) (raw json.RawMessage, ok bool) {
	if err := protocol.ValidAction(action); err != nil {
		r.fatalf(": %q is not an action: %v", action, err)
		return nil, false
	}
	if room.BelongsToProtocol(action) {
		r.fatalf(": %q belongs to the protocol; a method of the kit does what it asks for", action)
		return nil, false
	}
	raw, err := protocol.MarshalObject(body)
	if err != nil {
		r.fatalf(": the body of %q: %v", action, err)
	}
	return raw, err == nil
}

// Tasks returns the tasks that the room has started and that are not done, in the order in
// which they were started.
func (r *Room) Tasks() []*Task { return slices.Clone(r.tasks) }

// Task returns the oldest task of that name that is not done, and fails the test if there
// is none.
func (r *Room) Task(name string) *Task {
	i := slices.IndexFunc(r.tasks, func(t *Task) bool { return t.name == name })
	if i < 0 {
		r.t.Helper()
		r.fatalf(" has not started a task %q, or it is done", name)
		r.tell()
	}
	return r.tasks[i]
}
