package simplysockettest

import (
	"cmp"
	"io"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// RecordTo writes a recording of the room to w, for [Replay]. Nothing is lost of it. Nil
// options use all defaults.
func RecordTo(w io.Writer, o *simplysocket.RecordOptions) Option {
	if o == nil {
		o = &simplysocket.RecordOptions{}
	}
	return func(opts *options) {
		opts.record = func(name string) *recording.Tape { return newTape(name, w, o) }
	}
}

func newTape(name string, w io.Writer, o *simplysocket.RecordOptions) *recording.Tape {
	return recording.NewTape(recording.Config{
		Room: name, Application: o.Application, Segment: cmp.Or(o.SegmentBytes, recording.DefaultSegment), Buffer: 1 << 30,
		Mask: recording.NewMask(o.Claims, o.Secrets), Sink: recording.Writer(w), Wake: func() {},
	})
}

// recordOpening records that the room has opened.
func (r *Room) recordOpening(out *room.Output) {
	if r.tape != nil {
		r.tape.Open(r.room.Machine(), r.config(), out)
		r.recorded(nil)
	}
}

// recordRestored begins a segment with the room as it was restored.
func (r *Room) recordRestored() {
	if r.tape != nil {
		r.recorded(r.tape.Start(r.room.Machine(), recording.Restored))
	}
}

// recordStep records an entry.
func (r *Room) recordStep(e *room.Entry, out *room.Output) {
	if r.tape == nil {
		return
	}
	err := r.tape.Take(r.room.Machine(), e, nil, out)
	if out.Closed {
		r.tape.Leave(recording.Closed)
	}
	r.recorded(err)
}

// recorded writes what was recorded.
func (r *Room) recorded(err error) {
	r.tape.Run()
	if err == nil {
		err = r.tape.Err()
	}
	if err != nil {
		r.errorf(" is not recorded any more: %v", err)
		r.tape = nil
	}
}

// endRecording ends the recording with the test.
func (r *Room) endRecording() {
	if r.tape != nil {
		r.tape.End(recording.Stopped)
		r.tape.Run()
	}
}
