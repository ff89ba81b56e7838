// Package speed measures what SimplySocket costs, and tests what must not
// depend on the machine: that every member gets every message in order, that a
// slow member's memory is bounded, that a delivery allocates nothing.
//
//	go test ./internal/speed -run '^$' -bench . -benchtime 5x -table
//
// The server runs in the benchmark's process, through the public API and over
// loopback TCP; the clients run in a child process, so that the CPU time which
// the kernel accounts to the one is not that of the other. Where two processors
// are to be had, each process keeps to its own. Every round of a benchmark
// measures the server and, in changing order, the floor: a loop of epoll_wait,
// read and write that does the same job with frames made in advance and nothing
// else. Times differ from machine to machine and from minute to minute; the
// ratio of the two within a round does not.
//
// It is all in test files for Linux.
package speed
