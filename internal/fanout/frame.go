package fanout

import "github.com/DhruvikDonga/simplysocket/internal/socket"

// Policy says what becomes of a frame that does not fit a full outbox.
type Policy uint8

const (
	// Disconnect closes the connection; its client may come back and resume.
	Disconnect Policy = iota
	// DropOldest gives up the stream's oldest waiting frames that may be
	// dropped, and tells the member of the gap.
	DropOldest
	// DropNewest gives up the frame itself, and tells the member of the gap.
	DropNewest
	// DropSilently gives up the frame itself and tells nobody.
	DropSilently
)

// A Stream is a numbered sequence of frames of which a part can get lost.
type Stream interface {
	// Gap returns the frame which tells member that the frames numbered from
	// first to last are lost to it. It is called under the outlet's lock.
	Gap(member string, first, last uint64) *Frame
}

// Frame is one encoded message, immutable once it was given to a Group or an
// Outlet, and shared by all who receive it.
type Frame struct {
	plain    []byte // WebSocket header and payload
	deflated []byte // the compressed variant; nil until a member needs it

	// Stream and Seq say which frame of which stream this is. A frame without
	// a stream is for one client alone and is never dropped.
	Stream Stream
	Seq    uint64
	// Policy is what happens when an outbox is full.
	Policy Policy
	// Notice says that the message is the protocol's own and not the application's.
	Notice bool
	header uint8 // the size of plain's header
	// Key, if not empty, lets the frame replace a waiting one of the same
	// stream and key.
	Key string
}

// NewFrame makes a frame of a copy of the payload.
func NewFrame(payload []byte) *Frame {
	plain := socket.Text(payload)
	return &Frame{plain: plain, header: uint8(len(plain) - len(payload))} //nolint:gosec // a header has 14 bytes at most
}

// Payload returns the message as JSON; the caller must not change it.
func (f *Frame) Payload() []byte { return f.plain[f.header:] }

// Len is the number of bytes that the plain variant takes on the wire.
func (f *Frame) Len() int { return len(f.plain) }

// minDeflate is the payload size below which deflating costs more than it
// saves: a 128-byte envelope shrinks by a few bytes for 10 us of work.
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
