package speed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// What both processes know of the messages. Each carries its number in the
// conversation of its room in a place that is found without parsing.
const (
	action    = "say"
	digits    = 8
	bodyStart = `{"n":"`
	said      = `{"action":"` + action + `","message_body":` + bodyStart // what the server makes of it begins so
)

// roomName is as long for one number as for the other.
func roomName(prefix string, n int) string {
	if prefix == "" {
		return ""
	}
	return fmt.Sprintf("%s-%04d", prefix, n)
}

// body returns a message body of that size, with room for its number.
func body(size int) []byte {
	b := []byte(bodyStart + strings.Repeat("0", digits) + `","pad":""}`)
	pad := strings.Repeat("x", max(size-len(b), 0))
	return append(b[:len(b)-2], pad+`"}`...)
}

func putNumber(dst []byte, n int) {
	for i := digits - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

func number(src []byte) (n int) {
	for _, c := range src[:digits] {
		n = n*10 + int(c-'0')
	}
	return n
}

// numbered is a run of frames that are alike but for their numbers.
type numbered struct {
	bytes  []byte
	places []int // of the numbers
}

func (f *numbered) set(first int) {
	for i, place := range f.places {
		putNumber(f.bytes[place:], first+i)
	}
}

func repeat(frame []byte, count int) *numbered {
	f := &numbered{bytes: bytes.Repeat(frame, count)}
	at := bytes.Index(frame, []byte(bodyStart)) + len(bodyStart)
	for i := range count {
		f.places = append(f.places, i*len(frame)+at)
	}
	return f
}

// requests are the frames in which a client says count messages at once.
func requests(room string, size, count int) *numbered {
	h := protocol.Header{Action: action, Target: room}
	return repeat(frame(masked, protocol.AppendEnvelope(nil, &h, body(size))), count)
}

// replies are the frames that the server makes of them.
func replies(room string, size, count int) *numbered {
	h := protocol.Header{Action: action, Target: room, Sender: strings.Repeat("s", 26), Seq: 1000} // as long as a slug
	return repeat(frame(plain, protocol.AppendEnvelope(nil, &h, body(size))), count)
}

// Whether a frame's payload is masked: what a client sends is, with a mask of
// zero, which leaves it as it is.
const (
	plain  = 0
	masked = 0x80
)

// frame is a final text frame of less than 64 KiB (RFC 6455 section 5.2).
func frame(mask byte, payload []byte) []byte {
	f := []byte{0x81, mask}
	if len(payload) < 126 {
		f[1] |= byte(len(payload))
	} else {
		f[1] |= 126
		f = binary.BigEndian.AppendUint16(f, uint16(len(payload)))
	}
	if mask != 0 {
		f = append(f, 0, 0, 0, 0)
	}
	return append(f, payload...)
}
