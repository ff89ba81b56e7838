package simplysocket

import (
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"sync"
)

// registry maps names to rooms or clients. It is sharded, so that clients that come and go
// at once do not wait for each other.
type registry[T any] struct {
	seed   maphash.Seed
	shards [32]shard[T]
}

type shard[T any] struct {
	mu   sync.Mutex
	held map[string]T
	_    [40]byte // keeps neighbours off each other's cache line
}

func newRegistry[T any]() *registry[T] {
	reg := &registry[T]{seed: maphash.MakeSeed()}
	for i := range reg.shards {
		reg.shards[i].held = map[string]T{}
	}
	return reg
}

func (reg *registry[T]) shard(name string) *shard[T] {
	return &reg.shards[maphash.String(reg.seed, name)%uint64(len(reg.shards))]
}

func (reg *registry[T]) find(name string) (held T) {
	s := reg.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[name]
}

// update sets what name maps to, as f decides; f must not use the registry.
func (reg *registry[T]) update(name string, f func(held T, ok bool) (now T, keep bool)) {
	s := reg.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.held[name]
	if now, keep := f(held, ok); keep {
		s.held[name] = now
	} else {
		delete(s.held, name)
	}
}

// all iterates over the values, one shard at a time, without holding a lock while the
// caller uses a value.
func (reg *registry[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		var some []T
		for i := range reg.shards {
			s := &reg.shards[i]
			some = some[:0]
			s.mu.Lock()
			for _, held := range s.held {
				some = append(some, held)
			}
			s.mu.Unlock()
			for _, held := range some {
				if !yield(held) {
					return
				}
			}
		}
	}
}

func (reg *registry[T]) len() (n int) {
	for i := range reg.shards {
		s := &reg.shards[i]
		s.mu.Lock()
		n += len(s.held)
		s.mu.Unlock()
	}
	return n
}

// users maps the user of an identity to its sessions. Anonymous clients are not in it.
type users struct {
	*registry[map[*Client]struct{}]
}

func (u users) add(c *Client) {
	if name := c.Identity().User; name != "" {
		u.update(name, func(held map[*Client]struct{}, _ bool) (map[*Client]struct{}, bool) {
			if held == nil {
				held = map[*Client]struct{}{}
			}
			held[c] = struct{}{}
			return held, true
		})
	}
}

func (u users) remove(c *Client) {
	if name := c.Identity().User; name != "" {
		u.update(name, func(held map[*Client]struct{}, _ bool) (map[*Client]struct{}, bool) {
			delete(held, c)
			return held, len(held) > 0
		})
	}
}

// sessions returns the sessions of a user, in no order.
func (u users) sessions(name string) (all []*Client) {
	u.update(name, func(held map[*Client]struct{}, _ bool) (map[*Client]struct{}, bool) {
		all = slices.Collect(maps.Keys(held))
		return held, len(held) > 0
	})
	return all
}
