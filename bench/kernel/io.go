//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"io"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Send writes all of p to a blocking socket, bypassing Go's scheduler: nothing else
// should run in the process meanwhile.
func Send(fd int, p []byte) error {
	for len(p) > 0 {
		n, err := transfer(unix.SYS_SENDTO, fd, p, unix.MSG_NOSIGNAL)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		p = p[n:]
	}
	return nil
}

// ErrNothing is the error of a Receive that finds nothing to read.
const ErrNothing = unix.EAGAIN

// Receive reads what is available and does not wait. Its error is io.EOF at the end.
func Receive(fd int, p []byte) (int, error) {
	for {
		n, err := transfer(unix.SYS_RECVFROM, fd, p, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
		case err == nil && n == 0:
			return 0, io.EOF
		default:
			return n, err
		}
	}
}

func transfer(call uintptr, fd int, p []byte, flags uintptr) (int, error) {
	n, _, errno := unix.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// AwaitInput waits until there is something to read.
func AwaitInput(fd int, patience time.Duration) error {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, int(patience.Milliseconds()))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("poll: %w", err)
		case n == 0:
			return fmt.Errorf("nothing arrived for %s", patience)
		default:
			return nil
		}
	}
}
