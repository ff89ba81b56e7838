package socket

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Text makes a text frame of a payload.
func Text(payload []byte) []byte { return text(payload, 0) }

func text(payload []byte, rsv byte) []byte {
	header := ws.Header{Fin: true, Rsv: rsv, OpCode: ws.OpText, Length: int64(len(payload))}
	frame := make([]byte, 0, ws.HeaderSize(header)+len(payload))
	return append(appendHeader(frame, header), payload...)
}

// headerBuffer lets a header be written without an allocation.
type headerBuffer struct {
	scratch [ws.MaxHeaderSize]byte
	n       int
}

var headerBuffers = sync.Pool{New: func() any { return new(headerBuffer) }}

// Write takes what is a part of scratch already.
func (b *headerBuffer) Write(p []byte) (int, error) {
	b.n = len(p)
	return b.n, nil
}

func appendHeader(dst []byte, header ws.Header) []byte {
	b := headerBuffers.Get().(*headerBuffer)
	defer headerBuffers.Put(b)
	_ = ws.WriteHeaderBuffer(b, header, b.scratch[:]) // fails for negative lengths only
	return append(dst, b.scratch[:b.n]...)
}

type deflater struct {
	writer *flate.Writer
	out    bytes.Buffer
}

// deflateLevel: on JSON of 1 KiB, level 2 and more take twice the time for 3%
// less.
const deflateLevel = flate.BestSpeed

var deflaters = sync.Pool{New: func() any {
	d := new(deflater)
	d.writer, _ = flate.NewWriter(&d.out, deflateLevel) // fails for unknown levels only
	return d
}}

// Deflate makes a compressed text frame of a payload. Its window is empty, so
// the frame is valid on every connection with permessage-deflate, with and
// without context takeover (RFC 7692 section 7.2.1).
func Deflate(payload []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	d.out.Reset()
	d.writer.Reset(&d.out)
	_, _ = d.writer.Write(payload) // to a buffer
	_ = d.writer.Flush()
	return text(d.out.Bytes()[:d.out.Len()-len(flushEnd)], ws.Rsv(true, false, false))
}

// flushEnd is the empty block at the end of every flush, which is not sent.
const flushEnd = "\x00\x00\xff\xff"

// AppendPing appends a ping of at most 125 bytes of payload.
func AppendPing(dst, payload []byte) []byte { return appendControl(dst, ws.OpPing, payload) }

// AppendPong appends a pong with the payload of the ping that it answers.
func AppendPong(dst, payload []byte) []byte { return appendControl(dst, ws.OpPong, payload) }

// AppendClose appends a close frame. The codes 1005 and 1006 mean that there
// is no code; they are not sent (RFC 6455 section 7.4.1). What is not UTF-8 in the
// reason is replaced, and what is too long for a control frame is cut.
func AppendClose(dst []byte, code uint16, reason string) []byte {
	if code == codeNoStatus || code == uint16(ws.StatusAbnormalClosure) {
		return appendControl(dst, ws.OpClose, nil)
	}
	const room = ws.MaxControlFramePayloadSize - 2
	reason = strings.ToValidUTF8(reason, "\ufffd")
	if len(reason) > room {
		cut := room
		for !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	return appendControl(dst, ws.OpClose, append(binary.BigEndian.AppendUint16(nil, code), reason...))
}

func appendControl(dst []byte, op ws.OpCode, payload []byte) []byte {
	payload = payload[:min(len(payload), ws.MaxControlFramePayloadSize)]
	dst = appendHeader(dst, ws.Header{Fin: true, OpCode: op, Length: int64(len(payload))})
	return append(dst, payload...)
}
