package load

import (
	"sync"
	"time"
)

// Sample is what happened in about a second.
type Sample struct {
	At         float64       `json:"at_s"` // its end, since the run began
	Phase      Phase         `json:"phase"`
	Sent       float64       `json:"sent_per_s"`
	Delivered  float64       `json:"delivered_per_s"`
	Connected  int64         `json:"connected"`
	Drops      int64         `json:"drops"`
	Reconnects int64         `json:"reconnects"`
	P50        *Milliseconds `json:"p50_ms"` // null if nothing was measured
	P99        *Milliseconds `json:"p99_ms"`
}

// series is the samples so far.
type series struct {
	mu      sync.Mutex
	samples []Sample
	latency Quantiles // of everything so far
	before  struct {
		at                                time.Duration
		sent, received, drops, reconnects int64
	}
}

// sampleEvery is the length of a sample, minSample the shortest at the end.
const (
	sampleEvery = time.Second
	minSample   = sampleEvery / 4
)

// sample takes a sample every second until stop is called. Further calls of stop have no
// effect.
func (r *Run) sample() (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(sampleEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				r.take()
			case <-end:
				r.take()
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(end)
		<-done
	})
}

// take takes a sample, unless it would be too short.
func (r *Run) take() {
	recent, total := r.latency.collect()
	s := &r.series
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = total
	now, before := r.clock(), &s.before
	length := now - before.at
	if length < minSample {
		return
	}
	sent, received := r.counts.sent.Load(), r.counts.received.Load()
	drops, reconnects := r.counts.drops.Load(), r.counts.reconnects.Load()
	sample := Sample{
		At:         now.Round(time.Millisecond).Seconds(),
		Phase:      r.phase.Load().phase,
		Sent:       perSecond(sent-before.sent, length),
		Delivered:  perSecond(received-before.received, length),
		Connected:  r.counts.connected.Load(),
		Drops:      drops - before.drops,
		Reconnects: reconnects - before.reconnects,
	}
	if recent.Count > 0 {
		sample.P50, sample.P99 = &recent.P50, &recent.P99
	}
	s.samples = append(s.samples, sample)
	before.at, before.sent, before.received, before.drops, before.reconnects = now, sent, received, drops, reconnects
}

// perSecond is a rate to three decimal places.
func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return round(float64(n) / d.Seconds())
}
