//go:build !linux

// Command bench compares SimplySocket with its peers. It needs Linux: it compares the CPU
// time that Linux accounts to a process, and its clients wait with epoll.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: it needs Linux")
	os.Exit(1)
}
