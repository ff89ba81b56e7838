//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

// lockDirectory does nothing: two servers that start at once may both replace the same
// stale socket.
func lockDirectory(string) (unlock func()) { return func() {} }
