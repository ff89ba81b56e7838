package load

import (
	"context"
	"time"
)

// drop breaks connections at the rate of the settings, until the duration is over
// or the context ends.
func (r *Run) drop(ctx context.Context) {
	if r.settings.DropRate <= 0 {
		return
	}
	clock, start := newAlarm(), time.Now()
	for i := 1; ; i++ {
		after := float64(i) / r.settings.DropRate * float64(time.Second)
		if after > float64(r.settings.Duration) || !clock.wait(ctx, start.Add(time.Duration(after))) {
			return
		}
		r.cutOne()
	}
}

// cutOne breaks the first live connection from a random position on.
func (r *Run) cutOne() {
	first := r.random.IntN(len(r.members))
	for i := range r.members {
		if r.members[(first+i)%len(r.members)].cut() {
			r.counts.drops.Add(1)
			return
		}
	}
}

// cut breaks the connection as a network does: without a close frame, and with everything
// in flight in both directions. It reports false if there is no connection.
func (m *member) cut() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.whole {
		return false
	}
	m.whole = false
	if abrupt, ok := m.network.(interface{ SetLinger(int) error }); ok {
		_ = abrupt.SetLinger(0) // if this fails it is closed the usual way
	}
	_ = m.network.Close() // both ends notice
	return true
}
