package simplysocket

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testmode"
)

// actor is a room's name and mailbox, and the only code that runs the room. Rooms open
// under the name one after the other, all in the actor's turns. A room that closes
// leaves its queue to the next one: so nothing is reordered, and no setup runs before
// the last OnClose has returned.
//
// A turn takes what is queued, applies it to the room entry by entry, and seals the output
// into parts that are released in order: see part.go and release.go.
type actor struct {
	srv     *Server
	name    string
	isLobby bool
	mailbox mailbox
	info    atomic.Pointer[room.Info] // what listings tell
	gate    testmode.Gate             // nil: what is sealed is released at once
	held    atomic.Int64              // parts that are sealed and not released
	tapes   atomic.Pointer[tapes]     // nil: nobody records

	// Of the turn.

	room   *Room // nil: none is open
	turn   *turn // nil at rest, unless output waits for the flush interval
	batch  *slab // what the turn has taken from the mailbox
	next   int   // the first of it that was not begun
	at     *item // what is being handled
	failed error // of the setup, for those who waited for it
	alarm  wakeup

	journal *journal // where rooms are written down; nil: nowhere
}

// turn is what an actor works with while it runs: pooled, so that a room at rest owns
// none.
type turn struct {
	out  room.Output
	part part
	body []byte    // of the message that is being sent
	send room.Send // its options

	misdeclared error // values that the setup has declared and that cannot be kept
}

var turns = sync.Pool{New: func() any { return new(turn) }}

func (s *Server) newActor(name string) *actor {
	a := &actor{srv: s, name: name, mailbox: mailbox{
		maxEntries: s.opts.MailboxMessages,
		maxBytes:   s.opts.MailboxBytes,
	}}
	if testmode.NewGate != nil {
		a.gate = testmode.NewGate()
	}
	if s.opts.Engine != nil && name != s.opts.Lobby {
		a.journal = &journal{actor: a}
	}
	a.hide()
	return a
}

// show sets what listings tell.
func (a *actor) show(info *room.Info) {
	a.info.Store(info)
	a.srv.roomList.changes.Add(1)
}

// hide takes the room out of the listings, as if it did not exist.
func (a *actor) hide() { a.show(&room.Info{Name: a.name, Hidden: true}) }

// post puts an item into the mailbox, and starts a turn if none is running.
func (a *actor) post(it *item) error {
	if testmode.Encoded {
		testmode.Recode(&it.entry)
	}
	start, err := a.mailbox.put(it)
	if start {
		a.srv.turns.Submit(a)
	}
	return err
}

// run is the actor's turn.
func (a *actor) run() {
	returned := false
	defer func() {
		if !returned {
			a.exited()
		}
	}()
	a.sweep() // after a turn that was cut off
	for a.isReady() {
		a.takeAgain()
		for !a.isBroken() && a.takeBatch() {
			a.handleBatch()
		}
		if a.isBroken() {
			continue
		}
		a.endTurn()
		if !a.isBroken() && (a.ends() || a.mailbox.rest()) {
			break
		}
	}
	returned = true
}

// isReady reports whether the turn can go on. A room that has to wait before it is restored
// leaves its queue as it is: the signal that ends the waiting starts another turn.
func (a *actor) isReady() bool {
	for a.isBroken() {
		seen := a.mailbox.count()
		if !a.restore() && a.mailbox.park(seen) {
			return false
		}
	}
	return true
}

// takeBatch reports whether there is something to handle.
func (a *actor) takeBatch() bool {
	if a.batch == nil {
		a.batch, a.failed = a.mailbox.take(), nil
	}
	return a.batch != nil
}

func (a *actor) handleBatch() {
	for a.next < len(a.batch.entries) {
		if a.isBroken() {
			return
		}
		it := &a.batch.entries[a.next]
		a.next++
		a.handle(it)
	}
	a.mailbox.done(a.batch)
	a.batch, a.next = nil, 0
}

// handle takes one item to the room it is for.
func (a *actor) handle(it *item) {
	switch {
	case it.signal != 0:
		a.handleSignal(it)
	case it.entry.Epoch != 0 && (a.room == nil || a.room.epoch() != it.entry.Epoch): // of a room that has closed
	case a.room == nil && a.mayBeStored(it) && !a.findStored(it): // it is taken again
	case a.room != nil && a.room.durable && it.entry.Kind == room.KindClose && it.entry.Flags&room.FlagShutdown != 0: // it is kept
	case a.room == nil && !a.opensFor(it):
		a.astray(it)
	default:
		a.apply(it)
		a.sweep()
	}
}

// mayBeStored reports whether an entry may open a room that is stored.
func (a *actor) mayBeStored(it *item) bool {
	opens := it.entry.Kind == room.KindJoin || it.entry.Kind == room.KindTold
	return a.journal != nil && opens && a.failed == nil && !a.srv.closing.Load()
}

func (a *actor) handleSignal(it *item) {
	if a.room != nil {
		a.begin()
	}
	switch {
	case it.signal == signalRestore:
		a.wakeStored()
	case it.signal == signalRecord:
		a.startTapes()
	case a.room == nil:
	case it.signal == signalFlush:
		a.room.flushing = nil
		a.seal(true)
	case it.signal == signalTrim:
		a.turn.part.trim = true
	case it.signal == signalWake:
		a.alarm.stop()
		a.ring()
	}
}

// ring applies the alarms that are due.
func (a *actor) ring() {
	now := a.room.time()
	for a.room != nil {
		number, due := a.room.core.Due(now)
		if !due {
			return
		}
		a.apply(&item{entry: room.Entry{Kind: room.KindTimer, Number: number}})
		a.sweep()
	}
}

// begin gives the turn its buffers.
func (a *actor) begin() {
	if a.turn == nil {
		a.turn = turns.Get().(*turn)
	}
	a.room.turn = a.turn
	if a.room.core != nil {
		a.room.core.Lend(&a.turn.out)
	}
}

// apply takes one item through the room.
func (a *actor) apply(it *item) {
	r := a.room
	a.begin()
	now := r.time()
	if a.turn.part.isDue(now, max(r.core.Interval(), flushAge)) {
		a.seal(true)
	}
	r.entries++
	it.entry.Time, it.entry.Pos = now, r.entries
	a.at = it
	out, refused := a.step(it)
	a.at = nil
	a.record(it, refused, out)
	if err := ownError(out.Reply.Err); it.entry.Kind == room.KindRestore && err != nil {
		r.report(it, out)
		a.abandon(a.forget(), err)
		return
	}
	a.collect(it, out)
}

// step takes the entry through the room's machine. It returns why the code of the entry was
// not to run, or nil.
func (a *actor) step(it *item) (out *room.Output, refused error) {
	if why := a.journal.refuses(it); why != nil {
		return a.room.core.Refuse(&it.entry, why), why
	}
	return a.room.core.Apply(&it.entry), nil
}

// collect adds what an entry has yielded to the part that is sealed next.
func (a *actor) collect(it *item, out *room.Output) {
	r := a.room
	r.report(it, out)
	if r.durable {
		if p := out.Panic(); p != nil {
			a.panicked(it, p)
			return
		}
		if it.entry.Kind != 0 { // a setup is not repeated by itself
			a.journal.covered = append(a.journal.covered, *it)
		}
	}
	a.turn.part.add(r, it, out)
	if out.Closed {
		r.closed = true
		r.cleanUp()
	}
}

// opensFor opens a room for a join, if it may.
func (a *actor) opensFor(it *item) bool {
	e := &it.entry
	if e.Kind != room.KindJoin || a.failed != nil || e.Flags&room.FlagExisting != 0 || a.srv.closing.Load() {
		return false
	}
	setup, params, err := a.srv.setupFor(a.name)
	if err != nil {
		a.failed = err
		return false
	}
	a.room = a.srv.newRoom(a, setup, params)
	a.journal.begin()
	a.begin()
	a.at = it
	a.failed = a.room.open()
	a.at = nil
	return !a.letGo()
}

// sweep lets go of a room that has closed. The lobby opens again at once.
func (a *actor) sweep() {
	closed := a.letGo()
	var ending map[*Client]bool
	for closed && a.isLobby && !a.srv.closing.Load() {
		c := a.readmit(ending)
		if closed = c != nil; closed {
			if ending == nil {
				ending = map[*Client]bool{}
			}
			ending[c] = true
		}
	}
}

// letGo reports whether the room has closed.
func (a *actor) letGo() bool {
	if a.room == nil || !a.room.closed {
		return false
	}
	a.seal(true) // with the answer to what has closed it
	a.alarm.stop()
	a.rest()
	a.room = nil
	return true
}

// readmit opens the lobby with all clients in it, except those whose join has closed it
// before: they are about to end. It returns the client whose join closes it once more,
// or nil. The clients enter before what is queued: their own messages come later.
func (a *actor) readmit(ending map[*Client]bool) (closer *Client) {
	for c := range a.srv.clients.all() {
		if ending[c] {
			continue
		}
		it := c.arrival()
		switch {
		case it == nil:
		case a.room == nil && !a.opensFor(it):
			a.astray(it)
		default:
			a.apply(it)
			if a.letGo() {
				return c
			}
		}
	}
	return nil
}

// endTurn leaves nothing behind but the room's state: after it another goroutine may run
// the next turn.
func (a *actor) endTurn() {
	if a.room == nil {
		return
	}
	if a.room.durable && a.srv.closing.Load() {
		a.keep()
		return
	}
	a.begin()
	if due, ok := a.room.core.IdleAt(); ok && !a.room.time().Before(due) && a.mailbox.isEmpty() {
		a.apply(&item{entry: room.Entry{Kind: room.KindIdle}})
		a.sweep()
	}
	if a.room == nil {
		return
	}
	a.setAlarm()
	if interval := a.room.core.Interval(); interval > 0 && len(a.turn.part.steps) > 0 {
		if !a.room.durable { // what is stored goes with what is said
			a.seal(false)
		}
		if a.room.flushing == nil {
			a.room.flushing = a.after(interval, signalFlush)
		}
		return
	}
	a.seal(true)
	a.rest()
}

// rest gives the turn's buffers back.
func (a *actor) rest() {
	a.room.core.Return()
	a.room.turn = nil
	if cap(a.turn.body) > keptEncoded {
		a.turn.body = nil
	}
	a.turn.send = room.Send{}
	if cap(a.turn.part.steps) <= keptSteps && cap(a.turn.out.Items) <= keptSteps {
		turns.Put(a.turn)
	}
	a.turn = nil
}

// keptSteps is the largest part that is kept for later.
const keptSteps = 1024

// wakeup is the one timer of an actor: it runs when the next alarm of its room is due.
type wakeup struct {
	at    int64       // in nanoseconds since 1970
	timer *time.Timer // nil: none is set
}

func (w *wakeup) stop() {
	if w.timer != nil {
		w.timer.Stop()
		*w = wakeup{}
	}
}

// setAlarm has the actor wake up when the room needs it.
func (a *actor) setAlarm() {
	r := a.room
	at, ok := r.core.NextAlarm()
	if idle, empty := r.core.IdleAt(); empty && (!ok || idle.Before(at)) {
		at, ok = idle, true
	}
	switch {
	case !ok:
		a.alarm.stop()
	case a.alarm.timer == nil || at.UnixNano() != a.alarm.at:
		a.alarm.stop()
		a.alarm = wakeup{at.UnixNano(), a.after(at.Sub(r.time()), signalWake)}
	}
}

// after has the actor get a signal after d.
func (a *actor) after(d time.Duration, s signal) *time.Timer {
	return time.AfterFunc(d, func() { _ = a.post(&item{signal: s}) }) // an actor that has ended needs none
}

// ends takes an actor without a room off the server, unless something waits. The
// lobby stays until the server closes.
func (a *actor) ends() bool {
	if a.room != nil || a.journal.hasMore() || a.isLobby && !a.srv.closing.Load() || a.held.Load() > 0 || !a.mailbox.closeIfEmpty() {
		return false
	}
	a.endTapes()
	a.srv.rooms.remove(a)
	a.srv.openRooms.leave(a)
	if !a.isLobby {
		a.srv.roomCount.Add(-1)
	}
	return true
}

// exited runs when code of the application has ended the turn's goroutine by
// runtime.Goexit: the room's state may be inconsistent, just as after a panic. Another
// goroutine lets the room go and continues with the queue: a lobby that opens again
// runs code of the application, which may end that goroutine as well.
func (a *actor) exited() {
	defer a.srv.turns.Submit(a)
	r := a.room
	if r == nil || r.core == nil {
		return
	}
	it := a.at
	a.at = nil
	settingUp := r.core.InSetup()
	out := r.core.Exited()
	if settingUp {
		a.failed = out.Reply.Err
		a.recordOpening(out)
		a.collect(&item{}, out)
		a.astray(it)
		return
	}
	a.record(it, nil, out)
	a.collect(it, out)
}
