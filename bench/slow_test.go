//go:build linux

package main

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/bench/generator"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// A member that never reads costs what its outbox may hold and no more, under any policy
// of its room. Under the default policy it is closed with 4008.
func TestSlowMemberIsBounded(t *testing.T) {
	const outbox = 1 << 20 // the default of Options.OutboxBytes
	for name, test := range map[string]struct {
		policy    simplysocket.Overflow
		closed    bool
		overflows uint64
	}{
		"disconnect":  {policy: simplysocket.OverflowDisconnect, closed: true, overflows: 1},
		"drop oldest": {policy: simplysocket.OverflowDropOldest},
		"drop newest": {policy: simplysocket.OverflowDropNewest},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(room *simplysocket.Room) error {
				room.SetOverflow(test.policy)
				return echo(room)
			})
			set := l.enter(generator.Dialling{Rooms: 1, Size: 4})
			deaf := l.enter(generator.Dialling{Rooms: 1, Size: 1, From: elsewhere, ReceiveBuffer: 4 << 10, Deaf: true})
			before := held()
			l.talk(generator.Talk{Set: set, Messages: 2048, Batch: 1, Body: 4 << 10}) // 8 MiB in all
			after := held()
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2*outbox {
				t.Errorf("the heap has grown by %d bytes for an outbox of %d", grown, outbox)
			}
			if got := l.srv.Stats().Overflows; got != test.overflows {
				t.Errorf("%d members were disconnected, want %d", got, test.overflows)
			}
			if !test.closed {
				return
			}
			d, err := l.clients.Drain(deaf)
			if err != nil {
				t.Fatal(err)
			}
			if d.Code != int(protocol.CloseTooSlow) || d.Messages == 0 {
				t.Errorf("after %d messages the slow member was closed with %d", d.Messages, d.Code)
			}
		})
	}
}
