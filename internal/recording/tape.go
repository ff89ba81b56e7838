package recording

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Config is how a room is recorded.
type Config struct {
	Room        string
	Library     string
	Application string
	Segment     int // bytes after which a segment ends
	Buffer      int // bytes that may wait to be written; what a segment begins with may be more
	Mask        *Mask
	// Sink is where the recording goes.
	Sink Sink
	// Wake has [Tape.Run] be called soon, on another goroutine. It does not wait.
	Wake func()
	// Lost, if it is set, is called when the tape begins to lose entries.
	Lost func()
	// Ended, if it is set, is called when everything is written.
	Ended func()
}

// DefaultSegment is a good Config.Segment.
const DefaultSegment = 4 << 20

// Sink takes what is recorded.
type Sink interface {
	// Begin announces a segment: all that is written from now on is part of it.
	Begin() error
	Write([]byte) (int, error)
	Close() error
}

// Stats counts what a tape did.
type Stats struct {
	Entries  uint64 // that were recorded
	Lost     uint64 // because the writer was too slow
	Gaps     uint64 // runs of lost entries
	Segments uint64
	Bytes    uint64 // that were written
}

// Tape records one room. The methods that take a machine are called in the room's turns;
// they encode into a buffer and never wait for the sink. All others may be called from
// anywhere.
type Tape struct {
	cfg  Config
	done chan struct{}

	mu      sync.Mutex
	state   state
	pending []byte // to be written
	begins  []int  // where in it segments begin
	spare   []byte
	spared  []int
	open    bool   // a segment has begun, and its end is not written
	length  int    // of the segment at hand
	limit   int    // of it
	entries uint64 // of it
	start   int    // what the newest segment began with, in bytes
	lost    uint64 // since the newest segment
	writing bool
	over    bool // done is closed, or about to be
	err     error
	stats   Stats
}

type state uint8

const (
	idle   state = iota // no segment has begun
	inside              // a segment has begun
	gap                 // a segment begins as soon as there is room for it
	ended
)

// NewTape returns a tape that records nothing yet.
func NewTape(cfg Config) *Tape { return &Tape{cfg: cfg, done: make(chan struct{})} }

// Open begins a segment with the opening of a room. The configuration is that with which it
// has opened, and the output that of its setup.
func (t *Tape) Open(m *room.Machine, cfg *room.Config, out *room.Output) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == ended {
		return
	}
	before, first := t.ending(Restored)
	t.pending = appendOpening(t.header(m, Opened), cfg, out)
	if t.begin(before, first) && out.Closed {
		t.close(Closed)
	}
	t.wake()
}

// Start begins a segment with a snapshot of a room between two entries. The error is that of
// a value without a JSON form.
func (t *Tape) Start(m *room.Machine, why Why) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == ended {
		return nil
	}
	err := t.snapshot(m, why)
	t.wake()
	return err
}

// Take records an entry that the room has handled. Why it was refused is nil for one that
// was applied. The error is that of a snapshot.
func (t *Tape) Take(m *room.Machine, e *room.Entry, refused error, out *room.Output) error {
	masked := e.Masked(t.cfg.Mask)
	t.mu.Lock()
	defer t.mu.Unlock()
	var err error
	switch t.state {
	case idle, ended:
		return nil
	case gap:
		t.lost++
		t.stats.Lost++
		if !out.Closed && t.hasSpace() {
			err = t.snapshot(m, Gap)
		}
	case inside:
		before := len(t.pending)
		t.pending = appendStep(t.pending, masked, refused, out)
		switch {
		case len(t.pending) > t.cfg.Buffer && before > 0:
			t.pending = t.pending[:before]
			t.lose()
			t.lost, t.stats.Lost = 1, t.stats.Lost+1
		default:
			t.entries++
			t.stats.Entries++
			t.length += len(t.pending) - before
			if t.length >= t.limit && !out.Closed {
				err = t.snapshot(m, Full)
			}
		}
	}
	t.wake()
	return err
}

// Leave ends the segment at hand, if there is one. The next begins with Open or Start.
func (t *Tape) Leave(why Why) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave(why)
	t.wake()
}

// leave reports whether the tape still records.
func (t *Tape) leave(why Why) bool {
	switch t.state {
	case ended:
		return false
	case idle, gap, inside:
		t.close(why)
	}
	return true
}

// lose notes that a segment cannot go on or begin.
func (t *Tape) lose() {
	t.state = gap
	t.stats.Gaps++
	if t.cfg.Lost != nil {
		t.cfg.Lost()
	}
}

// hasSpace reports whether a snapshot as large as the last one may wait to be written.
func (t *Tape) hasSpace() bool {
	return len(t.pending) == 0 || len(t.pending)+2*t.start <= t.cfg.Buffer
}

// close writes the end of the segment at hand. There is always space for it.
func (t *Tape) close(why Why) {
	t.ending(why)
	t.state, t.open = idle, false
}

// ending appends the end of the segment at hand, if there is one. It returns where that
// begins, and where the next segment does.
func (t *Tape) ending(why Why) (before, first int) {
	before = len(t.pending)
	if t.state == gap {
		why = Gap
	}
	if t.open {
		t.pending = appendEnd(t.pending, &End{Why: why, Entries: t.entries, Lost: t.lost})
	}
	return before, len(t.pending)
}

// snapshot begins a segment with a snapshot.
func (t *Tape) snapshot(m *room.Machine, why Why) error {
	before, first := t.ending(why)
	var err error
	t.pending = block(t.header(m, why), blockSnapshot, func(b []byte) []byte {
		b, err = m.MaskedSnapshot(b, t.cfg.Mask)
		return b
	})
	if err != nil {
		t.pending = t.pending[:before]
		t.fail(err)
		return err
	}
	t.begin(before, first)
	return nil
}

// header appends what a segment begins with.
func (t *Tape) header(m *room.Machine, why Why) []byte {
	return appendSegment(t.pending, &Segment{
		Number: t.stats.Segments + 1, Why: why, Stored: m.Recorded(), Time: time.Now(), Lost: t.lost,
		Room: t.cfg.Room, Library: t.cfg.Library, Application: t.cfg.Application,
	})
}

// begin begins the segment that was appended at first, after the end of the one before. If
// too much waits to be written, both are taken back.
func (t *Tape) begin(before, first int) bool {
	size := len(t.pending) - first
	t.start = size
	if before > 0 && len(t.pending) > t.cfg.Buffer {
		t.pending = t.pending[:before]
		t.lose()
		return false
	}
	t.begins = append(t.begins, first)
	t.state, t.open = inside, true
	t.length, t.limit, t.entries, t.lost = size, max(t.cfg.Segment, 2*size), 0, 0
	t.stats.Segments++
	return true
}

// wake has what is pending be written.
func (t *Tape) wake() {
	if t.writing || t.over || len(t.pending) == 0 && t.state != ended {
		return
	}
	t.writing = true
	t.cfg.Wake()
}

// End ends the tape: what was recorded so far is written, and nothing more is recorded.
func (t *Tape) End(why Why) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leave(why) {
		t.state = ended
		t.wake()
	}
}

// fail ends the tape because of an error.
func (t *Tape) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.state = ended
}

// Done returns a channel that is closed when the tape has ended and everything is written.
func (t *Tape) Done() <-chan struct{} { return t.done }

// Err returns why the tape has ended before its time, or nil.
func (t *Tape) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Stats returns the current counts.
func (t *Tape) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// keptBuffer is the largest buffer that is kept for later.
const keptBuffer = 256 << 10

// Run writes what is pending. A sink that panics, or that ends the goroutine, ends the tape.
func (t *Tape) Run() {
	returned := false
	defer func() {
		if returned {
			return
		}
		err := errors.New("the writer of a recording has ended its goroutine")
		if v := recover(); v != nil {
			err = fmt.Errorf("the writer of a recording has panicked: %v", v)
		}
		t.mu.Lock()
		t.fail(err)
		first := !t.over
		t.over = true
		t.mu.Unlock()
		if first {
			t.finish()
		}
	}()
	for t.writeMore() {
	}
	returned = true
}

// writeMore reports whether there was something to write.
func (t *Tape) writeMore() bool {
	t.mu.Lock()
	if len(t.pending) == 0 || t.err != nil && t.state == ended && t.broken() {
		t.writing = false
		last := t.state == ended && !t.over
		t.over = t.over || last
		if t.over {
			t.pending, t.spare = nil, nil
		}
		t.mu.Unlock()
		if last {
			t.closeSink()
		}
		return false
	}
	chunk, begins := t.pending, t.begins
	t.pending, t.begins = t.spare[:0], t.spared[:0]
	t.spare, t.spared = nil, nil
	t.mu.Unlock()
	written, err := t.write(chunk, begins)
	t.mu.Lock()
	t.stats.Bytes += written
	if err != nil {
		t.fail(&writeError{err})
	}
	if cap(chunk) <= keptBuffer {
		t.spare, t.spared = chunk, begins
	}
	t.mu.Unlock()
	return true
}

// writeError is an error of the sink.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

// broken reports whether the sink takes no more.
func (t *Tape) broken() bool {
	_, broken := t.err.(*writeError) //nolint:errorlint // it is not wrapped
	return broken
}

// write writes a chunk, segment by segment.
func (t *Tape) write(chunk []byte, begins []int) (written uint64, err error) {
	first := 0
	for _, next := range append(begins, len(chunk)) {
		if next > first {
			n, err := t.cfg.Sink.Write(chunk[first:next])
			written += uint64(max(n, 0))
			if err != nil {
				return written, err
			}
		}
		if next < len(chunk) {
			if err := t.cfg.Sink.Begin(); err != nil {
				return written, err
			}
		}
		first = next
	}
	return written, nil
}

// closeSink closes the sink after all was written.
func (t *Tape) closeSink() {
	defer t.finish()
	if err := t.cfg.Sink.Close(); err != nil {
		t.mu.Lock()
		t.fail(err)
		t.mu.Unlock()
	}
}

// finish tells those who wait.
func (t *Tape) finish() {
	close(t.done)
	if t.cfg.Ended != nil {
		t.cfg.Ended()
	}
}
