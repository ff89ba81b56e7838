package socket

import (
	"errors"

	"github.com/gobwas/ws"
)

// The close codes that this package decides about (RFC 6455 section 7.4.1).
const (
	codeProtocol    = uint16(ws.StatusProtocolError)
	codeUnsupported = uint16(ws.StatusUnsupportedData)
	codeNoStatus    = uint16(ws.StatusNoStatusRcvd)
	codeInvalid     = uint16(ws.StatusInvalidFramePayloadData)
	codeTooLarge    = uint16(ws.StatusMessageTooBig)
)

func fail(code uint16, reason string) error { return &CloseError{Code: code, Reason: reason} }

// frames cuts the stream into frames. A frame may come in pieces, and none of
// it is kept next to the header.
type frames struct {
	state   ws.State
	head    [ws.MaxHeaderSize]byte
	scratch [ws.MaxHeaderSize - 2]byte // what ws.ReadHeaderBuffer asks for
	source  headerSource
	have    int  // bytes of head
	inside  bool // the header is complete
	header  ws.Header
	at      int // position in the payload, as the mask needs it
	rest    int64
}

// headerSource reads from the bytes of a header.
type headerSource []byte

func (s *headerSource) Read(p []byte) (int, error) {
	n := copy(p, *s)
	*s = (*s)[n:]
	return n, nil
}

// feed takes data through frames and messages to h. It unmasks in place.
func (c *Conn) feed(data []byte, h Handler) error {
	if c.tooLate(len(data)) {
		c.failed = true
		return errLate
	}
	c.active.Store(true)
	f := &c.frames
	for {
		if !f.inside {
			var err error
			if data, err = f.readHeader(data); err == nil && f.inside {
				err = c.beginFrame()
			}
			if err != nil {
				c.failed = true
				return err
			}
			if !f.inside {
				break
			}
		}
		n := int(min(int64(len(data)), f.rest))
		chunk := data[:n]
		data = data[n:]
		if f.header.Masked {
			ws.Cipher(chunk, f.header.Mask, f.at)
		}
		f.at += n
		f.rest -= int64(n)
		f.inside = f.rest > 0
		if err := c.take(chunk, h); err != nil {
			c.failed = true
			return err
		}
		if len(data) == 0 {
			break
		}
	}
	c.note()
	return nil
}

// note publishes how far the reading has come.
func (c *Conn) note() {
	p := c.count << 1
	if c.frames.have > 0 || c.frames.inside || c.open {
		p |= 1
	}
	if p != c.progress.Load() {
		c.progress.Store(p)
	}
}

// readHeader gathers a header and returns the data behind it.
func (f *frames) readHeader(data []byte) ([]byte, error) {
	for {
		need := f.headerSize()
		n := copy(f.head[f.have:need], data)
		f.have += n
		data = data[n:]
		if f.have < need {
			return nil, nil
		}
		if need == f.headerSize() {
			break
		}
	}
	f.source = f.head[:f.have]
	header, err := ws.ReadHeaderBuffer(&f.source, f.scratch[:])
	if err != nil {
		return nil, fail(codeProtocol, "invalid frame length")
	}
	if header.Length < minLength(f.head[1]) {
		return nil, fail(codeProtocol, "frame length is not in its shortest form")
	}
	f.header, f.rest, f.at = header, header.Length, 0
	f.have, f.inside = 0, true
	return data, nil
}

// headerSize is the size of the header as far as it is known (RFC 6455 section
// 5.2).
func (f *frames) headerSize() int {
	if f.have < ws.MinHeaderSize {
		return ws.MinHeaderSize
	}
	size := ws.MinHeaderSize
	switch f.head[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.head[1]&0x80 != 0 {
		size += 4
	}
	return size
}

// minLength is the smallest payload length that the form of the length may tell.
func minLength(second byte) int64 {
	switch second & 0x7f {
	case 126:
		return 126
	case 127:
		return 1 << 16
	default:
		return 0
	}
}

// check refuses what RFC 6455 section 5 and RFC 7692 section 6 do not allow in
// a frame.
func (f *frames) check(deflate bool) error {
	err := ws.CheckHeader(f.header, f.state)
	switch {
	case err == nil:
	case errors.Is(err, ws.ErrProtocolMaskRequired) && f.header.OpCode == ws.OpClose:
		// Caddy 2.6.2 does not mask the close frame with which it ends a connection.
		// It says why, and the connection closes as section 5.1 demands.
	case errors.Is(err, ws.ErrProtocolMaskRequired):
		return fail(codeProtocol, "frame is not masked")
	default:
		return fail(codeProtocol, err.Error())
	}
	first := f.header.OpCode == ws.OpText || f.header.OpCode == ws.OpBinary
	if f.header.Rsv2() || f.header.Rsv3() || f.header.Rsv1() && !(deflate && first) {
		return fail(codeProtocol, "reserved bits are set")
	}
	return nil
}
