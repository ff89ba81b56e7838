package speed

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// floor is what no server that answers each message with a write to each member
// can go below: one thread that waits for a request, reads it and writes frames
// that were made in advance. It parses nothing, locks nothing and knows nobody.
type floor struct {
	listener *net.TCPListener
	sockets  []int // in the order in which they have come
	size     int   // of each room: its members stand together, the one who speaks first
	said     []int // for each room
	epoll    int
	buf      [64 << 10]byte
}

// newFloor returns the floor of rooms of that size. It ends with the test.
func newFloor(tb testing.TB, size int) *floor {
	tb.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	f := &floor{listener: listener, size: size}
	if f.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = listener.Close()
		for _, fd := range append(f.sockets, f.epoll) {
			_ = unix.Close(fd)
		}
	})
	return f
}

func (f *floor) address() string { return f.listener.Addr().String() }

// accept takes so many connections. It leaves them blocking: there is room in
// them for whatever a benchmark writes.
func (f *floor) accept(count int) error {
	for len(f.sockets) < count {
		conn, err := f.listener.AcceptTCP()
		if err != nil {
			return err
		}
		fd, err := descriptor(conn)
		if err != nil {
			return err
		}
		if len(f.sockets)%f.size == 0 {
			event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(f.said))}
			if err := unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
				return err
			}
			f.said = append(f.said, 0)
		}
		f.sockets = append(f.sockets, fd)
	}
	return nil
}

// descriptor takes a socket out of the hands of Go's poller.
func descriptor(conn *net.TCPConn) (int, error) {
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	fd, failed := 0, error(nil)
	err = raw.Control(func(own uintptr) {
		if fd, failed = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0); failed == nil {
			failed = unix.SetNonblock(fd, false)
		}
	})
	return fd, errors.Join(err, failed)
}

// serve answers a Talk.
func (f *floor) serve(t Talk) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	name := roomName(rooms, 0)
	request, reply := len(requests(name, t.Body, t.Batch).bytes), replies(name, t.Body, t.Batch)
	var events [256]unix.EpollEvent
	for left := t.Messages / t.Batch * len(f.said); left > 0; {
		n, err := unix.EpollWait(f.epoll, events[:], -1)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range max(n, 0) {
			if err := f.answer(int(events[i].Fd), request, reply); err != nil {
				return err
			}
			left--
		}
	}
	return nil
}

func (f *floor) answer(room, request int, reply *numbered) error {
	members := f.sockets[room*f.size : (room+1)*f.size]
	for have := 0; have < request; {
		n, err := unix.Read(members[0], f.buf[:])
		if err != nil || n == 0 {
			return fmt.Errorf("read of %d bytes: %w", n, err)
		}
		have += n
	}
	reply.set(f.said[room])
	f.said[room] += len(reply.places)
	for _, fd := range members {
		if n, err := unix.Write(fd, reply.bytes); err != nil || n < len(reply.bytes) {
			return fmt.Errorf("%d bytes were written: %w", n, err)
		}
	}
	return nil
}
