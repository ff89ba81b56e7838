//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"os"
	"syscall"
)

// lockDirectory waits until no other server holds the lock of the directory, takes it,
// and returns the function that releases it. It leaves no file behind. If the directory
// cannot be locked, two servers that start at once may both replace the same stale
// socket.
func lockDirectory(path string) (unlock func()) {
	directory, err := os.Open(path)
	if err != nil {
		return func() {}
	}
	_ = syscall.Flock(int(directory.Fd()), syscall.LOCK_EX)
	return func() { _ = directory.Close() } // releases the lock
}
