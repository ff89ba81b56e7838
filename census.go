package simplysocket

import (
	"context"
	"sync"
)

// census counts those who are there, and lets one wait until nobody is.
type census struct {
	mu    sync.Mutex
	n     int
	empty chan struct{} // closed when n falls to zero; nil while nobody waits
}

func (c *census) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *census) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.n == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}

// wait returns when nobody is there or the context is done.
func (c *census) wait(ctx context.Context) error {
	c.mu.Lock()
	if c.n == 0 {
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
