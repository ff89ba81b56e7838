package simplysocket

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// logs are where the rooms of this node are written down, by partition.
type logs struct {
	mu      sync.Mutex // held while the engine starts
	started bool
	failed  error

	held sync.Map // partition to engine.Log
}

// Start starts the engine, if there is one: rooms that are stored and wait for something, a
// timer or a member that may return, open again. It comes after HandleRoom, OnConnect and Use.
// If it was not called before, the first handshake calls it. A second call returns what the
// first returned.
func (s *Server) Start(ctx context.Context) error {
	if s.opts.Engine == nil {
		return nil
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	switch {
	case s.logs.started:
	case s.closing.Load():
		return ErrServerClosed
	default:
		s.logs.started = true
		s.logs.failed = s.opts.Engine.Start(ctx, (*host)(s))
	}
	return s.logs.failed
}

// closeEngine waits for what the rooms have written.
func (s *Server) closeEngine(ctx context.Context) error {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	if !s.logs.started {
		return nil
	}
	return s.opts.Engine.Close(ctx)
}

// logFor returns where a room is written down; nil: another node has its partition.
func (s *Server) logFor(name string) engine.Log {
	held, _ := s.logs.held.Load(s.opts.Engine.Partition(name))
	log, _ := held.(engine.Log)
	return log
}

// host is the server as its engine sees it. It implements [engine.Host].
type host Server

// Own implements [engine.Host].
func (h *host) Own(partition int, log engine.Log) error {
	s := (*Server)(h)
	s.logs.held.Store(partition, log)
	h.wake(partition)
	for name, err := range log.Rooms(context.Background()) {
		if err != nil {
			return fmt.Errorf("the stored rooms of partition %d: %w", partition, err)
		}
		a, err := s.actorFor(name, 0)
		if err != nil {
			s.log.Error("a stored room cannot open", "room", name, "error", err)
			continue
		}
		_ = a.post(&item{signal: signalRestore})
	}
	return nil
}

// Lose implements [engine.Host].
func (h *host) Lose(partition int, why error) {
	s := (*Server)(h)
	s.log.Warn("a partition was lost", "partition", partition, "error", why)
	for a := range h.roomsOf(partition) { // before another log could take what follows a hole
		a.journal.broken.Store(true)
	}
	s.logs.held.Delete(partition)
	h.wake(partition)
}

// wake starts a turn of each room of a partition: it was lost, or there is a log again.
func (h *host) wake(partition int) {
	for a := range h.roomsOf(partition) {
		_ = a.post(&item{signal: signalWake})
	}
}

// roomsOf iterates over the rooms of a partition.
func (h *host) roomsOf(partition int) iter.Seq[*actor] {
	s := (*Server)(h)
	return func(yield func(*actor) bool) {
		for a := range s.rooms.all() {
			if a.journal != nil && s.opts.Engine.Partition(a.name) == partition && !yield(a) {
				return
			}
		}
	}
}

// Durability is what a room survives if the server has an engine. Without an engine, rooms
// live in memory.
type Durability uint8

const (
	// DurabilityStrict releases what a turn says when it is stored: anything that a client
	// has seen survives a crash. It is the default of relay rooms and of rooms that declare
	// what they keep.
	DurabilityStrict Durability = iota
	// DurabilityEphemeral stores nothing: the room ends with its process. It is the default
	// of rooms that declare nothing.
	DurabilityEphemeral
)

// SetDurability sets whether the room is stored. Call it during setup.
func (r *Room) SetDurability(d Durability) {
	r.mustSetUp("SetDurability")
	r.durability, r.chosen = d, true
}

// recorded reports whether the room, which is set up, is written down.
func (r *Room) recorded() bool { return r.actor.journal != nil && r.isDurable() }

// isDurable reports whether the room is written down where there is an engine.
func (r *Room) isDurable() bool {
	if r.chosen {
		return r.durability != DurabilityEphemeral
	}
	return isRelay(r.setup) || r.core.Keeps()
}
