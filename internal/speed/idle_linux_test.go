package speed

import (
	"runtime"
	"testing"
)

// 10,000 connections that are open and say nothing. What they take is the growth
// of MemStats.HeapInuse and StackInuse: spans that hold objects, and goroutine
// stacks. The runtime's own tables, the poller's among them, and the kernel's
// sockets are not in it.
func BenchmarkIdleConnections(b *testing.B) {
	const connections = 10_000
	needFiles(b, connections+100)
	g := startGenerator(b, pin(b))
	var heap, stack, both series
	for b.Loop() {
		l := newLab(b, g)
		heapBefore, stackBefore := inUse()
		l.enter(Dialling{Rooms: 1, Size: connections})
		heapAfter, stackAfter := inUse()
		heap.add((heapAfter - heapBefore) / connections)
		stack.add((stackAfter - stackBefore) / connections)
		both.add((heapAfter - heapBefore + stackAfter - stackBefore) / connections)
		l.leave()
	}
	quiet(b)
	report(b, "B/connection", both)
	report(b, "heap-B/connection", heap)
	report(b, "stack-B/connection", stack)
}

// inUse is what the heap and the stacks take once pools are empty and stacks
// have shrunk to what their goroutines need: each collection halves a stack at
// most, and empties a pool by half.
func inUse() (heap, stack float64) {
	var m runtime.MemStats
	for range 5 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse), float64(m.StackInuse)
}
