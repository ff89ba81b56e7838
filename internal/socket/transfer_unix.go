//go:build unix && (!linux || race || 386 || s390x)

package socket

import "syscall"

func send(fd int, p []byte) (int, error)    { return syscall.Write(fd, p) }
func receive(fd int, p []byte) (int, error) { return syscall.Read(fd, p) }
