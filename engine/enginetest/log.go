package enginetest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// log is a partition, as the host has it between Own and Lose.
type log struct {
	memory    *Memory
	partition int

	// Guarded by store.mu.
	lost  bool
	rooms map[string]*room // those that have failed or wait for an answer
}

// room is what a log knows of a room beside what is stored.
type room struct {
	name       string
	failed     bool // until the room is loaded
	unanswered int
}

type writeKind uint8

const (
	appended writeKind = iota
	replaced
	deleted
)

// write is a record, a snapshot or a deletion on its way.
type write struct {
	log    *log
	room   *room
	kind   writeKind
	record []byte
	parts  []engine.Chunk
	fate   fate
	late   bool  // it came after Close
	err    error // known when it was appended, or its outcome
	done   func(error)
}

func (l *log) Append(room string, record []byte, done func(error)) {
	w := &write{kind: appended, record: record, done: done}
	if len(record) > engine.MaxRecord {
		w.err = engine.ErrTooLarge
	}
	l.write(room, w)
}

func (l *log) Replace(room string, parts iter.Seq[[]byte], done func(error)) {
	w := &write{kind: replaced, done: done}
	for part := range parts {
		if len(part) > engine.MaxRecord {
			w.err = engine.ErrTooLarge
			break
		}
		w.parts = append(w.parts, engine.Chunk{Snapshot: true, Bytes: slices.Clone(part)})
	}
	if len(w.parts) == 0 && w.err == nil {
		w.kind = deleted
	}
	l.write(room, w)
}

func (l *log) Delete(room string, done func(error)) {
	l.write(room, &write{kind: deleted, done: done})
}

// write has a write wait for the next commit.
func (l *log) write(name string, w *write) {
	l.check(name)
	m := l.memory
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if m.state == crashed {
		return
	}
	r := l.rooms[name]
	if r == nil {
		r = &room{name: name}
		l.rooms[name] = r
	}
	w.log, w.room = l, r
	if w.late = m.state != started; w.late || l.lost {
		w.err = engine.ErrClosed
	} else {
		m.store.writes[name]++
		w.fate = m.options.fate(name, m.store.writes[name])
	}
	if !w.late {
		m.unanswered++
	}
	r.unanswered++
	m.waiting = append(m.waiting, w)
	m.commitSoon()
}

func (l *log) Rooms(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		names, err := l.names(ctx)
		for _, name := range names {
			if err = ctx.Err(); err != nil {
				break
			}
			if !yield(name, nil) {
				return
			}
		}
		if err != nil {
			yield("", err)
		}
	}
}

// names returns the names of the rooms that are stored, in a random order.
func (l *log) names(ctx context.Context) ([]string, error) {
	m := l.memory
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m.store.rooms)) {
		if m.store.partition(name) == l.partition {
			names = append(names, name)
		}
	}
	rng := m.options.random(streamNames, uint64(len(names)))
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names, nil
}

func (l *log) Load(ctx context.Context, room string) iter.Seq2[engine.Chunk, error] {
	l.check(room)
	return func(yield func(engine.Chunk, error) bool) {
		chunks, err := l.read(ctx, room)
		for _, c := range chunks {
			if err = ctx.Err(); err != nil {
				break
			}
			c.Bytes = slices.Clone(c.Bytes)
			if !yield(c, nil) {
				return
			}
		}
		if err != nil {
			yield(engine.Chunk{}, err)
			return
		}
		l.mend(room)
	}
}

// read returns what is stored of a room when all that was appended to it is answered.
func (l *log) read(ctx context.Context, room string) ([]engine.Chunk, error) {
	m := l.memory
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	answered := func() bool { return l.rooms[room] == nil || l.rooms[room].unanswered == 0 }
	// It does not run beside the answers of other rooms, so that a seed has one transcript.
	if err := m.await(ctx, func() bool { return answered() && !m.answering || m.state == crashed }); err != nil {
		return nil, err
	}
	return m.store.rooms[room], l.usable(ctx)
}

// usable returns what keeps the log from being read. store.mu is held.
func (l *log) usable(ctx context.Context) error {
	if l.lost || l.memory.state != started {
		return fmt.Errorf("enginetest: partition %d: %w", l.partition, engine.ErrClosed)
	}
	return ctx.Err()
}

// mend lets a room that was read be written to again.
func (l *log) mend(room string) {
	l.memory.store.mu.Lock()
	defer l.memory.store.mu.Unlock()
	if r := l.rooms[room]; r != nil && r.unanswered == 0 {
		delete(l.rooms, room)
	}
}

// check panics if a room belongs to another partition: the host has mixed up its logs.
func (l *log) check(room string) {
	if p := l.memory.Partition(room); p != l.partition {
		panic(fmt.Sprintf("enginetest: room %q of partition %d in the log of partition %d", room, p, l.partition))
	}
}
