package speed

import "testing"

// Every member gets every message, once and in order: the generator checks each
// of them, and ends the test at the first that is out of its place.
func TestEveryMemberGetsEveryMessage(t *testing.T) {
	for name, test := range map[string]struct {
		rooms, size int
		talk        Talk
	}{
		"a large room":      {1, 250, Talk{Messages: 100, Batch: 1, Body: 128}},
		"bursts":            {1, 250, Talk{Messages: 640, Batch: 16, Body: 128}},
		"bursts of 32 KiB":  {1, 20, Talk{Messages: 64, Batch: 8, Body: 32 << 10}},
		"many small rooms":  {50, 4, Talk{Messages: 100, Batch: 1, Body: 128}},
		"many small bursts": {50, 4, Talk{Messages: 320, Batch: 32, Body: 1 << 10}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, startGenerator(t, ""))
			test.talk.Set = l.enter(Dialling{Room: rooms, Rooms: test.rooms, Size: test.size})
			want := test.rooms * test.size * test.talk.Messages
			for range 2 { // the numbers go on
				if h := l.talk(test.talk); h.Deliveries != want {
					t.Errorf("%d deliveries, want %d", h.Deliveries, want)
				}
			}
		})
	}
}
