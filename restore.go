package simplysocket

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// again is an entry that is taken once more, by a room that was restored.
type again struct {
	item
	refused error // why its code does not run; nil: it does
	alone   bool  // what it yields is stored by itself
	last    bool  // the room closes after it
}

// isBroken reports whether the room has to be restored before anything else happens.
func (a *actor) isBroken() bool { return a.journal != nil && a.journal.broken.Load() }

// read returns what is stored of the room; nil: nothing.
func (a *actor) read() (*room.Image, error) {
	log := a.srv.logFor(a.name)
	if log == nil {
		return nil, engine.ErrClosed
	}
	var snapshot []byte
	var records [][]byte
	for chunk, err := range log.Load(context.Background(), a.name) {
		switch {
		case err != nil:
			return nil, err
		case chunk.Snapshot:
			snapshot = append(snapshot, chunk.Bytes...)
		default:
			records = append(records, bytes.Clone(chunk.Bytes))
		}
	}
	if snapshot == nil && records == nil {
		return nil, nil
	}
	image, err := room.ReadSnapshot(snapshot)
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		if _, err := image.Redo(record); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// isElsewhere reports whether a read has failed because the partition is not this node's.
func isElsewhere(err error) bool {
	return errors.Is(err, engine.ErrClosed) || errors.Is(err, engine.ErrFenced)
}

// rereadAfter is how long a room waits before it reads again.
const rereadAfter = 10 * time.Millisecond

// restore goes back to what is stored, and takes again what was not. It reports false if it
// has to wait: for the answers of the log, or for the log.
func (a *actor) restore() bool {
	j := a.journal
	if !j.isSettled() {
		return false
	}
	j.broken.Store(false) // it is set again if the log is lost meanwhile
	image, err := a.read()
	if isElsewhere(err) {
		j.broken.Store(true)
		if a.srv.logFor(a.name) != nil { // it is about to be lost
			a.after(rereadAfter, signalWake)
		}
		return false
	}
	old := a.forget()
	if image != nil && (old == nil || old.epoch() != image.Config().Epoch) {
		old = j.opening(image.Config().Epoch)
	}
	undone := j.undo(func(s *sealed) bool { return err == nil && s.isIn(image) })
	a.journal.again = append(redoable(undone), a.journal.again...)
	switch {
	case err != nil:
		a.abandon(old, err)
	case image == nil:
	case old == nil:
		a.returnFrom(image)
	default:
		a.continueFrom(image, old)
	}
	return true
}

// redoable leaves out the entries that the restored room makes itself.
func redoable(items []item) (entries []again) {
	for i := range items {
		switch items[i].entry.Kind {
		case room.KindTimer, room.KindIdle:
		default:
			entries = append(entries, again{item: items[i]})
		}
	}
	return entries
}

// forget drops the machine, and keeps the entries that it has not been written down with.
func (a *actor) forget() (old *Room) {
	old = a.room
	a.journal.again = append(redoable(a.journal.covered), a.journal.again...)
	a.journal.covered = nil
	a.alarm.stop()
	if old == nil {
		return nil
	}
	if old.flushing != nil {
		old.flushing.Stop()
		old.flushing = nil
	}
	if a.turn != nil {
		a.turn.part.reset()
		a.rest()
	}
	a.room = nil
	return old
}

// continueFrom goes on with a room as its image is. Its members are still here: their
// connections, the room's tasks and its clock go on.
func (a *actor) continueFrom(image *room.Image, r *Room) {
	r.core, r.handlers = nil, handlers{}
	r.mute, r.closed, r.inTurn, r.durability, r.chosen = false, false, false, 0, false
	if err := a.reopen(r, image); err != nil {
		a.abandon(r, err)
	}
}

// findStored opens the room that a join asks for, if one is stored. It reports false if that
// is not known yet: the join is postponed.
func (a *actor) findStored(it *item) bool {
	if !a.journal.isSettled() { // an earlier room is still being deleted
		a.postpone(again{item: *it})
		return false
	}
	image, err := a.read()
	switch {
	case isElsewhere(err):
		a.postpone(again{item: *it})
		return false
	case err != nil:
		a.abandon(nil, err)
	case image != nil:
		a.returnFrom(image)
	}
	return true
}

// reopen opens a room from its image.
func (a *actor) reopen(r *Room, image *room.Image) error {
	a.room = r
	a.journal.begin()
	a.begin()
	core, err := image.Open((*hooks)(r))
	if err != nil {
		a.rest()
		a.room = nil
		return ownError(err)
	}
	r.core, r.entries = core, core.Pos()
	a.recordRestored()
	return nil
}

// abandon gives up a room that cannot be restored. What is stored of it is kept. Its members
// learn that it has closed.
func (a *actor) abandon(old *Room, err error) {
	a.srv.log.Error("a room closes; what is stored of it is kept", "room", a.name, "error", err)
	a.failed = err
	if old != nil {
		a.journal.follow(&part{room: old, info: &room.Info{Name: a.name, Hidden: true}, dismiss: true})
		old.cleanUp()
	}
}

// dismiss tells all members that the room has closed.
func (s *stage) dismiss() {
	for _, seat := range s.seats {
		m := seat.member
		if m == nil || m.client == nil {
			continue
		}
		m.client.left(s.actor, LeaveReasonClosed)
		m.Outlet.Replay([]*fanout.Frame{makeFrame(func(dst []byte) []byte {
			return room.EncodeLeft(dst, s.actor.srv.name, s.actor.name, m.client.id, room.Closed)
		})})
	}
	s.seats, s.resumable, s.emptySeats = nil, 0, 0
	s.forgetHistory()
}

// wakeStored opens a room that is stored, if something may happen to it by itself.
func (a *actor) wakeStored() {
	if a.room != nil || a.srv.closing.Load() || a.isBroken() || !a.journal.isSettled() {
		return
	}
	image, err := a.read()
	switch {
	case isElsewhere(err):
	case err != nil:
		a.abandon(nil, err)
	case image != nil && image.Waits():
		a.returnFrom(image)
	}
}

// returnFrom opens the room of an image after its process has ended: no connection is left.
func (a *actor) returnFrom(image *room.Image) {
	setup, params, err := a.srv.setupFor(a.name)
	if err != nil {
		a.abandon(nil, err)
		return
	}
	r := a.srv.newRoom(a, setup, params)
	r.startClock(image.Now())
	down := max(0, time.Since(image.Now()))
	if err := a.reopen(r, image); err != nil {
		a.abandon(nil, err)
		return
	}
	r.stage.reserve(r.core)
	a.apply(&item{entry: room.Entry{Kind: room.KindRestore, Flags: room.FlagEnded, Number: uint64(down)}})
}

// reserve gives the members of a restored room their seats.
func (s *stage) reserve(core *room.Machine) {
	for m := range core.Members() {
		s.seats = append(s.seats, seat{m.Number, &subscriber{resumable: m.Resumable()}})
		if m.Resumable() {
			s.resumable++
		}
	}
}

// postpone has an entry be taken again when the room is restored.
func (a *actor) postpone(it again) {
	a.journal.again = slices.Insert(a.journal.again, 0, it)
	a.journal.broken.Store(true)
}

// keep leaves the room as it is stored: the server shuts down.
func (a *actor) keep() {
	a.begin()
	a.seal(true)
	if !a.isBroken() {
		old := a.forget()
		old.cleanUp()
		a.journal.follow(&part{room: old, info: &room.Info{Name: a.name, Hidden: true}})
	}
}

// takeAgain takes what was not stored.
func (a *actor) takeAgain() {
	if a.journal == nil {
		return
	}
	a.journal.refusing = nil // the last turn may have been cut off
	for len(a.journal.again) > 0 && !a.isBroken() {
		it := a.journal.again[0]
		a.journal.again = a.journal.again[1:]
		a.journal.refusing = it.refused
		a.handle(&it.item)
		a.journal.refusing = nil
		if (it.alone || it.last) && a.room != nil && !a.isBroken() {
			a.begin()
			a.seal(true)
		}
		if it.last && a.room != nil && !a.isBroken() {
			a.abandon(a.forget(), it.refused)
		}
	}
	if len(a.journal.again) == 0 {
		a.journal.again = nil
	}
}
