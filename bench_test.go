package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

// BenchmarkDisconnect is the end of a client that is in 10,000 rooms, until the
// last of them has seen it go: it must stay below 100 ms.
func BenchmarkDisconnect(b *testing.B) {
	const rooms = 10_000
	h := serve(b, true, &simplysocket.Options{MaxRoomsPerClient: rooms, OutboxMessages: simplysocket.Unlimited, OutboxBytes: 1 << 30})
	for b.Loop() {
		b.StopTimer()
		c := h.connect()
		for i := range rooms {
			if err := h.Client(c.id).Join(fmt.Sprint("room/", i), nil); err != nil {
				b.Fatal(err)
			}
		}
		waitFor(b, "all joins", func() bool { s := h.Stats(); return s.Joins-s.Leaves == rooms+1 }) // the lobby too
		b.StartTimer()
		_ = c.conn.CloseNow()
		waitFor(b, "all leaves", func() bool { s := h.Stats(); return s.Leaves == s.Joins })
	}
}
