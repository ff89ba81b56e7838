package simplysocket

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// journal writes down what the rooms of an actor change and say, and releases each part of
// it when it is durable. What is sealed and not released is kept, together with the entries
// that it comes from: if it turns out that it was not stored, the room is restored and the
// entries are taken again. Nobody has heard of it.
type journal struct {
	actor  *actor
	broken atomic.Bool // something was not stored: the room has to be restored

	// Of the turn.

	covered  []item  // the entries whose output is not sealed
	again    []again // the entries that are taken once more, before all others
	refusing error   // why the code of the entry at hand does not run
	panics   []panicking
	outcasts []*Client // are being disconnected because of their panics
	snapshot int       // bytes of the newest snapshot of the open room; 0: there is none
	appended int       // bytes of the records after it

	mu        sync.Mutex
	sealed    []*sealed // not released, in order
	waiting   int       // of these, how many the log has not answered
	releasing bool
}

// sealed is a part on its way to its release.
type sealed struct {
	part
	epoch   uint64 // of the room
	record  uint64 // its number
	ends    bool   // the room has closed: what is stored of it is deleted
	entries []item
	stored  bool
	free    bool // nothing has to be stored for it
}

// write stores a part, after all others.
func (j *journal) write(p *part, entries []item) error {
	s := &sealed{part: p.detach(), epoch: p.room.epoch(), entries: entries, ends: p.room.closed}
	store, err := j.prepare(s)
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.sealed = append(j.sealed, s)
	j.waiting++
	j.mu.Unlock()
	j.actor.held.Add(1)
	store(func(err error) { j.answered(s, err) })
	return nil
}

// prepare encodes a part and returns what stores it.
func (j *journal) prepare(s *sealed) (store func(done func(error)), err error) {
	r, name := s.room, j.actor.name
	s.record = r.core.Index() + 1
	log := j.actor.srv.logFor(name)
	switch {
	case log == nil || j.broken.Load():
		return func(done func(error)) { done(engine.ErrClosed) }, nil
	case s.ends:
		return func(done func(error)) { log.Delete(name, done) }, nil
	}
	record, err := r.core.AppendRecord(nil, s.said())
	switch {
	case err != nil:
		return nil, err
	case len(record) > engine.MaxRecord:
		return nil, fmt.Errorf("a turn changes and says %d bytes, of which %d can be stored", len(record), engine.MaxRecord)
	case j.snapshot > 0 && j.appended+len(record) <= max(leastJournal, 4*j.snapshot):
		j.appended += len(record)
		return func(done func(error)) { log.Append(name, record, done) }, nil
	}
	snapshot, err := r.core.Snapshot(nil)
	if err != nil {
		return nil, err
	}
	j.snapshot, j.appended = len(snapshot), 0
	return func(done func(error)) { log.Replace(name, slices.Chunk(snapshot, engine.MaxRecord), done) }, nil
}

// leastJournal is how many bytes of records follow a snapshot at least, before the next
// replaces them.
const leastJournal = 64 << 10

// said returns what the steps of a part say.
func (p *part) said() []room.Said {
	said := make([]room.Said, len(p.steps))
	for i := range p.steps {
		said[i].Item = p.steps[i].Item
		if f := p.steps[i].frame; f != nil {
			said[i].Payload = f.Payload()
		}
	}
	return said
}

// follow releases a part that nothing has to be stored for, after all others.
func (j *journal) follow(p *part) {
	s := &sealed{part: p.detach(), stored: true, free: true}
	j.mu.Lock()
	j.sealed = append(j.sealed, s)
	j.mu.Unlock()
	j.actor.held.Add(1)
	j.release()
}

// answered takes the answer of the log.
func (j *journal) answered(s *sealed, err error) {
	if err != nil {
		j.actor.srv.log.Warn("a room was not stored and will be restored", "room", j.actor.name, "error", err)
		j.broken.Store(true)
	}
	j.mu.Lock()
	s.stored = err == nil
	j.waiting--
	restore := j.waiting == 0 && j.broken.Load()
	j.mu.Unlock()
	if restore {
		_ = j.actor.post(&item{signal: signalWake})
		return
	}
	j.release()
}

// release has what is stored be released, in order.
func (j *journal) release() {
	j.mu.Lock()
	start := !j.releasing && j.hasStored()
	j.releasing = j.releasing || start
	j.mu.Unlock()
	if start {
		j.actor.srv.releases.Submit(j)
	}
}

func (j *journal) hasStored() bool { return len(j.sealed) > 0 && j.sealed[0].stored }

// run releases what is stored.
func (j *journal) run() {
	for {
		j.mu.Lock()
		if !j.hasStored() {
			j.releasing = false
			j.mu.Unlock()
			return
		}
		s := j.sealed[0]
		j.sealed = slices.Delete(j.sealed, 0, 1)
		j.mu.Unlock()
		s.room.stage.run(&s.part)
		if j.actor.held.Add(-1) == 0 {
			_ = j.actor.post(&item{signal: signalWake}) // the actor may end
		}
	}
}

// isSettled reports whether the log has answered everything.
func (j *journal) isSettled() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.waiting == 0
}

// undo takes back what was not stored. Of the parts that wait, those up to the last that is
// stored are released; isStored decides. It returns the entries of all others.
func (j *journal) undo(isStored func(*sealed) bool) (undone []item) {
	j.mu.Lock()
	stored := 0
	for i, s := range j.sealed {
		if !s.free && (s.stored || isStored(s)) {
			stored = i + 1
		}
	}
	kept := j.sealed[:0]
	for i, s := range j.sealed {
		if i < stored || s.free {
			s.stored = true
			kept = append(kept, s)
			continue
		}
		undone = append(undone, s.entries...)
		j.actor.held.Add(-1)
	}
	clear(j.sealed[len(kept):])
	j.sealed = kept
	j.mu.Unlock()
	j.release()
	return undone
}

// opening returns the room of that epoch whose parts wait, or nil.
func (j *journal) opening(epoch uint64) *Room {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.sealed {
		if s.epoch == epoch {
			return s.room
		}
	}
	return nil
}

// isIn reports whether the part was stored, if the image is what is stored; nil is nothing.
func (s *sealed) isIn(image *room.Image) bool {
	if image == nil {
		return s.ends
	}
	return !s.ends && s.epoch == image.Config().Epoch && s.record <= image.Index()
}

// begin has the room that opens be written down as a whole first.
func (j *journal) begin() {
	if j != nil {
		j.snapshot = 0
	}
}

// hasCovered reports whether there are entries whose output is not sealed.
func (j *journal) hasCovered() bool { return j != nil && len(j.covered) > 0 }

// hasMore reports whether there are entries to be taken once more.
func (j *journal) hasMore() bool { return j != nil && len(j.again) > 0 }

// isRefusing reports whether the code of the entry at hand does not run.
func (j *journal) isRefusing() bool { return j != nil && j.refusing != nil }

// refuses returns why the code of an entry does not run, or nil.
func (j *journal) refuses(it *item) error {
	switch {
	case j == nil:
		return nil
	case j.refusing != nil:
		return j.refusing
	case len(j.outcasts) > 0 && j.isOutcast(it):
		return errOutcast
	}
	return nil
}
