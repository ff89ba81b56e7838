package simplysockettest_test

import (
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// counter is a simple room: it counts and tells everybody.
func counter(room *simplysocket.Room) error {
	n := 0
	simplysocket.On(room, "count", func(m *simplysocket.Member, by number) error {
		n += by.N
		return room.Broadcast("counted", number{n}, simplysocket.From(m))
	})
	return nil
}

// keepCount is counter with its state declared.
func keepCount(room *simplysocket.Room) error {
	n := simplysocket.NewState(room, "n", number{})
	by := simplysocket.NewTable[string, number](room, "by")
	simplysocket.On(room, "count", func(m *simplysocket.Member, add number) error {
		n.N += add.N
		own, _ := by.Get(m.ID())
		by.Set(m.ID(), number{own.N + add.N})
		return room.Broadcast("counted", *n, simplysocket.From(m))
	})
	return nil
}

// BenchmarkEntries measures messages of one of two members, each of which is decoded,
// handled, broadcast and received by both.
func BenchmarkEntries(b *testing.B) {
	for _, bb := range []struct {
		name  string
		setup func(*simplysocket.Room) error
		opts  []kit.Option
	}{
		{"coded", counter, nil},
		{"relay", simplysocket.Relay, nil},
		{"forgetful", simplysocket.Relay, []kit.Option{kit.Forgetful()}},
		{"keeping", keepCount, nil},
		{"keeping-forgetful", keepCount, []kit.Option{kit.Forgetful()}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			room := kit.Open(b, "room", bb.setup, bb.opts...)
			ann, bob := room.Join("ann"), room.Join("bob")
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				ann.Send("count", number{1})
				if n++; n%1000 == 0 {
					ann.Skip()
					bob.Skip()
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkOpen measures a test of a room from its opening on: two joins, a message, a
// drop and a resume, and half a minute in which nothing happens.
func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer() // a benchmark keeps what it has to clean up
		b.StartTimer()
		room := kit.Open(b, "room", counter)
		ann, bob := room.Join("ann"), room.Join("bob")
		ann.Send("count", number{1})
		bob.Drop()
		ann.Send("count", number{2})
		bob.Resume()
		room.Advance(30 * time.Second)
		kit.ExpectLast(bob, "counted", func(n number) bool { return n.N == 3 })
	}
}
