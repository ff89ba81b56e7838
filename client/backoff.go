package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces attempts to connect: it waits for a random part of a time that doubles.
type backoff struct {
	min, max time.Duration
	limit    time.Duration // of the next pause; 0: min
}

// next returns how long to wait before the next attempt.
func (b *backoff) next() time.Duration {
	b.limit = min(max(b.limit, b.min), b.max)
	pause := rand.N(b.limit + 1)
	b.limit *= 2
	return pause
}

// lasted resets the pauses after a connection that lasted. Otherwise a server that admits
// clients and cuts them off at once would have them back as fast as they can.
func (b *backoff) lasted(d time.Duration) {
	if d >= b.max {
		b.limit = 0
	}
}

// sleep reports whether it slept for all of d: false if the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
