package pipe

import (
	"math/rand/v2"
	"net"
	"time"
)

// brittle is a connection that breaks after a number of bytes in one direction or the
// other, and may be slow until then.
type brittle struct {
	net.Conn
	reads, writes int           // remaining bytes
	single        bool          // reads return one byte at a time
	delay         time.Duration // of each read
}

// Brittle returns a connection that breaks within that many bytes, between frames or
// within one, with a random delay.
func Brittle(nc net.Conn, rng *rand.Rand, reads, writes int) net.Conn {
	b := &brittle{Conn: nc, reads: rng.IntN(reads), writes: rng.IntN(writes)}
	switch rng.IntN(4) {
	case 0:
		b.single = true
	case 1:
		b.delay = time.Duration(rng.IntN(50)) * time.Millisecond
	}
	return b
}

// Read implements [net.Conn].
func (b *brittle) Read(p []byte) (int, error) {
	if b.reads <= 0 {
		_ = b.Close()
		return 0, net.ErrClosed
	}
	time.Sleep(b.delay)
	if b.single {
		p = p[:min(len(p), 1)]
	}
	n, err := b.Conn.Read(p[:min(len(p), b.reads)])
	b.reads -= n
	return n, err
}

// Write implements [net.Conn].
func (b *brittle) Write(p []byte) (int, error) {
	n, err := b.Conn.Write(p[:min(len(p), b.writes)])
	if b.writes -= n; err == nil && n < len(p) {
		_ = b.Close()
		err = net.ErrClosed
	}
	return n, err
}
