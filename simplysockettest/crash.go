package simplysockettest

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Crash ends the process of the room, and starts it again after down, as on a server with an
// engine that has stored the last entry. What was in memory only is lost: the room is
// encoded, discarded and made again from its encoding by its setup. Then OnRestore runs,
// OnDrop for members whose session can resume, OnLeave for the other members, and each task
// that was at work ends with [simplysocket.ErrInterrupted]; a [Task] that the test still holds
// cannot end any more. The time of the room has moved by down, and all that was due meanwhile
// happens next.
//
// No connection is left. A client with a session is away and can [Client.Resume], with what
// it has missed; its resume window begins when the room is back, unless it was away already.
//
// OnRestore gets the time since the last entry, which is at least down. A room of
// [simplysocket.DurabilityEphemeral], the default of rooms that handle messages and declare
// no state, is not stored and therefore lost: no hook runs, and the next join opens a new
// one. If the room is not open, Crash just passes the time.
//
// A room that cannot be restored fails the test; see [Room.CrashRefused].
func (r *Room) Crash(down time.Duration) {
	err := r.crash(down)
	var panicked *room.Panic
	if err != nil && !errors.As(err, &panicked) { // a panic is a failure of its own
		r.fatalf(" could not be restored: %v", err)
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// CrashRefused is [Room.Crash] for a room that then cannot be restored: because OnRestore
// refuses with an error, or the setup fails. It returns that error, and fails the test if
// there is none. The room is closed, and all that is stored of it is kept: each join and
// each crash tries once more to restore it. A join is refused with the error for as long
// as that fails. Members are away; those that come back meanwhile learn that they have left.
func (r *Room) CrashRefused(down time.Duration) error {
	err := r.crash(down)
	if err == nil && !r.fatal {
		r.errorf(" should have refused to be restored, but did not")
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return err
}

// crash returns why the room could not be restored.
func (r *Room) crash(down time.Duration) error {
	switch {
	case r.busy:
		r.fatalf(": the code of a room must not use the kit: a process crashes between entries")
		return nil
	case down < 0:
		r.fatalf(": a process cannot be down for %v", down)
		return nil
	case r.closed && r.kept == nil:
		r.advance(down, math.MaxInt)
		return nil
	}
	if !r.closed {
		kept, err := r.room.Snapshot()
		if err != nil {
			r.fatalf(" cannot be written down: %v", err)
			return nil
		}
		if r.kept = kept; !r.room.Durable() || r.config().Lobby {
			r.kept = nil
		}
	}
	r.cutOff(down)
	r.forsake()
	if r.kept == nil {
		r.log.Info("the room is lost: it is ephemeral, as is each that declares no state", "room", r.name)
		r.advance(down, math.MaxInt)
		return nil
	}
	r.now = r.now.Add(down)
	if err := r.restore(); err != nil {
		return err
	}
	r.settle()
	r.advance(0, math.MaxInt) // sessions may have ended meanwhile
	return nil
}

// cutOff ends the connections and tasks, which do not outlive the process.
func (r *Room) cutOff(down time.Duration) {
	for _, c := range r.clients {
		if !c.away && !c.ended {
			c.away, c.cut, c.windowEnds = true, false, r.now.Add(down).Add(r.limits.ResumeWindow)
			c.ended = !c.session
		}
	}
	for _, t := range r.tasks {
		t.interrupted = true
	}
}

// forsake leaves the room closed, and tells nobody.
func (r *Room) forsake() {
	r.room.Discard()
	r.closed, r.tasks = true, nil
	for _, c := range r.seats {
		c.number, c.reason, c.hasLeft = 0, room.Dropped, true
	}
	r.seats, r.resumable = nil, 0
}

// restore makes the room from what is kept of it. The error is why that fails.
func (r *Room) restore() error {
	if err := r.room.Restore(r.kept); err != nil {
		if p := room.AsPanic(err); p != nil {
			r.fail(Failure{Entry: "the setup", Err: p, Stack: p.Stack})
		}
		r.forsake()
		return err
	}
	if r.twin != nil {
		r.twin.kept = r.kept
	}
	r.seat()
	r.recordRestored()
	r.closed = false
	down := r.now.Sub(r.room.Machine().Now())
	out := r.step(nil, &room.Entry{Kind: room.KindRestore, Number: uint64(down)}) //nolint:gosec // it is not negative
	if err := out.Reply.Err; err != nil {
		r.forsake()
		return publicly(err)
	}
	r.kept = nil
	for _, c := range slices.Clone(r.seats) {
		if c.misled {
			r.step(c, &room.Entry{Kind: room.KindLeave, Member: c.id, Reason: room.Dropped})
		}
	}
	return nil
}

// seat gives the members of a restored room their seats.
func (r *Room) seat() {
	r.seats, r.resumable = nil, 0
	for m := range r.room.Machine().Members() {
		c := r.byID[m.ID]
		c.number, c.hasLeft, c.misled = m.Number, false, c.ended && c.session || c.seen.Epoch == 0
		r.seats = append(r.seats, c)
		if m.Resumable() {
			r.resumable++
		}
	}
}
