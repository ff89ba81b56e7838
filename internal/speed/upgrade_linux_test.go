package speed

import "testing"

// Handshakes, from accepting the connection to having welcomed a client in the
// lobby. A core does 1e6 divided by the figure in a second.
func BenchmarkUpgrade(b *testing.B) {
	const connections = 2000
	needFiles(b, connections+100)
	l := newLab(b, startGenerator(b, pin(b)))
	var took, mallocs, bytes series
	for b.Loop() {
		u := measure(func() { l.enter(Dialling{Rooms: 1, Size: connections}) })
		took.add(float64(u.cpu.Microseconds()) / connections)
		mallocs.add(u.mallocs / connections)
		bytes.add(u.bytes / connections)
		l.leave()
	}
	quiet(b)
	report(b, "us/upgrade", took)
	report(b, "allocs/upgrade", mallocs)
	report(b, "B/upgrade", bytes)
}
