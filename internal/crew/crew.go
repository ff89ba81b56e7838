// Package crew lends goroutines to work that comes in pieces, each of which may
// block for as long as it likes.
package crew

import (
	"sync"
	"time"
)

// Crew does what it is given, each piece on a goroutine that it lends: one that is
// started for each anew grows its stack each time, and costs more than most pieces
// do.
//
// Pieces are taken in the order in which they were given. None waits for another to
// end: whoever takes one has somebody else come for those behind it before it
// begins. As long as nothing blocks, those who come find little left to do, and
// there are about as many as processors.
//
// It may be used concurrently.
type Crew[T any] struct {
	do func(T)

	mu      sync.Mutex
	queue   []T
	head    int  // of queue: what was taken already stands before it
	coming  bool // somebody was called and has not come yet
	resting int  // who wait to be called
	closed  chan struct{}
	call    chan struct{} // to those who rest
}

const (
	// mostResting bounds those who wait to be called.
	mostResting = 16
	// lingering is how long one waits: at less than a piece in that time nobody
	// feels what it takes to start another.
	lingering = 100 * time.Millisecond
	// keptQueue is the largest queue that is kept for later, in pieces.
	keptQueue = 512
)

// New returns a crew that does each piece by calling do.
func New[T any](do func(T)) *Crew[T] {
	return &Crew[T]{do: do, call: make(chan struct{}), closed: make(chan struct{})}
}

// Do has the piece done and does not wait for that.
func (c *Crew[T]) Do(piece T) {
	c.mu.Lock()
	c.push(piece)
	wanted := c.want()
	c.mu.Unlock()
	if wanted {
		c.summon()
	}
}

// push appends, in the room of what was taken rather than in new one. The lock is
// held.
func (c *Crew[T]) push(piece T) {
	if len(c.queue) == cap(c.queue) && c.head > len(c.queue)/2 {
		left := copy(c.queue, c.queue[c.head:])
		clear(c.queue[left:])
		c.queue, c.head = c.queue[:left], 0
	}
	c.queue = append(c.queue, piece)
}

// want reports whether somebody must be called for what waits. The lock is held.
func (c *Crew[T]) want() bool {
	if c.coming || c.head == len(c.queue) {
		return false
	}
	c.coming = true
	return true
}

func (c *Crew[T]) summon() {
	select {
	case c.call <- struct{}{}:
	default:
		go c.serve()
	}
}

// serve is a lent goroutine. A piece may end it by runtime.Goexit.
func (c *Crew[T]) serve() {
	timer := time.NewTimer(lingering)
	defer timer.Stop()
	for came := true; ; {
		if piece, ok := c.take(came); ok {
			c.do(piece)
			came = false
		} else if came = c.rest(timer); !came {
			return
		}
	}
}

// take returns what is to be done next, and has somebody come for the rest.
func (c *Crew[T]) take(came bool) (piece T, ok bool) {
	c.mu.Lock()
	if came {
		c.coming = false
	}
	if c.head == len(c.queue) {
		c.mu.Unlock()
		return piece, false
	}
	var none T
	piece, c.queue[c.head] = c.queue[c.head], none
	c.head++
	if c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
		if cap(c.queue) > keptQueue {
			c.queue = nil
		}
	}
	wanted := c.want()
	c.mu.Unlock()
	if wanted {
		c.summon()
	}
	return piece, true
}

// rest waits to be called. It reports false if nobody calls or enough others wait.
func (c *Crew[T]) rest(timer *time.Timer) bool {
	c.mu.Lock()
	if c.resting == mostResting {
		c.mu.Unlock()
		return false
	}
	c.resting++
	c.mu.Unlock()
	defer c.rise()
	timer.Reset(lingering)
	select {
	case <-c.call:
		return true
	case <-timer.C:
		return false
	case <-c.closed:
		return false
	}
}

func (c *Crew[T]) rise() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting--
}

// Close sends those away who wait to be called, and whoever would from now on. What
// is given to the crew is done all the same. To close twice panics.
func (c *Crew[T]) Close() { close(c.closed) }
