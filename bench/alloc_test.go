//go:build linux

package main

import (
	"runtime"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/bench/generator"
)

// allocations returns the number of allocations for a message to a room of that size.
func (l *lab) allocations(first, size int) float64 {
	talk := generator.Talk{Messages: 500, Batch: 1, Body: 128}
	talk.Set = l.enter(generator.Dialling{Rooms: 1, First: first, Size: size})
	l.talk(talk) // fills the pools
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l.talk(talk)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(talk.Messages)
}

// The allocations for a message do not grow with the number of receivers, so a delivery
// allocates nothing.
func TestAllocsOfMessage(t *testing.T) {
	if raced {
		t.Skip("under the race detector pools drop values at random")
	}
	for name, test := range map[string]struct {
		setup func(*simplysocket.Room) error
		most  float64
	}{
		"relayed":   {simplysocket.Relay, mostForRelayed},
		"a handler": {echo, mostForHandled},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, test.setup)
			few, many := l.allocations(0, 2), l.allocations(1, 200)
			t.Logf("a message to 2 allocates %.2f times, one to 200 %.2f times", few, many)
			if many > few+1 { // some for all 198 deliveries: the pools lose some in a collection
				t.Errorf("a message to 2 allocates %.2f times, one to 200 %.2f times", few, many)
			}
			if many > test.most {
				t.Errorf("a message allocates %.2f times, want at most %.0f", many, test.most)
			}
		})
	}
}

// The memory of an idle connection, in objects and bytes, and the allocations it took to
// make it.
func TestAllocsOfIdleConnection(t *testing.T) {
	if raced {
		t.Skip("everything takes more under the race detector")
	}
	const connections = 2000
	for _, dialect := range []string{"simplysocket", "simplysocket.v1"} {
		t.Run(dialect, func(t *testing.T) {
			l := newLab(t, echo)
			l.enter(generator.Dialling{Dialect: dialect, Rooms: 1, Size: 100, Lobby: true}) // what is allocated only once
			before := held()
			l.enter(generator.Dialling{Dialect: dialect, Rooms: 1, Size: connections, Lobby: true})
			after := held()
			made := float64(after.Mallocs-before.Mallocs) / connections
			objects := float64(after.HeapObjects-before.HeapObjects) / connections
			bytes := float64(after.HeapAlloc-before.HeapAlloc) / connections
			stack := float64(after.StackInuse-before.StackInuse) / connections
			t.Logf("a connection holds %.1f objects of %.0f bytes and %.0f bytes of stack; it took %.1f", objects, bytes, stack, made)
			for _, m := range []struct {
				what      string
				got, most float64
			}{
				{"allocations for a handshake", made, mostForHandshake},
				{"objects", objects, mostObjects},
				{"bytes of heap", bytes, mostHeap},
				{"bytes of stack", stack, mostStack},
			} {
				if m.got > m.most {
					t.Errorf("%s: %.1f, want at most %.0f", m.what, m.got, m.most)
				}
			}
		})
	}
}

// The limits for allocations: the current values, and a little more.
const (
	mostForRelayed   = 5
	mostForHandled   = 14
	mostForHandshake = 110
	mostObjects      = 24
	mostHeap         = 2400
	mostStack        = 2300
)
