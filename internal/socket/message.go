package socket

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// message puts frames together to messages. It keeps a copy of a message only
// where that comes in more than one piece.
type message struct {
	limit   int64 // of a message's bytes
	window  []byte
	size    int64
	text    textCheck
	parts   *bytes.Buffer
	control []byte // the beginning of a control frame's payload
	count   uint32

	deflate    bool // permessage-deflate is on
	takeover   bool // ... and the peer compresses with its earlier messages
	open       bool // between the first frame and the last
	compressed bool
}

var partBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptPart is the largest buffer that goes back to a pool.
const keptPart = 64 << 10

func releaseParts(b *bytes.Buffer) {
	if b.Cap() <= keptPart {
		b.Reset()
		partBuffers.Put(b)
	}
}

// beginFrame checks a frame by its header, before any of its payload is taken.
func (c *Conn) beginFrame() error {
	f := &c.frames
	if err := f.check(c.deflate); err != nil {
		return err
	}
	cost := uint32(1)
	if f.header.OpCode.IsControl() {
		cost = controlCost
	}
	if !c.flood.count(cost) {
		return fail(codeFlooding, "too many frames")
	}
	switch f.header.OpCode {
	case ws.OpText:
		c.open, c.size, c.compressed = true, 0, f.header.Rsv1()
		c.text = textCheck{}
		f.state = f.state.Set(ws.StateFragmented)
	case ws.OpContinuation:
	case ws.OpBinary:
		return fail(codeUnsupported, "only text messages are taken")
	default:
		return nil
	}
	if f.header.Length > c.limit-c.size {
		return fail(codeTooLarge, "message is too large")
	}
	c.size += f.header.Length
	return nil
}

// take takes a piece of a frame's payload.
func (c *Conn) take(chunk []byte, h Handler) error {
	if c.frames.header.OpCode.IsControl() {
		return c.takeControl(chunk, h)
	}
	last := c.frames.header.Fin && !c.frames.inside
	if last && c.parts == nil {
		return c.deliver(chunk, h)
	}
	if !c.compressed && !c.text.write(chunk) {
		return fail(codeInvalid, "text is not UTF-8")
	}
	if c.parts == nil {
		c.parts = partBuffers.Get().(*bytes.Buffer)
	}
	c.parts.Write(chunk)
	if !last {
		return nil
	}
	parts := c.parts
	c.parts = nil
	defer releaseParts(parts)
	return c.deliver(parts.Bytes(), h)
}

// deliver ends a message.
func (c *Conn) deliver(payload []byte, h Handler) error {
	c.open = false
	c.frames.state = c.frames.state.Clear(ws.StateFragmented)
	c.count++
	if c.compressed {
		return c.inflate(payload, h)
	}
	if !utf8.Valid(payload) {
		return fail(codeInvalid, "text is not UTF-8")
	}
	h.Message(payload)
	return nil
}

// takeControl takes a piece of a ping, a pong or a close frame.
func (c *Conn) takeControl(chunk []byte, h Handler) error {
	if c.frames.inside || c.control != nil {
		c.control = append(c.control, chunk...)
		chunk = c.control
	}
	if c.frames.inside {
		return nil
	}
	c.control = nil
	switch c.frames.header.OpCode {
	case ws.OpPing:
		h.Ping(chunk)
	case ws.OpPong:
		h.Pong()
	default:
		return closed(chunk)
	}
	return nil
}

// sendable reports whether a close frame may have the code: those of RFC 6455
// section 7.4 and of IANA's registry for it, without those that only say that
// there was none.
func sendable(code uint16) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	default:
		return false
	}
}

// closed reads a close frame (RFC 6455 section 5.5.1).
func closed(payload []byte) error {
	if len(payload) == 0 {
		return &CloseError{Code: codeNoStatus, Peer: true}
	}
	if len(payload) == 1 {
		return fail(codeProtocol, "close code is cut")
	}
	code, reason := ws.ParseCloseFrameData(payload)
	if !utf8.ValidString(reason) {
		return fail(codeInvalid, "close reason is not UTF-8")
	}
	if !sendable(uint16(code)) {
		return fail(codeProtocol, "invalid close code")
	}
	return &CloseError{Code: uint16(code), Reason: reason, Peer: true}
}

// textCheck checks UTF-8 that comes in pieces, as soon as it can be told.
type textCheck struct {
	cut  [utf8.UTFMax]byte // a character of which the end is missing
	have int
}

func (t *textCheck) write(p []byte) bool {
	for t.have > 0 && len(p) > 0 {
		t.cut[t.have] = p[0]
		t.have++
		p = p[1:]
		if r := t.cut[:t.have]; utf8.FullRune(r) {
			if !utf8.Valid(r) {
				return false
			}
			t.have = 0
		}
	}
	whole := len(p)
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if utf8.RuneStart(p[len(p)-i]) {
			if !utf8.FullRune(p[len(p)-i:]) {
				whole -= i
				t.have = copy(t.cut[:], p[whole:])
			}
			break
		}
	}
	return utf8.Valid(p[:whole])
}
