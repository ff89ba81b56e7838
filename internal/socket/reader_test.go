package socket_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

func TestMain(m *testing.M) { leak.Main(m) }

// frame encodes a client's frame as shown in RFC 6455 section 5.2.
func frame(first byte, payload string) string { return frameMask(first, payload, 0x37fa213d) }

func frameMask(first byte, payload string, mask uint32) string {
	return frameLength(first, uint64(len(payload)), mask) + masked(payload, mask)
}

func frameLength(first byte, length uint64, mask uint32) string {
	b := []byte{first}
	switch {
	case length < 126:
		b = append(b, 0x80|byte(length))
	case length <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(length))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), length)
	}
	return string(binary.BigEndian.AppendUint32(b, mask))
}

func masked(payload string, mask uint32) string {
	key := binary.BigEndian.AppendUint32(nil, mask)
	b := []byte(payload)
	for i := range b {
		b[i] ^= key[i%4]
	}
	return string(b)
}

// The first bytes of frames.
const (
	fin   = 0x80
	rsv1  = 0x40
	rsv2  = 0x20
	rsv3  = 0x10
	cont  = 0
	text  = 1
	bin   = 2
	clos  = 8
	ping  = 9
	pong  = 10
	limit = 1000
)

func closing(code uint16, reason string) string {
	return frame(fin|clos, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// recorder records what is read.
type recorder struct{ events []string }

func (r *recorder) Message(p []byte) { r.events = append(r.events, "message "+string(p)) }
func (r *recorder) Ping(p []byte)    { r.events = append(r.events, "ping "+string(p)) }
func (r *recorder) Pong()            { r.events = append(r.events, "pong") }

// outcome says how reading ended.
func outcome(err error) string {
	var closed *socket.CloseError
	switch {
	case errors.As(err, &closed) && closed.Peer:
		return fmt.Sprintf("peer closed %d %s", closed.Code, closed.Reason)
	case errors.As(err, &closed):
		return fmt.Sprintf("broken %d", closed.Code)
	case errors.Is(err, io.EOF):
		return "end"
	default:
		return err.Error()
	}
}

// transports are the ways in which bytes reach a connection.
var transports = map[string]func(testing.TB) (near, far net.Conn){
	"pipe": func(testing.TB) (net.Conn, net.Conn) { return net.Pipe() },
	"tcp":  tcpPair,
}

func tcpPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// readAll feeds data to a server's connection in pieces of that size and returns
// what it read.
func readAll(near, far net.Conn, data string, piece int, deflate, takeover bool) (events []string, end string) {
	c := socket.NewServerConn(near, limit, deflate, takeover)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for len(data) > 0 {
			n := min(piece, len(data))
			if _, err := far.Write([]byte(data[:n])); err != nil {
				break
			}
			data = data[n:]
		}
		_ = far.Close()
	}()
	var r recorder
	err := c.Read(&r)
	_ = near.Close()
	<-written
	return r.events, outcome(err)
}

func compressed(message string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = io.WriteString(w, message)
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// compressedAfter compresses with the window of an earlier message.
func compressedAfter(earlier, message string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriterDict(&b, flate.BestCompression, []byte(earlier))
	_, _ = io.WriteString(w, message)
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

const (
	off = iota
	on
	takeover
)

var readTests = []struct {
	name    string
	deflate int
	data    string
	events  []string
	end     string
}{
	// Framing.
	{"empty message", off, frame(fin|text, ""), []string{"message "}, "end"},
	{"message", off, frame(fin|text, "hello"), []string{"message hello"}, "end"},
	{"two messages", off, frame(fin|text, "a") + frame(fin|text, "b"), []string{"message a", "message b"}, "end"},
	{"125 bytes", off, frame(fin|text, strings.Repeat("x", 125)), []string{"message " + strings.Repeat("x", 125)}, "end"},
	{"126 bytes", off, frame(fin|text, strings.Repeat("x", 126)), []string{"message " + strings.Repeat("x", 126)}, "end"},
	{"zero mask", off, frameMask(fin|text, "hello", 0), []string{"message hello"}, "end"},
	{"limit", off, frame(fin|text, strings.Repeat("x", limit)), []string{"message " + strings.Repeat("x", limit)}, "end"},
	{"limit and one", off, frame(fin|text, strings.Repeat("x", limit+1)), nil, "broken 1009"},
	{"one tebibyte is declared", off, frameLength(fin|text, 1<<40, 1), nil, "broken 1009"},
	{"length with the top bit", off, "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", nil, "broken 1002"},
	{"largest length", off, "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", nil, "broken 1002"},
	{"16-bit length for 5 bytes", off, "\x81\xfe\x00\x05\x00\x00\x00\x00hello", nil, "broken 1002"},
	{"64-bit length for 5 bytes", off, "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00hello", nil, "broken 1002"},
	{"unmasked", off, "\x81\x05hello", nil, "broken 1002"},
	{"rsv1", off, frame(fin|rsv1|text, "a"), nil, "broken 1002"},
	{"rsv2", on, frame(fin|rsv2|text, "a"), nil, "broken 1002"},
	{"rsv3", on, frame(fin|rsv3|text, "a"), nil, "broken 1002"},
	{"opcode 3", off, frame(fin|3, ""), nil, "broken 1002"},
	{"opcode 7", off, frame(fin|7, "x"), nil, "broken 1002"},
	{"opcode 11", off, frame(fin|11, ""), nil, "broken 1002"},
	{"opcode 15", off, frame(fin|15, ""), nil, "broken 1002"},
	{"binary", off, frame(fin|bin, "x"), nil, "broken 1003"},
	{"binary begun", off, frame(bin, "x"), nil, "broken 1003"},
	{"cut in the header", off, frame(fin|text, "hello")[:3], nil, "end"},
	{"cut in the payload", off, frame(fin|text, "hello")[:8], nil, "end"},

	// Fragments.
	{"fragments", off, frame(text, "a") + frame(cont, "b") + frame(fin|cont, "c"), []string{"message abc"}, "end"},
	{"empty fragments", off, frame(text, "") + strings.Repeat(frame(cont, ""), 50) + frame(fin|cont, ""), []string{"message "}, "end"},
	{"ping between fragments", off, frame(text, "a") + frame(fin|ping, "p") + frame(fin|cont, "b"), []string{"ping p", "message ab"}, "end"},
	{"continuation of nothing", off, frame(fin|cont, "a"), nil, "broken 1002"},
	{"open continuation of nothing", off, frame(cont, "a"), nil, "broken 1002"},
	{"continuation after the end", off, frame(text, "a") + frame(fin|cont, "b") + frame(fin|cont, "c"), []string{"message ab"}, "broken 1002"},
	{"message inside a message", off, frame(text, "a") + frame(fin|text, "b"), nil, "broken 1002"},
	{"limit over fragments", off, frame(text, strings.Repeat("x", 600)) + frame(fin|cont, strings.Repeat("x", 400)), []string{"message " + strings.Repeat("x", 1000)}, "end"},
	{"limit and one over fragments", off, frame(text, strings.Repeat("x", 600)) + frame(fin|cont, strings.Repeat("x", 401)), nil, "broken 1009"},
	{"limit is of each message", off, strings.Repeat(frame(fin|text, strings.Repeat("x", limit)), 2), []string{"message " + strings.Repeat("x", limit), "message " + strings.Repeat("x", limit)}, "end"},

	// Control frames.
	{"ping", off, frame(fin|ping, "x"), []string{"ping x"}, "end"},
	{"empty ping", off, frame(fin|ping, ""), []string{"ping "}, "end"},
	{"ping of 125", off, frame(fin|ping, strings.Repeat("x", 125)), []string{"ping " + strings.Repeat("x", 125)}, "end"},
	{"ping of 126", off, frame(fin|ping, strings.Repeat("x", 126)), nil, "broken 1002"},
	{"ping in fragments", off, frame(ping, "x"), nil, "broken 1002"},
	{"ping with rsv1", on, frame(fin|rsv1|ping, "x"), nil, "broken 1002"},
	{"pong", off, frame(fin|pong, "x"), []string{"pong"}, "end"},
	{"close of 126", off, frame(fin|clos, "\x03\xe8"+strings.Repeat("x", 124)), nil, "broken 1002"},

	// Close.
	{"close", off, closing(1000, "bye"), nil, "peer closed 1000 bye"},
	{"close without a code", off, frame(fin|clos, ""), nil, "peer closed 1005 "},
	{"close that is not masked", off, "\x88\x02\x03\xe9", nil, "peer closed 1001 "},
	{"close that is not masked, within a message", off, frame(text, "a") + "\x88\x00", nil, "peer closed 1005 "},
	{"close that is not masked, with half a code", off, "\x88\x01\x03", nil, "broken 1002"},
	{"close that is not masked, with rsv1", on, "\xc8\x00", nil, "broken 1002"},
	{"close that is not masked, in fragments", off, "\x08\x00", nil, "broken 1002"},
	{"ping that is not masked", off, "\x89\x00", nil, "broken 1002"},
	{"close with half a code", off, frame(fin|clos, "\x03"), nil, "broken 1002"},
	{"data after close", off, closing(1000, "") + frame(fin|text, "late"), nil, "peer closed 1000 "},
	{"close 999", off, closing(999, ""), nil, "broken 1002"},
	{"close 1004", off, closing(1004, ""), nil, "broken 1002"},
	{"close 1005", off, closing(1005, ""), nil, "broken 1002"},
	{"close 1006", off, closing(1006, ""), nil, "broken 1002"},
	{"close 1012", off, closing(1012, ""), nil, "peer closed 1012 "},
	{"close 1014", off, closing(1014, ""), nil, "peer closed 1014 "},
	{"close 1015", off, closing(1015, ""), nil, "broken 1002"},
	{"close 1016", off, closing(1016, ""), nil, "broken 1002"},
	{"close 2999", off, closing(2999, ""), nil, "broken 1002"},
	{"close 3000", off, closing(3000, ""), nil, "peer closed 3000 "},
	{"close 4999", off, closing(4999, "x"), nil, "peer closed 4999 x"},
	{"close 5000", off, closing(5000, ""), nil, "broken 1002"},
	{"close 65535", off, closing(65535, ""), nil, "broken 1002"},
	{"close reason is not UTF-8", off, closing(1000, "\xff"), nil, "broken 1007"},

	// UTF-8.
	{"UTF-8", off, frame(fin|text, "κόσμε\U0001f600"), []string{"message κόσμε\U0001f600"}, "end"},
	{"character over fragments", off, frame(text, "\xf0\x9f") + frame(fin|cont, "\x98\x80"), []string{"message \U0001f600"}, "end"},
	{"character over four fragments", off, frame(text, "\xf0") + frame(cont, "\x9f") + frame(cont, "\x98") + frame(fin|cont, "\x80"), []string{"message \U0001f600"}, "end"},
	{"invalid", off, frame(fin|text, "a\xffb"), nil, "broken 1007"},
	{"surrogate", off, frame(fin|text, "\xed\xa0\x80"), nil, "broken 1007"},
	{"overlong", off, frame(fin|text, "\xc0\xaf"), nil, "broken 1007"},
	{"beyond Unicode", off, frame(fin|text, "\xf4\x90\x80\x80"), nil, "broken 1007"},
	{"character is cut", off, frame(fin|text, "a\xc3"), nil, "broken 1007"},
	{"character is cut over fragments", off, frame(text, "a\xf0\x9f") + frame(fin|cont, "x"), nil, "broken 1007"},
	{"invalid is found before the end", off, frame(text, "a\xff"), nil, "broken 1007"},
	{"invalid is found inside a frame", off, frame(fin|text, "a\xff"+strings.Repeat("x", 50))[:20], nil, "broken 1007"},
	{"surrogate over fragments", off, frame(text, "\xed") + frame(cont, "\xa0"), nil, "broken 1007"},

	// permessage-deflate.
	{"deflate off", off, frame(fin|rsv1|text, compressed("hello")), nil, "broken 1002"},
	{"deflate", on, frame(fin|rsv1|text, compressed("hello")), []string{"message hello"}, "end"},
	{"deflate of nothing", on, frame(fin|rsv1|text, compressed("")), []string{"message "}, "end"},
	{"plain beside deflate", on, frame(fin|text, "hello"), []string{"message hello"}, "end"},
	{"deflate in fragments", on, frame(rsv1|text, compressed("hello")[:3]) + frame(fin|cont, compressed("hello")[3:]), []string{"message hello"}, "end"},
	{"rsv1 on a continuation", on, frame(rsv1|text, compressed("hello")[:3]) + frame(fin|rsv1|cont, compressed("hello")[3:]), nil, "broken 1002"},
	{"RFC 7692 7.2.3.1", on, frame(fin|rsv1|text, "\xf2\x48\xcd\xc9\xc9\x07\x00"), []string{"message Hello"}, "end"},
	{"RFC 7692 7.2.3.3, no compression", on, frame(fin|rsv1|text, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), []string{"message Hello"}, "end"},
	{"RFC 7692 7.2.3.4, final block", on, frame(fin|rsv1|text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), []string{"message Hello"}, "end"},
	{"RFC 7692 7.2.3.5, two blocks", on, frame(fin|rsv1|text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), []string{"message Hello"}, "end"},
	{"inflated limit", on, frame(fin|rsv1|text, compressed(strings.Repeat("x", limit))), []string{"message " + strings.Repeat("x", limit)}, "end"},
	{"inflated limit and one", on, frame(fin|rsv1|text, compressed(strings.Repeat("x", limit+1))), nil, "broken 1009"},
	{"bomb", on, frame(fin|rsv1|text, compressed(strings.Repeat("x", 500_000))), nil, "broken 1009"},
	{"corrupt deflate", on, frame(fin|rsv1|text, "\xff\xff\xff"), nil, "broken 1007"},
	{"inflated text is not UTF-8", on, frame(fin|rsv1|text, compressed("a\xff")), nil, "broken 1007"},
	{"RFC 7692 7.2.3.2, with takeover", takeover, frame(fin|rsv1|text, "\xf2\x48\xcd\xc9\xc9\x07\x00") + frame(fin|rsv1|text, "\xf2\x00\x11\x00\x00"), []string{"message Hello", "message Hello"}, "end"},
	{"RFC 7692 7.2.3.2, without takeover", on, frame(fin|rsv1|text, "\xf2\x48\xcd\xc9\xc9\x07\x00") + frame(fin|rsv1|text, "\xf2\x00\x11\x00\x00"), []string{"message Hello"}, "broken 1007"},
	{"takeover", takeover, frame(fin|rsv1|text, compressed("the quick brown fox")) + frame(fin|rsv1|text, compressedAfter("the quick brown fox", "the quick brown dog")), []string{"message the quick brown fox", "message the quick brown dog"}, "end"},
	{"takeover does not see plain messages", takeover, frame(fin|rsv1|text, compressed("abcdef")) + frame(fin|text, "ghijkl") + frame(fin|rsv1|text, compressedAfter("abcdef", "abcdef!")), []string{"message abcdef", "message ghijkl", "message abcdef!"}, "end"},
}

func TestRead(t *testing.T) {
	for name, pair := range transports {
		for _, piece := range []int{1 << 20, 1, 3} {
			for _, tt := range readTests {
				near, far := pair(t)
				events, end := readAll(near, far, tt.data, piece, tt.deflate >= on, tt.deflate >= takeover)
				if fmt.Sprint(events) != fmt.Sprint(tt.events) || end != tt.end {
					t.Errorf("%s over %s by %d: got %q %s, want %q %s", tt.name, name, piece, events, end, tt.events, tt.end)
				}
			}
		}
	}
}

// TestTakeoverWindow goes beyond the largest window.
func TestTakeoverWindow(t *testing.T) {
	var data strings.Builder
	var want []string
	var earlier string
	for i := range 200 {
		message := fmt.Sprintf("message %d %s", i, strings.Repeat(fmt.Sprint(i*7919+1), 500))[:limit/2]
		data.WriteString(frame(fin|rsv1|text, compressedAfter(earlier[max(0, len(earlier)-32<<10):], message)))
		want = append(want, "message "+message)
		earlier += message
	}
	near, far := net.Pipe()
	events, end := readAll(near, far, data.String(), 1000, true, true)
	if end != "end" || len(events) != len(want) {
		t.Fatalf("%d of %d messages, then %s", len(events), len(want), end)
	}
	for i := range want {
		if events[i] != want[i] {
			t.Fatalf("message %d is %q, want %q", i, events[i], want[i])
		}
	}
}

// simpleReader reads a whole stream at once, in the simplest way.
type simpleReader struct {
	data     []byte
	deflate  bool
	takeover bool
	events   []string
	window   []byte
}

func (r *simpleReader) read() (end string) {
	var message []byte
	open, packed := false, false
	for {
		if len(r.data) < 2 {
			return "end"
		}
		first, second := r.data[0], r.data[1]
		head, length := 2, uint64(second&0x7f)
		switch length {
		case 126:
			head = 4
		case 127:
			head = 10
		}
		if second&0x80 != 0 {
			head += 4
		}
		if len(r.data) < head {
			return "end"
		}
		switch length {
		case 126:
			if length = uint64(binary.BigEndian.Uint16(r.data[2:])); length < 126 {
				return "broken 1002"
			}
		case 127:
			if length = binary.BigEndian.Uint64(r.data[2:]); length < 1<<16 || length >= 1<<63 {
				return "broken 1002"
			}
		}
		op := first & 15
		control := op >= 8
		switch {
		case second&0x80 == 0 && op != clos,
			op > 2 && op < 8, op > 10,
			control && (length > 125 || first&fin == 0),
			op == cont && !open,
			(op == text || op == bin) && open,
			first&(rsv2|rsv3) != 0,
			first&rsv1 != 0 && !(r.deflate && (op == text || op == bin)):
			return "broken 1002"
		case op == bin:
			return "broken 1003"
		case !control && length > uint64(limit-len(message)):
			return "broken 1009"
		}
		if op == text {
			open, packed = true, first&rsv1 != 0
		}
		key := make([]byte, 4)
		if second&0x80 != 0 {
			key = r.data[head-4 : head]
		}
		have := min(length, uint64(len(r.data)-head))
		payload := append([]byte(nil), r.data[head:head+int(have)]...)
		for i := range payload {
			payload[i] ^= key[i%4]
		}
		if !control {
			message = append(message, payload...)
			complete := have == length && first&fin != 0
			if !packed && (complete && !utf8.Valid(message) || !validSoFar(message)) {
				return "broken 1007"
			}
		}
		if have < length {
			return "end"
		}
		r.data = r.data[head+int(length):]
		switch {
		case op == ping:
			r.events = append(r.events, "ping "+string(payload))
		case op == pong:
			r.events = append(r.events, "pong")
		case op == clos:
			return r.closed(payload)
		case first&fin != 0:
			if packed {
				var end string
				if message, end = r.inflate(message); end != "" {
					return end
				}
			}
			r.events = append(r.events, "message "+string(message))
			message, open = nil, false
		}
	}
}

// validSoFar reports whether p can be the beginning of UTF-8.
func validSoFar(p []byte) bool {
	for len(p) > 0 && utf8.FullRune(p) {
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 {
			return false
		}
		p = p[size:]
	}
	return true
}

func (r *simpleReader) inflate(p []byte) (text []byte, end string) {
	p = append(p, "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
	text, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(bytes.NewReader(p), r.window), limit+1))
	switch {
	case err != nil:
		return nil, "broken 1007"
	case len(text) > limit:
		return nil, "broken 1009"
	case !utf8.Valid(text):
		return nil, "broken 1007"
	}
	if r.takeover {
		r.window = append(r.window, text...)
		r.window = r.window[max(0, len(r.window)-32<<10):]
	}
	return text, ""
}

func (r *simpleReader) closed(p []byte) string {
	if len(p) == 0 {
		return "peer closed 1005 "
	}
	if len(p) == 1 {
		return "broken 1002"
	}
	code := binary.BigEndian.Uint16(p)
	if !utf8.Valid(p[2:]) {
		return "broken 1007"
	}
	known := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
	if !known {
		return "broken 1002"
	}
	return fmt.Sprintf("peer closed %d %s", code, p[2:])
}

// FuzzRead compares the reader, fed in pieces, with the simple one.
func FuzzRead(f *testing.F) {
	for _, tt := range readTests {
		f.Add([]byte(tt.data), byte(tt.deflate), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, deflate byte, piece uint8) {
		simple := simpleReader{data: data, deflate: deflate%3 >= on, takeover: deflate%3 >= takeover}
		wantEnd := simple.read()
		near, far := net.Pipe()
		events, end := readAll(near, far, string(data), int(piece)+1, simple.deflate, simple.takeover)
		if fmt.Sprint(events) != fmt.Sprint(simple.events) || end != wantEnd {
			t.Errorf("got %q %s, want %q %s", events, end, simple.events, wantEnd)
		}
	})
}
