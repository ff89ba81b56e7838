package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// DamageError says that a recording is not as it was written, and where.
type DamageError struct {
	Offset  int64  // of the block, in bytes
	Segment uint64 // its number; 0: before the first
	Entry   uint64 // the entry of the segment that is or follows here, from 1
	Err     error
}

// Error returns a sentence.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the recording is damaged at byte %d, in segment %d at entry %d: %v", e.Offset, e.Segment, e.Entry, e.Err)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// Reader reads a recording. After an error that is not io.EOF it is of no more use.
type Reader struct {
	r       io.Reader
	offset  int64 // of the next block
	segment uint64
	entries uint64 // of the segment
	inside  bool   // a segment has begun and not ended
	end     *End
	content bytes.Buffer
	err     error
}

// NewReader returns a reader. It reads in small pieces: r should be buffered.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next returns the beginning of the next segment, and passes over what was not read of the
// one before. The error is io.EOF at the end of the recording, or a [*DamageError].
func (r *Reader) Next() (*Segment, error) {
	for r.inside {
		if _, err := r.Step(); err != nil && err != io.EOF { //nolint:errorlint // it is not wrapped
			return nil, err
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := r.magic(); err != nil {
		return nil, err
	}
	r.entries, r.end = 0, nil
	s := &Segment{}
	if err := r.want(blockSegment, s.read); err != nil {
		return nil, err
	}
	r.segment = s.Number
	kind, content, err := r.block()
	if err != nil {
		return nil, err
	}
	switch kind {
	case blockSnapshot:
		s.Snapshot = bytes.Clone(content)
	case blockOpening:
		o := &Opening{}
		if o.Config, o.Output, err = room.ReadConfig(content); err != nil {
			return nil, r.damaged(err)
		}
		o.Output = bytes.Clone(o.Output)
		s.Opening = o
	default:
		return nil, r.damaged(fmt.Errorf("a block %q at the beginning of a segment", kind))
	}
	r.inside = true
	return s, nil
}

// Step returns the next entry of the segment; io.EOF after the last.
func (r *Reader) Step() (*Step, error) {
	if !r.inside {
		if r.err != nil {
			return nil, r.err
		}
		return nil, io.EOF
	}
	kind, content, err := r.block()
	switch {
	case err != nil:
		return nil, err
	case kind == blockEnd:
		r.inside = false
		end := &End{}
		if err := end.read(content); err != nil {
			return nil, r.damaged(err)
		}
		if end.Entries != r.entries {
			return nil, r.damaged(fmt.Errorf("the segment has %d entries, but its end says %d", r.entries, end.Entries))
		}
		r.end = end
		return nil, io.EOF
	case kind != blockEntry:
		return nil, r.damaged(fmt.Errorf("a block %q among entries", kind))
	}
	s := &Step{}
	if s.Refused, content, err = room.ReadError(content); err == nil {
		s.Entry, content, err = room.ReadEntry(content)
	}
	if err != nil {
		return nil, r.damaged(err)
	}
	s.Output = bytes.Clone(content)
	r.entries++
	return s, nil
}

// End returns how the segment that was read to its end has ended; nil: its tail is missing,
// because the process has ended in the middle of it.
func (r *Reader) End() *End { return r.end }

// Offset returns how many bytes were read.
func (r *Reader) Offset() int64 { return r.offset }

// damaged returns an error for the block at hand.
func (r *Reader) damaged(err error) error {
	r.inside = false
	r.err = &DamageError{Offset: r.offset, Segment: r.segment, Entry: r.entries + 1, Err: err}
	return r.err
}

// torn ends the recording where it was cut off.
func (r *Reader) torn() error {
	r.inside = false
	r.err = io.EOF
	return io.EOF
}

// magic reads what a segment begins with.
func (r *Reader) magic() error {
	var magic [len(Magic)]byte
	n, err := io.ReadFull(r.r, magic[:])
	switch {
	case isEnd(err) && n < len(magic) && Magic[:n] == string(magic[:n]):
		return r.torn()
	case err != nil && !isEnd(err):
		r.err = err
		return err
	case string(magic[:len(magic)-1]) != Magic[:len(Magic)-1]:
		return r.damaged(errors.New("this is not the beginning of a segment"))
	case magic[len(magic)-1] != Magic[len(Magic)-1]:
		return r.damaged(fmt.Errorf("the format has version %d, and this program reads %d", magic[len(magic)-1], Magic[len(Magic)-1]))
	}
	r.offset += int64(n)
	return nil
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// block reads a block. The content is valid until the next call.
func (r *Reader) block() (kind byte, content []byte, err error) {
	r.content.Reset()
	head, err := r.take(headSize)
	if err != nil {
		return 0, nil, err
	}
	if binary.LittleEndian.Uint32(head[5:]) != crc32.Checksum(head[:5], castagnoli) {
		return 0, nil, r.damaged(errors.New("the checksum of a block's head is wrong"))
	}
	kind = head[0]
	size := binary.LittleEndian.Uint32(head[1:])
	if size > maxBlock {
		return 0, nil, r.damaged(fmt.Errorf("a block of %d bytes", size))
	}
	r.content.Reset()
	content, err = r.take(int64(size) + sumSize)
	if err != nil {
		return 0, nil, err
	}
	sum := binary.LittleEndian.Uint32(content[size:])
	content = content[:size]
	if sum != crc32.Checksum(content, castagnoli) {
		return 0, nil, r.damaged(errors.New("the checksum of a block is wrong"))
	}
	r.offset += int64(headSize + len(content) + sumSize)
	return kind, content, nil
}

// take reads so many bytes into the buffer, which grows with what there is.
func (r *Reader) take(n int64) ([]byte, error) {
	if _, err := io.CopyN(&r.content, r.r, n); err != nil {
		if isEnd(err) {
			return nil, r.torn()
		}
		r.inside, r.err = false, err
		return nil, err
	}
	return r.content.Bytes(), nil
}

// want reads a block of a kind.
func (r *Reader) want(kind byte, read func([]byte) error) error {
	got, content, err := r.block()
	switch {
	case err != nil:
		return err
	case got != kind:
		return r.damaged(fmt.Errorf("a block %q where %q was expected", got, kind))
	}
	if err := read(content); err != nil {
		return r.damaged(err)
	}
	return nil
}

var errCut = errors.New("a block is cut short")

// fields takes values off the beginning of a content.
type fields struct {
	b   []byte
	err error
}

func (f *fields) number() uint64 {
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.b, f.err = nil, errCut
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) text() string {
	n := f.number()
	if n > uint64(len(f.b)) {
		f.b, f.err = nil, errCut
		return ""
	}
	s := string(f.b[:n])
	f.b = f.b[n:]
	return s
}

func (f *fields) why() Why {
	if len(f.b) == 0 {
		f.err = errCut
		return 0
	}
	w := Why(f.b[0])
	f.b = f.b[1:]
	if w == 0 || w > lastWhy {
		f.err = fmt.Errorf("%v is not known", w)
	}
	return w
}

func (s *Segment) read(content []byte) error {
	f := fields{b: content}
	s.Number, s.Why, s.Stored, s.Time, s.Lost = f.number(), f.why(), f.number() == 1, time.Unix(0, int64(f.number())).UTC(), f.number() //nolint:gosec // as it was written
	s.Room, s.Library, s.Application = f.text(), f.text(), f.text()
	return f.err
}

func (e *End) read(content []byte) error {
	f := fields{b: content}
	e.Why, e.Entries, e.Lost = f.why(), f.number(), f.number()
	return f.err
}
