//go:build unix

package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// direct is a plain socket, read and written with system calls of our own. The
// reading is under the control of the runtime's poller. The writing is not, since
// it never waits: of the poller it would need only that nobody closes the
// descriptor meanwhile, and to ask for that takes 6% of a delivery's time in rooms
// of 4.
type direct struct {
	raw   syscall.RawConn // nil: there is no direct path
	fd    int32
	users atomic.Int32 // writers that use fd, times 2, and closing
}

const closing = 1

// open takes a plain TCP or Unix socket, and nothing else.
func (d *direct) open(nc net.Conn) {
	var conn syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		conn = nc
	case *net.UnixConn:
		conn = nc
	default:
		return
	}
	raw, err := conn.SyscallConn()
	if err == nil && raw.Control(func(fd uintptr) { d.fd = int32(fd) }) == nil { //nolint:gosec // a descriptor is an int of C
		d.raw = raw
	}
}

func (d *direct) isOpen() bool { return d.raw != nil }

// hold keeps fd open until release, unless it is about to be closed.
func (d *direct) hold(nc net.Conn) bool {
	if d.users.Add(2)&closing != 0 {
		d.release(nc)
		return false
	}
	return true
}

// release closes what was to be closed while fd was held. The net.Conn's Close
// waits for the caller inside the RawConn's callback, and that may be the
// caller. To close twice has no effect.
func (d *direct) release(nc net.Conn) {
	if d.users.Add(-2) == closing {
		go nc.Close()
	}
}

func (d *direct) close(nc net.Conn) {
	d.users.Add(2)
	d.users.Or(closing)
	d.release(nc)
}

// read has the poller call back whenever there is data. The callback reads to
// the end each time, since data and the end of the stream may come as one event
// of the edge-triggered poller. Entering again forgets an event that came
// meanwhile, but finds what it told of: the callback is called before the waiting.
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
		n, err := receive(fd, buf[:])
		switch {
		case c.expired():
			return os.ErrDeadlineExceeded
		case err == nil && n > 0:
			if err := c.feed(buf[:n], h); err != nil {
				return err
			}
		case err == nil:
			return io.EOF
		case errors.Is(err, syscall.EAGAIN):
			return c.resting()
		case !errors.Is(err, syscall.EINTR):
			return os.NewSyscallError("read", err)
		}
	}
}

// TryWrite writes as much of p as the socket takes at once and returns how much
// that is. It is for connections that are Direct.
func (c *Conn) TryWrite(p []byte) (n int, err error) {
	if !c.direct.hold(c.nc) {
		return 0, net.ErrClosed
	}
	defer c.direct.release(c.nc)
	for n < len(p) {
		m, err := send(int(c.direct.fd), p[n:])
		switch {
		case err == nil:
			n += m
		case errors.Is(err, syscall.EAGAIN):
			return n, nil
		case !errors.Is(err, syscall.EINTR):
			return n, os.NewSyscallError("write", err)
		}
	}
	return n, nil
}
