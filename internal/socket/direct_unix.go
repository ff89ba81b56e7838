//go:build unix

package socket

import (
	"io"
	"net"
	"os"
	"syscall"
)

// direct is a plain socket, read and written with system calls of our own under
// the control of the runtime's poller.
type direct struct{ raw syscall.RawConn }

// newDirect returns nil for what is not a plain TCP or Unix socket.
func newDirect(nc net.Conn) *direct {
	var conn syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		conn = nc
	case *net.UnixConn:
		conn = nc
	default:
		return nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil
	}
	return &direct{raw}
}

// read has the poller call back whenever there is data. The callback reads to
// the end each time, since data and the end of the stream may come as one event
// of the edge-triggered poller; and it returns true only for good, since to
// enter anew would forget an event that came meanwhile.
func (d *direct) read(c *Conn, h Handler) error {
	var end error
	err := d.raw.Read(func(fd uintptr) bool {
		end = c.readReady(int(fd), h)
		return end != nil
	})
	if end != nil {
		return end
	}
	return err
}

// readReady reads what there is and returns nil to wait for more.
func (c *Conn) readReady(fd int, h Handler) error {
	buf := readBuffers.Get().(*[readBuffer]byte)
	defer readBuffers.Put(buf)
	for {
		n, err := syscall.Read(fd, buf[:])
		switch {
		case c.expired():
			return os.ErrDeadlineExceeded
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return nil
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return io.EOF
		default:
			if err := c.feed(buf[:n], h); err != nil {
				return err
			}
		}
	}
}

// Writer writes to connections without blocking. It may be used for one after
// the other, by one goroutine at a time. The zero value is ready.
type Writer struct {
	write func(uintptr) bool // w.ready, made once
	p     []byte
	n     int
	err   error
}

// TryWrite writes as much of p as the socket takes at once and returns how much
// that is. It is for connections that are Direct.
func (w *Writer) TryWrite(c *Conn, p []byte) (int, error) {
	if w.write == nil {
		w.write = w.ready
	}
	w.p, w.n, w.err = p, 0, nil
	err := c.direct.raw.Write(w.write)
	if err == nil {
		err = w.err
	}
	w.p, w.err = nil, nil
	return w.n, err
}

func (w *Writer) ready(fd uintptr) bool {
	for w.n < len(w.p) {
		n, err := syscall.Write(int(fd), w.p[w.n:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return true
		case err != nil:
			w.err = os.NewSyscallError("write", err)
			return true
		default:
			w.n += n
		}
	}
	return true
}
