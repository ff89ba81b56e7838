//go:build !linux

package socket

import (
	"net"
	"time"
)

// forgetAfter has no effect where the kernel has no such bound.
func forgetAfter(*net.TCPConn, time.Duration) {}
