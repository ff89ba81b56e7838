package pipe

import "net"

// Brittle is a connection that breaks after so many bytes in the one direction or
// the other, between frames or within one.
type Brittle struct {
	net.Conn
	Reads, Writes int // bytes that are left
}

// Read implements [net.Conn].
func (b *Brittle) Read(p []byte) (int, error) {
	if b.Reads <= 0 {
		_ = b.Close()
		return 0, net.ErrClosed
	}
	n, err := b.Conn.Read(p[:min(len(p), b.Reads)])
	b.Reads -= n
	return n, err
}

// Write implements [net.Conn].
func (b *Brittle) Write(p []byte) (int, error) {
	n, err := b.Conn.Write(p[:min(len(p), b.Writes)])
	if b.Writes -= n; err == nil && n < len(p) {
		_ = b.Close()
		err = net.ErrClosed
	}
	return n, err
}
