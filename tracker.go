package simplysocket

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// tracker tracks what is open, so that a shutdown can wait for it.
type tracker[T comparable] struct {
	mu    sync.Mutex
	here  map[T]struct{}
	empty chan struct{} // closed when the last one leaves; nil while nobody waits
}

func (c *tracker[T]) enter(who T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here == nil {
		c.here = map[T]struct{}{}
	}
	c.here[who] = struct{}{}
}

func (c *tracker[T]) leave(who T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.here, who)
	if len(c.here) == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}

// all returns what is open now.
func (c *tracker[T]) all() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.here))
}

// wait returns when nothing is open or the context is done.
func (c *tracker[T]) wait(ctx context.Context) error {
	c.mu.Lock()
	if len(c.here) == 0 {
		c.mu.Unlock()
		return nil
	}
	if c.empty == nil {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
