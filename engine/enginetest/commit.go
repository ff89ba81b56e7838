package enginetest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// commitSoon has a commit be made. store.mu is held.
func (m *Memory) commitSoon() {
	if !m.committing && m.state != crashed {
		m.committing = true
		go m.commitAll()
	}
}

// commitAll commits and answers what waits, until nothing does.
func (m *Memory) commitAll() {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	for more := true; more && m.state != crashed; more = m.uncommitted() {
		m.commits++
		rng := m.options.random(streamCommits, m.commits)
		m.pause(m.options.delay(rng), func() bool { return m.state >= hurried })
		if m.state == crashed {
			break
		}
		m.answering = true
		m.dropLost()
		for _, w := range shuffled(m.commit(rng), rng) {
			if m.state == crashed {
				break
			}
			m.store.mu.Unlock()
			w.done(w.err)
			m.store.mu.Lock()
			m.answered(w)
		}
		m.answering = false
		m.signal()
		m.callNow()
	}
	m.committing, m.answering = false, false
	m.signal()
}

// uncommitted reports whether there is something for another commit. store.mu is held.
func (m *Memory) uncommitted() bool {
	for partition, l := range m.logs {
		if m.store.owners[partition] != l {
			return true
		}
	}
	return len(m.waiting) > 0
}

// dropLost tells the host of the partitions that have another owner. store.mu is held.
func (m *Memory) dropLost() {
	for partition := range m.store.owners {
		if l := m.logs[partition]; l != nil && m.store.owners[partition] != l {
			m.fence(l)
		}
	}
}

// fence takes a log from the host and tells it after the answers. store.mu is held.
func (m *Memory) fence(l *log) {
	m.lose(l)
	// A moment later, and not beside those whom the answers wake: so that a seed has one
	// transcript.
	m.callLater(&call{partition: l.partition, why: fencedError(l.partition), after: min(1, m.options.MaxDelay)})
}

// commit stores what waits, and returns it with the outcomes. store.mu is held.
func (m *Memory) commit(rng *rand.Rand) []*write {
	batch := m.waiting
	m.waiting = nil
	if len(batch) > 0 {
		m.stats.Commits++
	}
	along := map[*room]*shared{}
	for _, w := range batch {
		why := m.settle(w, along)
		if w.err = nil; why != nil {
			w.room.failed = true
			w.err = fmt.Errorf("enginetest: room %q: %w", w.room.name, why)
		}
		m.count(w)
		if w.fate.kind == fenced && errors.Is(why, engine.ErrFenced) && !w.log.lost {
			m.store.owners[w.log.partition] = nil
			m.fence(w.log)
			m.callLater(&call{partition: w.log.partition, after: m.options.delay(rng), tenure: m.store.tenures[w.log.partition]})
		}
	}
	return batch
}

// shared is the fate of those writes of a room that one commit has in doubt.
type shared struct {
	storing bool // all of them so far are stored
}

// settle decides what becomes of a write, and stores it if that is it. store.mu is held.
func (m *Memory) settle(w *write, along map[*room]*shared) error {
	doubt := along[w.room]
	delete(along, w.room)
	switch {
	case m.state >= hurried || errors.Is(w.err, engine.ErrClosed):
		return engine.ErrClosed
	case w.log.lost:
		return engine.ErrFenced
	case doubt != nil && w.fate.along && w.err == nil:
		along[w.room] = doubt
		return m.doubt(w, doubt, w.fate.kept)
	case w.room.failed:
		return engine.ErrBroken
	case w.err != nil:
		return w.err
	case w.fate.kind == fenced:
		return engine.ErrFenced
	case w.fate.kind == unknown, w.fate.kind == forgotten:
		doubt = &shared{storing: true}
		along[w.room] = doubt
		return m.doubt(w, doubt, w.fate.kind == unknown)
	}
	m.store.apply(w)
	return nil
}

// doubt settles a write whose outcome the caller does not learn. store.mu is held.
func (m *Memory) doubt(w *write, s *shared, stored bool) error {
	if s.storing = s.storing && stored; s.storing {
		m.store.apply(w)
		m.stats.Unknown++
	} else {
		m.stats.Forgotten++
	}
	return engine.ErrUnknown
}

// count counts a write that is settled. store.mu is held.
func (m *Memory) count(w *write) {
	switch {
	case w.err == nil:
		m.stats.Stored++
		return
	case errors.Is(w.err, engine.ErrFenced):
		m.stats.Fenced++
	case errors.Is(w.err, engine.ErrBroken):
		m.stats.Broken++
	}
	m.stats.Failed++
}

// answered is after the call of done. store.mu is held.
func (m *Memory) answered(w *write) {
	if !w.late {
		m.unanswered--
	}
	r := w.room
	if r.unanswered--; r.unanswered == 0 && !r.failed && w.log.rooms[r.name] == r {
		delete(w.log.rooms, r.name)
	}
}

// crash stores of each room's waiting writes a random part at their beginning. store.mu is
// held.
func (m *Memory) crash() {
	waiting := map[*room]int{}
	for _, w := range m.waiting {
		waiting[w.room]++
	}
	kept := map[*room]int{}
	for r, n := range waiting {
		kept[r] = m.options.random(streamCrashes^hash(r.name), m.store.writes[r.name]).IntN(n + 1)
	}
	for _, w := range m.waiting {
		lost := w.log.lost || m.store.owners[w.log.partition] != w.log || w.err != nil || w.room.failed
		if kept[w.room]--; lost || kept[w.room] < 0 {
			w.room.failed = true
			m.stats.Lost++
			continue
		}
		m.store.apply(w)
	}
	m.waiting = nil
}

// shuffled returns the writes with the rooms in a random order. The order within a room
// holds.
func shuffled(batch []*write, rng *rand.Rand) []*write {
	byRoom := map[string][]*write{}
	for _, w := range batch {
		byRoom[w.room.name] = append(byRoom[w.room.name], w)
	}
	rng.Shuffle(len(batch), func(i, j int) {
		batch[i], batch[j] = batch[j], batch[i]
	})
	// A write's place in the shuffled batch is that of its room's next.
	result := make([]*write, len(batch))
	for i, w := range batch {
		name := w.room.name
		result[i], byRoom[name] = byRoom[name][0], byRoom[name][1:]
	}
	return result
}
