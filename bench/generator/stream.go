//go:build linux

package generator

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// stream is the bytes of a connection.
type stream interface {
	send(p []byte) error
	// receive does not wait: its error is [kernel.ErrNothing] if nothing is available.
	receive(p []byte) (int, error)
	// drained reports whether nothing is left after a receive of n bytes into a buffer of
	// size bytes, so that epoll reports what follows.
	drained(n, size int) bool
}

// plainStream is a socket.
type plainStream int

func (s plainStream) send(p []byte) error           { return kernel.Send(int(s), p) }
func (s plainStream) receive(p []byte) (int, error) { return kernel.Receive(int(s), p) }
func (s plainStream) drained(n, size int) bool      { return n < size }

// tlsStream is TLS over a socket. It does not check certificates: nobody else is there.
type tlsStream struct{ conn *tls.Conn }

func newTLSStream(fd int) *tlsStream {
	return &tlsStream{tls.Client(&socketConn{fd: fd}, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})}
}

func (s *tlsStream) handshake() error {
	under := s.conn.NetConn().(*socketConn)
	under.waits = true
	defer func() { under.waits = false }()
	return s.conn.Handshake()
}

func (s *tlsStream) send(p []byte) error {
	_, err := s.conn.Write(p)
	return err
}

func (s *tlsStream) receive(p []byte) (int, error) {
	n, err := s.conn.Read(p)
	if errors.Is(err, errNothing) {
		err = kernel.ErrNothing
	}
	return n, err
}

// drained is for the next receive to find out: TLS holds back part of a record it has
// read.
func (s *tlsStream) drained(int, int) bool { return false }

// socketConn is a socket as a net.Conn, which waits only during the handshake.
type socketConn struct {
	fd    int
	waits bool
}

// errNothing is an error after which TLS continues.
var errNothing error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "no data available" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

// Read implements net.Conn.
func (c *socketConn) Read(p []byte) (int, error) {
	for {
		n, err := kernel.Receive(c.fd, p)
		if !errors.Is(err, kernel.ErrNothing) {
			return n, err
		}
		if !c.waits {
			return 0, errNothing
		}
		if err := kernel.AwaitInput(c.fd, patience); err != nil {
			return 0, err
		}
	}
}

// Write implements net.Conn.
func (c *socketConn) Write(p []byte) (int, error) {
	if err := kernel.Send(c.fd, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// The rest of net.Conn, which TLS does not use in a way that matters here.

func (c *socketConn) Close() error                     { return os.ErrInvalid }
func (c *socketConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *socketConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *socketConn) SetDeadline(time.Time) error      { return nil }
func (c *socketConn) SetReadDeadline(time.Time) error  { return nil }
func (c *socketConn) SetWriteDeadline(time.Time) error { return nil }
