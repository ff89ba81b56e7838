package speed

import "testing"

// The three jobs of delivering. A message's body has 128 bytes.
var (
	single = Talk{Messages: 200, Batch: 1, Body: 128}
	burst  = Talk{Messages: 640, Batch: 16, Body: 128}
	small  = Talk{Messages: 100, Batch: 1, Body: 128}
)

// A room of 1,000: each message is sent when all have got the one before.
func BenchmarkRoomOf1000(b *testing.B) {
	c := newContest(b, 1, 1000)
	var ours, floor, mallocs series
	for round := 0; b.Loop(); round++ {
		alternate(round,
			func() {
				ns, used := c.serve(single)
				ours.add(ns)
				mallocs.add(used.mallocs / float64(single.Messages))
			},
			func() { floor.add(c.sink(single)) })
	}
	quiet(b)
	report(b, "ns/delivery", ours)
	report(b, "floor-ns/delivery", floor)
	report(b, "ratio", ours.over(floor))
	report(b, "allocs/message", mallocs)
	report(b, "generator-%", c.busy)
}

// The same room with 16 messages waiting each time.
func BenchmarkRoomOf1000Burst(b *testing.B) {
	c := newContest(b, 1, 1000)
	var ours, floor, alone series
	for round := 0; b.Loop(); round++ {
		alternate(round,
			func() { ns, _ := c.serve(burst); ours.add(ns) },
			func() { floor.add(c.sink(burst)) },
			func() { ns, _ := c.serve(single); alone.add(ns) })
	}
	quiet(b)
	report(b, "ns/delivery", ours)
	report(b, "floor-ns/delivery", floor)
	report(b, "ratio", ours.over(floor))
	report(b, "times-cheaper", alone.over(ours))
	report(b, "generator-%", c.busy)
}

// 500 rooms of 4 that all talk at once. To the floor each message is a read and
// four writes as well.
func BenchmarkRoomsOf4(b *testing.B) {
	c := newContest(b, 500, 4)
	var ours, floor series
	for round := 0; b.Loop(); round++ {
		alternate(round,
			func() { ns, _ := c.serve(small); ours.add(ns) },
			func() { floor.add(c.sink(small)) })
	}
	quiet(b)
	report(b, "ns/delivery", ours)
	report(b, "floor-ns/delivery", floor)
	report(b, "ratio", ours.over(floor))
	report(b, "generator-%", c.busy)
}
