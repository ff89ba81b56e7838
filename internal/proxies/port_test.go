//go:build linux

package proxies_test

import (
	"syscall"
	"testing"
)

// holdPort returns a port of 127.0.0.1 that the kernel has chosen, for another process to
// listen on. Until the test ends the kernel gives it to nobody else, not even while that
// process restarts: a socket stays bound to it. That socket does not listen, so another
// socket with SO_REUSEADDR may, and every proxy sets that.
func holdPort(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return bound.(*syscall.SockaddrInet4).Port
}
