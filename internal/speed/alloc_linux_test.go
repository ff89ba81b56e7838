package speed

import "testing"

// What is allocated for a message does not grow with those who receive it.
func TestDeliveryAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector has pools forget at random")
	}
	l := newLab(t, startGenerator(t, ""))
	perMessage := func(room string, size int) float64 {
		talk := Talk{Messages: 500, Batch: 1, Body: 128}
		talk.Set = l.enter(Dialling{Room: room, Rooms: 1, Size: size})
		l.talk(talk) // fills the pools
		return measure(func() { l.talk(talk) }).mallocs / float64(talk.Messages)
	}
	few, many := perMessage("small", 2), perMessage("large", 200)
	if many > few+2 || many > 20 {
		t.Errorf("a message to 2 allocates %.1f times, one to 200 %.1f times", few, many)
	}
}
