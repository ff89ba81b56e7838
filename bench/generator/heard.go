//go:build linux

package generator

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// heard counts what the clients of a set receive.
type heard struct {
	said          int
	deliveries    int
	lost, doubled int
	bytes         int
	delays        *hdrhistogram.Histogram // in microseconds
}

func (h *heard) reset() {
	*h = heard{delays: hdrhistogram.New(1, time.Minute.Microseconds(), 3)}
}

func (h *heard) delay(d time.Duration) {
	_ = h.delays.RecordValue(min(max(d.Microseconds(), 1), time.Minute.Microseconds()))
}

func (h *heard) result(wall, busy time.Duration) Heard {
	at := func(percentile float64) time.Duration {
		return time.Duration(h.delays.ValueAtPercentile(percentile)) * time.Microsecond
	}
	return Heard{
		Messages:   h.said,
		Deliveries: h.deliveries,
		Lost:       h.lost,
		Doubled:    h.doubled,
		Bytes:      h.bytes,
		Wall:       wall,
		Busy:       busy,
		P50:        at(50),
		P99:        at(99),
	}
}
