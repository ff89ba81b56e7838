//go:build linux

package main

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/bench/generator"
	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// Every member gets every message, once and in order: the generator checks the number of
// each.
func TestEveryMemberGetsEveryMessage(t *testing.T) {
	for name, test := range map[string]struct {
		rooms, size int
		talk        generator.Talk
	}{
		"a large room":      {1, 250, generator.Talk{Messages: 100, Batch: 1, Body: 128}},
		"bursts":            {1, 250, generator.Talk{Messages: 320, Batch: 16, Body: 128}},
		"bursts of 32 KiB":  {1, 20, generator.Talk{Messages: 64, Batch: 8, Body: 32 << 10}},
		"many small rooms":  {50, 4, generator.Talk{Messages: 50, Batch: 1, Body: 128}},
		"many small bursts": {50, 4, generator.Talk{Messages: 160, Batch: 32, Body: 1 << 10}},
	} {
		for _, dialect := range []string{"simplysocket", "simplysocket.v1"} {
			t.Run(name+", "+dialect, func(t *testing.T) {
				l := newLab(t, echo)
				test.talk.Set = l.enter(generator.Dialling{Dialect: dialect, Rooms: test.rooms, Size: test.size})
				want := test.rooms * test.size * test.talk.Messages
				for range 2 { // the numbers continue
					if h := l.talk(test.talk); h.Deliveries != want {
						t.Errorf("%d deliveries, want %d", h.Deliveries, want)
					}
				}
			})
		}
	}
}

// A benchmark misses what it does not count: the generator detects a server that loses
// every tenth message and one that sends every tenth twice.
func TestGeneratorCounts(t *testing.T) {
	const members, messages = 4, 100
	for name, test := range map[string]struct {
		copies        func(n int) int // of the message
		lost, doubled int
	}{
		"all":     {func(int) int { return 1 }, 0, 0},
		"lost":    {func(n int) int { return min(n%10, 1) }, messages / 10 * members, 0},
		"doubled": {func(n int) int { return 2 - min(n%10, 1) }, 0, messages / 10 * members},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(room *simplysocket.Room) error {
				simplysocket.On(room, wire.Say, func(m *simplysocket.Member, line wire.Line) error {
					for range test.copies(wire.Number([]byte(line.N))) {
						if err := room.Broadcast(wire.Say, line, simplysocket.From(m)); err != nil {
							return err
						}
					}
					return nil
				})
				return nil
			})
			set := l.enter(generator.Dialling{Rooms: 1, Size: members})
			h, err := l.clients.Pace(generator.Pace{Set: set, Messages: messages, Rate: 10_000, Body: 128})
			if err != nil {
				t.Fatal(err)
			}
			if h.Messages != messages || h.Lost != test.lost || h.Doubled != test.doubled {
				t.Errorf("of %d messages %d deliveries were lost and %d doubled, want %d and %d",
					h.Messages, h.Lost, h.Doubled, test.lost, test.doubled)
			}
		})
	}
}
