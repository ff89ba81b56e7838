//go:build !unix

package socket

import (
	"errors"
	"net"
)

// direct does not exist where sockets can not be read and written by callback:
// every connection works the plain way.
type direct struct{}

func newDirect(net.Conn) *direct { return nil }

func (*direct) read(*Conn, Handler) error { return errors.ErrUnsupported }

// Writer writes to connections without blocking, where that is supported.
type Writer struct{}

// TryWrite is for connections that are Direct, of which there are none here.
func (*Writer) TryWrite(*Conn, []byte) (int, error) { return 0, errors.ErrUnsupported }
