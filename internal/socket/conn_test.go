package socket_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

func TestCloseNowEndsReadAndWrite(t *testing.T) {
	for name, pair := range transports {
		near, far := pair(t)
		c := socket.NewServerConn(near, limit, false, false)
		read, written := make(chan error), make(chan error)
		go func() { read <- c.Read(&recorder{}) }()
		go func() { written <- c.Write(make([]byte, 64<<20)) }() // more than any socket accepts
		_ = c.CloseNow()
		_ = c.CloseNow()
		if err := <-read; err == nil {
			t.Errorf("%s: Read returned nil", name)
		}
		if err := <-written; err == nil {
			t.Errorf("%s: Write returned nil", name)
		}
		_ = far.Close()
	}
}

// closer closes the connection while it is being read.
type closer struct {
	recorder
	conn *socket.Conn
}

func (c *closer) Message([]byte) { _ = c.conn.CloseNow() }

func TestCloseNowInHandler(t *testing.T) {
	for name, pair := range transports {
		near, far := pair(t)
		c := socket.NewServerConn(near, limit, false, false)
		go func() { _, _ = io.WriteString(far, frame(fin|text, "x")) }()
		if err := c.Read(&closer{conn: c}); err == nil {
			t.Errorf("%s: Read returned nil", name)
		}
		_ = far.Close()
	}
}

func TestDrain(t *testing.T) {
	for _, pair := range transports {
		near, far := pair(t)
		c := socket.NewServerConn(near, limit, false, false)
		go func() {
			_, _ = io.WriteString(far, frame(fin|text, "late")+closing(1000, ""))
		}()
		c.Drain(time.Minute) // ends with the close
		near, stuck := pair(t)
		c = socket.NewServerConn(near, limit, false, false)
		c.Drain(time.Millisecond) // ends with the timeout
		_, _ = far.Close(), stuck.Close()
		_ = near.Close()
	}
}

// TestDrainOfEndlessPeer: a peer never stops writing. The reader never has to wait, and
// must still notice the end.
func TestDrainOfEndlessPeer(t *testing.T) {
	for _, pair := range transports {
		near, far := pair(t)
		c := socket.NewServerConn(near, limit, false, false)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			endless := []byte(strings.Repeat(frame(fin|text, "late"), 1000))
			for {
				if _, err := far.Write(endless); err != nil {
					return
				}
			}
		}()
		c.Drain(50 * time.Millisecond)
		_, _ = c.CloseNow(), far.Close()
		<-stopped
	}
}

// TestDrainOfTooMuch: little data is in flight when the end is set. A peer that sends
// more is cut before its time is over, even if its frames are invalid.
func TestDrainOfTooMuch(t *testing.T) {
	for name, pair := range transports {
		for _, failed := range []bool{false, true} {
			near, far := pair(t)
			c := socket.NewServerConn(near, limit, false, false)
			const most = 64 << 20
			written := make(chan int)
			go func() {
				chunk, n := []byte(strings.Repeat(frame(fin|text, "late"), 10_000)), 0
				if failed {
					_, _ = io.WriteString(far, frame(fin|0x70|text, "x"))
				}
				for n < most {
					m, err := far.Write(chunk)
					if n += m; err != nil {
						break
					}
				}
				_ = far.Close()
				written <- n
			}()
			if failed {
				_ = c.Read(&recorder{})
			}
			c.Drain(time.Minute)
			_ = c.CloseNow()
			if n := <-written; n >= most/2 {
				t.Errorf("%s, failed %v: %d MiB were read", name, failed, n>>20)
			}
		}
	}
}

func TestProgressAndActive(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := socket.NewServerConn(near, limit, false, false)
	defer c.CloseNow()
	if c.TakeActive() {
		t.Error("active before anything was read")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Read(&recorder{})
	}()
	step := func(data string, messages uint32, partial bool) {
		t.Helper()
		_, _ = io.WriteString(far, data)
		_, _ = io.WriteString(far, "") // the reader has come back for more
		if m, p := c.Progress(); m != messages || p != partial {
			t.Errorf("after %q: %d messages, partial %v; want %d, %v", data, m, p, messages, partial)
		}
	}
	step(frame(fin|text, "a"), 1, false)
	step(frame(fin|text, "b")[:1], 1, true)
	step(frame(fin|text, "b")[1:], 2, false)
	step(frame(text, "c"), 2, true)
	step(frame(fin|ping, ""), 2, true)
	step(frame(fin|cont, "d"), 3, false)
	if !c.TakeActive() || c.TakeActive() {
		t.Error("want active exactly once")
	}
	_ = far.Close()
	<-done
}

func TestTryWrite(t *testing.T) {
	near, far := tcpPair(t)
	defer far.Close()
	c := socket.NewServerConn(near, limit, false, false)
	defer c.CloseNow()
	if !c.Direct() {
		t.Skip("this system has no direct path")
	}
	block := []byte(strings.Repeat("x", 1<<20))
	total := 0
	for {
		n, err := c.TryWrite(block)
		if err != nil {
			t.Fatal(err)
		}
		total += n
		if n < len(block) {
			break // the socket is full, and nothing has blocked
		}
	}
	got := make(chan int64)
	go func() {
		n, _ := io.CopyN(io.Discard, far, int64(total))
		got <- n
	}()
	if n := <-got; n != int64(total) {
		t.Errorf("%d of %d bytes arrived", n, total)
	}
	small := []byte("0123456789")
	if n := testing.AllocsPerRun(100, func() { _, _ = c.TryWrite(small) }); n != 0 {
		t.Errorf("TryWrite allocates %v times", n)
	}
	_ = c.CloseNow()
	for range 1000 { // CloseNow does not take effect at once
		if _, err := c.TryWrite(small); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("a closed connection accepts data")
}

// A writer gets an error when the connection closes, and never another connection's
// socket; the last writer closes it.
func TestCloseNowDuringTryWrite(t *testing.T) {
	for range 50 {
		near, far := tcpPair(t)
		c := socket.NewServerConn(near, limit, false, false)
		if !c.Direct() {
			t.Skip("this system has no direct path")
		}
		began, ended := make(chan struct{}), make(chan error)
		go func() {
			_, err := c.TryWrite([]byte("x"))
			close(began)
			for err == nil {
				_, err = c.TryWrite([]byte("x"))
			}
			ended <- err
		}()
		<-began
		_ = c.CloseNow()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a write to a closed connection: %v", err)
		}
		if _, err := io.Copy(io.Discard, far); err != nil {
			t.Errorf("the peer reads the end: %v", err)
		}
		_ = far.Close()
	}
}

func TestControlFrames(t *testing.T) {
	tests := []struct{ got, want string }{
		{string(socket.AppendPing(nil, []byte("x"))), "\x89\x01x"},
		{string(socket.AppendPong([]byte("."), nil)), ".\x8a\x00"},
		{string(socket.AppendClose(nil, 1005, "x")), "\x88\x00"},
		{string(socket.AppendClose(nil, 1006, "")), "\x88\x00"},
		{string(socket.AppendClose(nil, 1000, "x")), "\x88\x03\x03\xe8x"},
		{string(socket.AppendClose(nil, 4008, strings.Repeat("x", 200))), "\x88\x7d\x0f\xa8" + strings.Repeat("x", 123)},
		{string(socket.AppendClose(nil, 4008, strings.Repeat("x", 122)+"é")), "\x88\x7c\x0f\xa8" + strings.Repeat("x", 122)},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

// counter counts messages.
type counter struct{ messages int }

func (c *counter) Message([]byte) { c.messages++ }
func (c *counter) Ping([]byte)    {}
func (c *counter) Pong()          {}

// rester rests at each pong.
type rester struct {
	counter
	conn *socket.Conn
}

func (r *rester) Pong() { r.conn.Rest() }

// A Read that rests has consumed all data, and the next one continues after it.
func TestRest(t *testing.T) {
	message, probe := frame(fin|text, "x"), frame(fin|pong, "")
	tests := map[string]func(testing.TB) (near, far net.Conn){
		"socket": tcpPair,
		"plain":  func(testing.TB) (near, far net.Conn) { return net.Pipe() },
	}
	for name, pair := range tests {
		t.Run(name, func(t *testing.T) {
			near, far := pair(t)
			c := socket.NewServerConn(near, limit, false, false)
			defer c.CloseNow()
			h := &rester{conn: c}
			ended := make(chan error)
			go func() { ended <- c.Read(h) }()
			for i := range 100 {
				_, _ = io.WriteString(far, message+probe+message[:i%3])
				if err := <-ended; !errors.Is(err, socket.ErrRested) {
					t.Fatalf("after %d messages: %v", h.messages, err)
				}
				go func() { ended <- c.Read(h) }()
				_, _ = io.WriteString(far, message[i%3:])
			}
			_ = far.Close()
			if err := <-ended; !errors.Is(err, io.EOF) || h.messages != 200 {
				t.Errorf("%d messages, then %v", h.messages, err)
			}
		})
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	near, far := tcpPair(t)
	c := socket.NewServerConn(near, limit, false, false)
	var got counter
	done := make(chan error)
	go func() { done <- c.Read(&got) }()
	one := []byte(frame(fin|text, strings.Repeat("x", 200)))
	const messages = 1000
	if n := testing.AllocsPerRun(messages, func() { _, _ = far.Write(one) }); n > 0.1 {
		t.Errorf("reading a message allocates %v times", n)
	}
	_ = far.Close()
	if err := <-done; !errors.Is(err, io.EOF) || got.messages != messages+1 {
		t.Errorf("%d messages, then %v", got.messages, err)
	}
	_ = near.Close()
}

func BenchmarkRead(b *testing.B) {
	near, far := tcpPair(b)
	defer near.Close()
	c := socket.NewServerConn(near, limit, false, false)
	done := make(chan error)
	go func() { done <- c.Read(&counter{}) }()
	batch := []byte(strings.Repeat(frame(fin|text, strings.Repeat("x", 200)), 16))
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := far.Write(batch); err != nil {
			b.Fatal(err)
		}
	}
	_ = far.Close()
	if err := <-done; !errors.Is(err, io.EOF) {
		b.Error(err)
	}
}

func BenchmarkDeflate(b *testing.B) {
	payload := []byte(strings.Repeat(`{"action":"send-message","message_body":{"x":17},"target":"chat"}`, 16))
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		_ = socket.Deflate(payload)
	}
}
