package socket

import "time"

// FrameLimit bounds the frames of a peer, however little there is in each: over any
// time it may send Burst of them, and Rate a second on average.
type FrameLimit struct {
	Rate  float64
	Burst uint32
}

// controlCost is what a control frame counts for: each ping costs a write.
const controlCost = 8

// codeFlooding is the close code of a peer that sends too many frames. It is of the
// range that RFC 6455 leaves to applications (section 7.4.2).
const codeFlooding = 4029

// flood counts frames. The clock is read once for each burst.
type flood struct {
	limit  *FrameLimit // nil: none
	frames uint32      // since then
	since  uint32      // milliseconds since started
}

// count reports whether the peer may send this frame.
func (f *flood) count(cost uint32) bool {
	if f.limit == nil {
		return true
	}
	f.frames += cost
	if f.frames < f.limit.Burst {
		return true
	}
	now := uint32(time.Since(started).Milliseconds()) //nolint:gosec // only the difference of two is used
	elapsed := float64(now-f.since) / 1000
	if float64(f.frames) > f.limit.Rate*elapsed && f.since != 0 {
		return false
	}
	f.frames, f.since = 0, max(now, 1)
	return true
}
