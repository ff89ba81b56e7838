package enginetest

import (
	"hash/fnv"
	"slices"
	"sync"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// Store is what engines in memory have stored, and which of them owns which partition. It
// outlives them, as a disk outlives a process: several may be open over it at a time or
// one after the other.
type Store struct {
	mu     sync.Mutex // guards the engines over the store, too
	rooms  map[string][]engine.Chunk
	writes map[string]uint64 // of each room, ever: they number its faults
	// Of each partition:
	owners  []*log   // what may write, or nil
	tenures []uint64 // how many owners it has had
}

// elsewhere owns the partitions that are owned by no engine in memory.
var elsewhere = &log{}

// NewStore returns an empty store of rooms in a number of partitions.
func NewStore(partitions int) *Store {
	if partitions < 1 {
		panic("enginetest: a store has at least one partition")
	}
	return &Store{
		rooms:   map[string][]engine.Chunk{},
		writes:  map[string]uint64{},
		owners:  make([]*log, partitions),
		tenures: make([]uint64, partitions),
	}
}

// Fence has somebody who is no engine in memory take a partition. Its owner learns that
// with its next commit, which it makes even if nothing waits. The partition stays there
// until [Memory.Take].
func (s *Store) Fence(partition int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.give(partition, elsewhere)
}

// give changes the owner of a partition. s.mu is held.
func (s *Store) give(partition int, to *log) {
	from := s.owners[partition]
	s.owners[partition] = to
	s.tenures[partition]++
	if from != nil && from != elsewhere {
		from.memory.commitSoon()
	}
}

func (s *Store) partition(room string) int {
	return int(hash(room) % uint64(len(s.owners))) //nolint:gosec // less than their number
}

// apply stores a write. s.mu is held.
func (s *Store) apply(w *write) {
	name := w.room.name
	switch w.kind {
	case appended:
		// The record is copied here and not before, so that the race detector finds a
		// caller who changes it too early.
		s.rooms[name] = append(s.rooms[name], engine.Chunk{Bytes: slices.Clone(w.record)})
	case replaced:
		s.rooms[name] = w.parts
	case deleted:
		delete(s.rooms, name)
	}
}

func hash(room string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(room))
	return h.Sum64()
}
