package load

import (
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recorder records times from many goroutines. Each writes to one of a few histograms,
// which are merged into one from time to time.
type recorder struct {
	parts [8]struct {
		mu   sync.Mutex
		hist *hdrhistogram.Histogram
	}

	mu    sync.Mutex // guards everything below
	total *hdrhistogram.Histogram
	spare *hdrhistogram.Histogram // empty
}

// Histograms hold microseconds with three digits, up to an hour.
const (
	maxMicros = int64(time.Hour / time.Microsecond)
	digits    = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxMicros, digits) }

func newRecorder() *recorder {
	r := &recorder{total: newHistogram(), spare: newHistogram()}
	for i := range r.parts {
		r.parts[i].hist = newHistogram()
	}
	return r
}

// record adds a time. The number spreads the callers over the histograms.
func (r *recorder) record(number int, d time.Duration) {
	micros := min(max(d.Microseconds(), 0), maxMicros)
	part := &r.parts[number%len(r.parts)]
	part.mu.Lock()
	defer part.mu.Unlock()
	_ = part.hist.RecordValue(micros) // it is in range
}

// collect adds what was recorded since the last call to the total, and returns the
// quantiles of both.
func (r *recorder) collect() (recent, total Quantiles) {
	r.mu.Lock()
	defer r.mu.Unlock()
	interval := newHistogram()
	for i := range r.parts {
		part := &r.parts[i]
		part.mu.Lock()
		part.hist, r.spare = r.spare, part.hist
		part.mu.Unlock()
		interval.Merge(r.spare)
		r.spare.Reset()
	}
	r.total.Merge(interval)
	return quantilesOf(interval), quantilesOf(r.total)
}

// curve returns the total's percentiles. Each step covers a fixed fraction of the rest up
// to 100, for as many nines as there are values.
func (r *recorder) curve() []Point {
	r.mu.Lock()
	defer r.mu.Unlock()
	nines := 0
	for left := r.total.TotalCount(); left >= 10 && nines < maxNines; left /= 10 {
		nines++
	}
	points := []Point{}
	for i := range nines*PerNine + 1 {
		percentile := 100 - 100*math.Pow(10, -float64(i)/PerNine)
		points = append(points, Point{
			Percentile: math.Round(percentile*1e5) / 1e5,
			Value:      millis(r.total.ValueAtPercentile(percentile)),
		})
	}
	return points
}

// PerNine is the number of points on a curve from one nine to the next.
const PerNine = 8

const maxNines = 5

// Point is a point of a curve of percentiles.
type Point struct {
	Percentile float64      `json:"percentile"`
	Value      Milliseconds `json:"ms"`
}

// Milliseconds is the unit in which times are reported.
type Milliseconds float64

func millis(micros int64) Milliseconds { return Milliseconds(micros) / 1000 }

// Duration converts to a duration.
func (m Milliseconds) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

// Quantiles are of measured times, with three digits. All are 0 if there are none.
type Quantiles struct {
	Count int64        `json:"count"`
	Mean  Milliseconds `json:"mean_ms"`
	P50   Milliseconds `json:"p50_ms"`
	P90   Milliseconds `json:"p90_ms"`
	P95   Milliseconds `json:"p95_ms"`
	P99   Milliseconds `json:"p99_ms"`
	P999  Milliseconds `json:"p999_ms"`
	Max   Milliseconds `json:"max_ms"`
}

func quantilesOf(h *hdrhistogram.Histogram) Quantiles {
	if h.TotalCount() == 0 {
		return Quantiles{}
	}
	at := func(percentile float64) Milliseconds { return millis(h.ValueAtPercentile(percentile)) }
	return Quantiles{
		Count: h.TotalCount(),
		Mean:  Milliseconds(round(h.Mean() / 1000)),
		P50:   at(50),
		P90:   at(90),
		P95:   at(95),
		P99:   at(99),
		P999:  at(99.9),
		Max:   millis(h.Max()),
	}
}
