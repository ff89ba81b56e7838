package socket

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
	"unicode/utf8"
)

// windowSize is the largest window of deflate (RFC 7692 section 7.1.2).
const windowSize = 32 << 10

// streamEnd is what a sender has taken off the end of a message (RFC 7692
// section 7.2.1), and an empty last block, so that the reader finds an end.
const streamEnd = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// inflater is pooled: it takes 40 KiB that no idle connection needs to hold.
type inflater struct {
	reader  io.ReadCloser
	payload bytes.Reader
	end     bytes.Reader
	out     bytes.Buffer
}

var inflaters = sync.Pool{New: func() any { return &inflater{reader: flate.NewReader(nil)} }}

// inflate delivers a compressed message. It stops as soon as there is more of
// it than a message may have.
func (c *Conn) inflate(payload []byte, h Handler) error {
	in := inflaters.Get().(*inflater)
	defer in.release()

	in.payload.Reset(payload)
	in.end.Reset([]byte(streamEnd))
	if err := in.reader.(flate.Resetter).Reset(in, c.window); err != nil {
		return fail(codeInvalid, "compressed data is corrupt")
	}
	if _, err := in.out.ReadFrom(io.LimitReader(in.reader, c.limit+1)); err != nil {
		return fail(codeInvalid, "compressed data is corrupt")
	}
	text := in.out.Bytes()
	if int64(len(text)) > c.limit {
		return fail(codeTooLarge, "message is too large")
	}
	if !utf8.Valid(text) {
		return fail(codeInvalid, "text is not UTF-8")
	}
	if c.takeover {
		c.slide(text)
	}
	h.Message(text)
	return nil
}

// Read implements [io.Reader]: the payload and the end that it lacks.
func (in *inflater) Read(p []byte) (int, error) {
	if in.payload.Len() > 0 {
		return in.payload.Read(p)
	}
	return in.end.Read(p)
}

// ReadByte implements [io.ByteReader], which spares flate a buffer of its own.
func (in *inflater) ReadByte() (byte, error) {
	if in.payload.Len() > 0 {
		return in.payload.ReadByte()
	}
	return in.end.ReadByte()
}

func (in *inflater) release() {
	in.payload.Reset(nil)
	in.out.Reset()
	if in.out.Cap() <= keptPart {
		inflaters.Put(in)
	}
}

// slide moves the window on, over a message.
func (m *message) slide(text []byte) {
	if len(text) >= windowSize {
		m.window = append(m.window[:0], text[len(text)-windowSize:]...)
		return
	}
	if over := len(m.window) + len(text) - windowSize; over > 0 {
		m.window = m.window[:copy(m.window, m.window[over:])]
	}
	m.window = append(m.window, text...)
}
