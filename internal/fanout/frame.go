package fanout

import "github.com/DhruvikDonga/simplysocket/internal/socket"

// Policy says what happens to a frame that does not fit a full outbox.
type Policy uint8

const (
	// Disconnect closes the connection; its client may return and resume.
	Disconnect Policy = iota
	// DropOldest drops the stream's oldest waiting frames that may be dropped, and reports
	// the gap to the member.
	DropOldest
	// DropNewest drops the frame itself, and reports the gap to the member.
	DropNewest
	// DropSilently drops the frame itself without notice.
	DropSilently
)

// A Stream is a numbered sequence of frames that may lose some.
type Stream interface {
	// Gap returns the frame that reports to a member the loss of the frames numbered from
	// first to last. It is called under the outlet's lock.
	Gap(member string, first, last uint64) *Frame
}

// Frame is one encoded message. It is immutable once it was given to a Group or an Outlet,
// and shared by everyone who receives it.
type Frame struct {
	plain    []byte // WebSocket header and payload
	deflated []byte // the compressed variant; nil until a member needs it

	// Stream and Seq identify the frame in its stream. A frame without a stream is for a
	// single client and is never dropped.
	Stream Stream
	Seq    uint64
	// Policy is what happens if an outbox is full.
	Policy Policy
	// Notice says that the message is the protocol's own and not the application's.
	Notice bool
	header uint8 // the size of plain's header
	// Key, if not empty, lets the frame replace a waiting frame of the same stream and
	// key.
	Key string
}

// NewFrame makes a frame from a copy of the payload.
func NewFrame(payload []byte) *Frame {
	plain := socket.Text(payload)
	return &Frame{plain: plain, header: uint8(len(plain) - len(payload))} //nolint:gosec // a header has 14 bytes at most
}

// Payload returns the message as JSON; the caller must not change it.
func (f *Frame) Payload() []byte { return f.plain[f.header:] }

// Len is the number of bytes that the plain variant takes on the wire.
func (f *Frame) Len() int { return len(f.plain) }

// minDeflate is the payload size below which compression costs more than it saves: a
// 128-byte envelope shrinks by a few bytes for 10 us of work.
const minDeflate = 256

// deflate makes the compressed variant. Only the goroutine that created the
// frame may call it, before it gives the frame away.
func (f *Frame) deflate() {
	if f.deflated == nil && len(f.Payload()) >= minDeflate {
		f.deflated = socket.Deflate(f.Payload())
	}
}

func (f *Frame) bytes(deflated bool) []byte {
	if deflated && f.deflated != nil {
		return f.deflated
	}
	return f.plain
}
