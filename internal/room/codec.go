package room

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Entries and snapshots share one encoding: numbers are varints as in encoding/binary,
// strings and bytes have their length before them, times are seconds and nanoseconds
// since 1970. The first byte is the version. A reader takes all versions up to its own.

// entryVersion is the version of the encoding of an [Entry].
const entryVersion = 1

// ErrEncoding is returned for bytes that are no encoding of a version that is known.
var ErrEncoding = errors.New("room: malformed encoding")

// The parts of an entry that most have not are marked in one byte.
const (
	hasWho = 1 << iota
	hasSend
	hasFailed
	hasBody
	hasIdentity
	hasInfo
)

// AppendEntry appends the encoding of an entry.
func AppendEntry(b []byte, e *Entry) []byte {
	parts := flag(hasWho, e.Who != nil) | flag(hasSend, e.Send != nil) | flag(hasFailed, e.Failed != nil) | flag(hasBody, e.Body != nil) |
		flag(hasIdentity, e.Who != nil && e.Who.Identity != nil) | flag(hasInfo, e.Who != nil && e.Who.Info != nil)
	w := writer{append(b, entryVersion, byte(e.Kind), byte(e.Flags), byte(e.Reason), parts)}
	w.uint(e.Pos)
	w.time(e.Time)
	w.string(e.Member)
	w.uint(e.ID)
	w.string(e.Action)
	if e.Body != nil {
		w.bytes(e.Body)
	}
	w.string(e.Target)
	w.uint(e.Epoch)
	w.uint(e.Number)
	w.uint(e.Conn)
	w.uint(e.Seen.Epoch)
	w.uint(e.Seen.Seq)
	if who := e.Who; who != nil {
		w.identity(who.Identity)
		if who.Info != nil {
			w.bytes(who.Info)
		}
		w.bool(who.Resumable)
		w.string(who.Network)
		w.int(who.Attempts)
	}
	if s := e.Send; s != nil {
		w.strings(s.Only)
		w.strings(s.Except)
		w.bool(s.ToOnly)
		w.bool(s.Volatile)
		w.string(s.From)
		w.string(s.Key)
		w.byte(byte(s.Overflow))
	}
	if f := e.Failed; f != nil {
		w.string(string(f.Code))
		w.string(f.Message)
	}
	return w.b
}

// ReadEntry decodes the entry at the beginning of b and returns the bytes after it. The
// error wraps [ErrEncoding]. The entry does not share memory with b.
func ReadEntry(b []byte) (e Entry, rest []byte, err error) {
	r := reader{b: b}
	if version := r.byte(); version != entryVersion {
		r.fail(fmt.Sprintf("entry of version %d", version))
	}
	e.Kind, e.Flags, e.Reason = Kind(r.byte()), Flags(r.byte()), LeaveReason(r.byte())
	if e.Kind < KindMessage || e.Kind > KindConfirmed {
		r.fail(fmt.Sprintf("entry of kind %d", e.Kind))
	}
	parts := r.byte()
	e.Pos, e.Time = r.uint(), r.time()
	e.Member, e.ID, e.Action = r.string(), r.uint(), r.string()
	if parts&hasBody != 0 {
		e.Body = r.bytes()
	}
	e.Target, e.Epoch, e.Number, e.Conn = r.string(), r.uint(), r.uint(), r.uint()
	e.Seen = Position{r.uint(), r.uint()}
	if parts&hasWho != 0 {
		who := &Arrival{}
		if parts&hasIdentity != 0 {
			who.Identity = r.identity()
		}
		if parts&hasInfo != 0 {
			who.Info = r.bytes()
		}
		who.Resumable, who.Network, who.Attempts = r.bool(), r.string(), r.int()
		e.Who = who
	}
	if parts&hasSend != 0 {
		e.Send = &Send{
			Only: r.strings(), Except: r.strings(), ToOnly: r.bool(), Volatile: r.bool(),
			From: r.string(), Key: r.string(), Overflow: Overflow(r.byte()),
		}
	}
	if parts&hasFailed != 0 {
		e.Failed = &Failure{Code: protocol.Code(r.string()), Message: r.string()}
	}
	if r.err == nil && e.Who == nil && (e.Kind == KindJoin || e.Kind == KindResume) {
		r.fail("nothing is known of the client")
	}
	if r.err != nil {
		return Entry{}, b, r.err
	}
	return e, r.b, nil
}

func flag(bit byte, set bool) byte {
	if set {
		return bit
	}
	return 0
}

// writer appends values.
type writer struct{ b []byte }

func (w *writer) byte(v byte)   { w.b = append(w.b, v) }
func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

func (w *writer) bool(v bool) { w.byte(flag(1, v)) }

func (w *writer) int(v int) { w.uint(uint64(v)) } //nolint:gosec // a count

func (w *writer) float(v float64) { w.uint(math.Float64bits(v)) }

func (w *writer) duration(d time.Duration) { w.b = binary.AppendVarint(w.b, int64(d)) }

func (w *writer) string(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) bytes(b []byte) {
	w.uint(uint64(len(b)))
	w.b = append(w.b, b...)
}

func (w *writer) strings(list []string) {
	w.uint(uint64(len(list)))
	for _, s := range list {
		w.string(s)
	}
}

func (w *writer) time(t time.Time) {
	w.bool(!t.IsZero())
	if t.IsZero() {
		return
	}
	w.b = binary.AppendVarint(w.b, t.Unix())
	w.uint(uint64(t.Nanosecond())) //nolint:gosec // 0 to 999,999,999
}

// identity writes an identity that is not nil. What has no JSON form is no claim that a
// room could keep.
func (w *writer) identity(id *Identity) {
	if id == nil {
		return
	}
	encoded, err := json.Marshal(id)
	if err != nil {
		encoded, _ = json.Marshal(Identity{User: id.User})
	}
	w.bytes(encoded)
}

// reader takes values off the beginning of b. After an error all of them are zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrEncoding, what)
	}
	r.b = nil
}

// end returns the error of the reader, or one for bytes that are left.
func (r *reader) end() error {
	if len(r.b) > 0 {
		r.fail("bytes after the end")
	}
	return r.err
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("cut short")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uint() uint64 { return number(r, binary.Uvarint) }

// number reads a number with a function of encoding/binary.
func number[T uint64 | int64](r *reader, decode func([]byte) (T, int)) T {
	v, n := decode(r.b)
	if n <= 0 {
		r.fail("not a number")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int {
	v := r.uint()
	if v > math.MaxInt {
		r.fail("number out of range")
		return 0
	}
	return int(v)
}

func (r *reader) bool() bool { return r.byte() == 1 }

func (r *reader) float() float64 { return math.Float64frombits(r.uint()) }

func (r *reader) varint() int64 { return number(r, binary.Varint) }

func (r *reader) duration() time.Duration { return time.Duration(r.varint()) }

// count reads a number of things that take a byte each at least.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail("cut short")
		return 0
	}
	return int(n) //nolint:gosec // no more than there are bytes
}

// next returns bytes that have their length before them, without a copy.
func (r *reader) next() []byte {
	n := r.count()
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) string() string { return string(r.next()) }

func (r *reader) bytes() []byte { return append([]byte{}, r.next()...) }

// optional reads bytes that are a JSON text or nil: no JSON text is empty.
func (r *reader) optional() []byte {
	if b := r.next(); len(b) > 0 {
		return bytes.Clone(b)
	}
	return nil
}

func (r *reader) strings() (list []string) {
	for range r.count() {
		list = append(list, r.string())
	}
	return list
}

func (r *reader) time() time.Time {
	if r.byte() == 0 {
		return time.Time{}
	}
	seconds, nanoseconds := r.varint(), r.int()
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (r *reader) identity() *Identity {
	id := &Identity{}
	if raw := r.next(); r.err == nil {
		numbers := json.NewDecoder(bytes.NewReader(raw))
		numbers.UseNumber() // every digit stays
		if err := numbers.Decode(id); err != nil {
			r.fail("identity: " + err.Error())
		}
	}
	return id
}
