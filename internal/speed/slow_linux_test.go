package speed

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// What a member that never reads is sent until it is given up: 300 messages of
// 4 KiB are more than its outbox and the small buffers of its socket hold.
var flood = Talk{Messages: 300, Batch: 1, Body: 4 << 10}

// elsewhere is the address that slow members come from.
const elsewhere = "127.0.0.2"

// smallBuffers has the server's sockets to slow members hold little, so that what
// they do not read soon waits in their outboxes. The system's default is some
// MiB.
func smallBuffers(_ *simplysocket.Server, server *http.Server) {
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if tcp := conn.(*net.TCPConn); tcp.RemoteAddr().(*net.TCPAddr).IP.String() == elsewhere {
			_ = tcp.SetWriteBuffer(32 << 10)
		}
		return ctx
	}
}

// slow is a member that reads nothing once it is in its room.
func slow(room string) Dialling {
	return Dialling{Room: room, Rooms: 1, Size: 1, From: elsewhere, ReceiveBuffer: 4 << 10, Deaf: true}
}

// How long a message takes to the 999 others of a room of 1,000, with and without
// a member that never reads.
func BenchmarkSlowMember(b *testing.B) {
	const others = 999
	needFiles(b, others+100)
	l := newLab(b, startGenerator(b, pin(b)), smallBuffers)
	talk := flood
	talk.Set = l.enter(Dialling{Room: rooms, Rooms: 1, Size: others})
	var with, without series
	measure := func(s *series) { s.add(float64(l.talk(talk).P99.Microseconds())) }
	for round := 0; b.Loop(); round++ {
		alternate(round,
			func() { measure(&without) },
			func() {
				deaf := l.enter(slow(rooms))
				l.awaitCount(talk.Set, others+1)
				measure(&with)
				if d := l.drain(deaf); d.Code != int(protocol.CloseTooSlow) {
					b.Errorf("the slow member was closed with %d", d.Code)
				}
				l.awaitCount(talk.Set, others)
			})
	}
	quiet(b)
	report(b, "p99-us", with)
	report(b, "p99-us-without", without)
	report(b, "ratio", with.over(without))
}

// A member that never reads costs what its outbox may hold and no more, whatever
// the policy of its room. Under the default one it is closed with 4008.
func TestSlowMemberIsBounded(t *testing.T) {
	const outbox = 1 << 20 // the default of Options.OutboxBytes
	for name, test := range map[string]struct {
		policy    simplysocket.Overflow
		closed    bool
		overflows uint64
	}{
		"disconnect":  {policy: simplysocket.Disconnect, closed: true, overflows: 1},
		"drop oldest": {policy: simplysocket.DropOldest},
		"drop newest": {policy: simplysocket.DropNewest},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, startGenerator(t, ""), smallBuffers, func(srv *simplysocket.Server, _ *http.Server) {
				srv.HandleRoom("{name}", func(room *simplysocket.Room) error {
					room.SetOverflow(test.policy)
					return nil
				})
			})
			set := l.enter(Dialling{Room: rooms, Rooms: 1, Size: 4})
			deaf := l.enter(slow(rooms))
			before, _ := inUse()
			// 8 MiB in all; the generator fails the test if the others miss any.
			l.talk(Talk{Set: set, Messages: 2048, Batch: 1, Body: 4 << 10})
			after, _ := inUse()
			if grown := after - before; grown > 2*outbox {
				t.Errorf("the heap has grown by %.0f bytes for an outbox of %d", grown, outbox)
			}
			if got := l.Stats().Overflows; got != test.overflows {
				t.Errorf("%d members were given up, want %d", got, test.overflows)
			}
			if !test.closed {
				return
			}
			if d := l.drain(deaf); d.Code != int(protocol.CloseTooSlow) || d.Messages == 0 {
				t.Errorf("after %d messages the slow member was closed with %d", d.Messages, d.Code)
			}
		})
	}
}
