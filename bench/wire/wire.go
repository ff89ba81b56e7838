// Package wire is what all processes of the benchmark know of its messages.
package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Actions of the messages.
const (
	Say    = "say"         // goes to all members of the room
	Input  = "input"       // counted, but not answered
	Joined = "joined-room" // tells a client that it is in its room
)

// Line is the body of a message. Its number counts within the room, and is found without
// parsing.
type Line struct {
	N   string `json:"n"`
	Pad string `json:"pad"`
}

// Digits is the length of a number.
const Digits = 8

// Marker is the text before the number of a message, in any envelope.
const Marker = `"n":"`

// RoomName has the same length for every number.
func RoomName(n int) string { return fmt.Sprintf("room-%04d", n) }

// Body is a message's body of that size.
func Body(size int) []byte {
	return []byte(`{` + Marker + strings.Repeat("0", Digits) + `","pad":"` + Pad(size) + `"}`)
}

// Pad fills a [Line] up to that size with words, always the same, which compress like
// text.
func Pad(size int) string {
	size -= len(`{`+Marker+`","pad":""}`) + Digits
	random := rand.New(rand.NewPCG(0, 0))
	var pad strings.Builder
	for pad.Len() < size {
		for range 2 + random.IntN(8) {
			pad.WriteByte("etaoinshrdlu"[random.IntN(12)])
		}
		pad.WriteByte(' ')
	}
	return pad.String()[:max(size, 0)]
}

// PutNumber writes a number to the first Digits bytes of dst.
func PutNumber(dst []byte, n int) {
	for i := Digits - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// Number reads the number at the beginning of src; -1 if there is none.
func Number(src []byte) (n int) {
	if len(src) < Digits {
		return -1
	}
	for _, c := range src[:Digits] {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Frames is a run of frames that differ only in their numbers.
type Frames struct {
	Bytes  []byte
	places []int // of the numbers
}

// Repeat returns count frames with that payload.
func Repeat(frame []byte, count int) *Frames {
	f := &Frames{Bytes: bytes.Repeat(frame, count)}
	at := bytes.Index(frame, []byte(Marker)) + len(Marker)
	for i := range count {
		f.places = append(f.places, i*len(frame)+at)
	}
	return f
}

// Len is the number of frames.
func (f *Frames) Len() int { return len(f.places) }

// Number gives the frames their numbers.
func (f *Frames) Number(first int) {
	for i, place := range f.places {
		PutNumber(f.Bytes[place:], first+i)
	}
}

// Request is the text with which a client sends a body to a room.
func Request(room, action string, body []byte) []byte {
	return fmt.Appendf(nil, `{"action":"%s","message_body":%s,"target":"%s"}`, action, body, room)
}

// AppendText appends a final text frame of less than 64 KiB, as a server sends it (RFC
// 6455 section 5.2).
func AppendText(dst, payload []byte) []byte { return appendFrame(dst, 0, payload) }

// AppendMasked appends one as a client sends it, with a mask of zero, which leaves the
// payload unchanged.
func AppendMasked(dst, payload []byte) []byte { return appendFrame(dst, 0x80, payload) }

func appendFrame(dst []byte, mask byte, payload []byte) []byte {
	if len(payload) < 126 {
		dst = append(dst, 0x81, mask|byte(len(payload)))
	} else {
		dst = append(dst, 0x81, mask|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(payload)))
	}
	if mask != 0 {
		dst = append(dst, 0, 0, 0, 0)
	}
	return append(dst, payload...)
}

// Header is the beginning of a frame.
type Header struct {
	First byte // FIN, the reserved bits and the opcode
	Size  int  // of the header
	Body  int  // bytes of the payload
	Mask  [4]byte
}

// ReadHeader reads a frame's header; false if more bytes are needed.
func ReadHeader(data []byte) (h Header, ok bool) {
	if len(data) < 2 {
		return h, false
	}
	h = Header{First: data[0], Size: 2, Body: int(data[1] & 0x7f)}
	masked := data[1]&0x80 != 0
	switch h.Body {
	case 126:
		h.Size = 4
	case 127:
		h.Size = 10
	}
	at := h.Size
	if masked {
		h.Size += 4
	}
	if len(data) < h.Size {
		return h, false
	}
	switch h.Body {
	case 126:
		h.Body = int(binary.BigEndian.Uint16(data[2:]))
	case 127:
		h.Body = int(binary.BigEndian.Uint64(data[2:]))
	}
	if masked {
		copy(h.Mask[:], data[at:])
	}
	return h, true
}
