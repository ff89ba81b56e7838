package load

import "time"

// Progress is how far a run has come.
type Progress struct {
	Phase      Phase
	Elapsed    time.Duration // of the phase
	Length     time.Duration // that the phase should take; 0: unknown
	Clients    int
	Connected  int64
	Sent       float64 // messages per second
	Delivered  float64 // deliveries per second
	P50, P99   Milliseconds
	Measured   bool  // P50 and P99 are set
	OnTheWay   int64 // deliveries of handled messages that have not arrived yet
	Doubled    int64
	Drops      int64
	Reconnects int64
	Failures   int64
}

// Progress returns how far the run has come. It is safe to call at any time, from any
// goroutine.
func (r *Run) Progress() Progress {
	at := r.phase.Load()
	c := &r.counts
	p := Progress{
		Phase:      at.phase,
		Elapsed:    time.Since(at.since),
		Length:     r.settings.length(at.phase),
		Clients:    r.settings.Clients,
		Connected:  c.connected.Load(),
		OnTheWay:   max(0, c.owed.Load()-c.delivered.Load()),
		Doubled:    c.doubled.Load(),
		Drops:      c.drops.Load(),
		Reconnects: c.reconnects.Load(),
		Failures:   r.failures.sum(),
	}
	s := &r.series
	s.mu.Lock()
	defer s.mu.Unlock()
	p.P50, p.P99, p.Measured = s.latency.P50, s.latency.P99, s.latency.Count > 0
	if last := len(s.samples) - 1; last >= 0 {
		p.Sent, p.Delivered = s.samples[last].Sent, s.samples[last].Delivered
	}
	return p
}
