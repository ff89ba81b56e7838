//go:build !unix

package socket

import (
	"errors"
	"net"
)

// direct does not exist where sockets cannot be read and written by callback:
// every connection works the plain way.
type direct struct{}

func (*direct) open(net.Conn)  {}
func (*direct) isOpen() bool   { return false }
func (*direct) close(net.Conn) {}

func (*direct) read(*Conn, Handler) error { return errors.ErrUnsupported }

// TryWrite is for connections that are Direct; there are none here.
func (*Conn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }
