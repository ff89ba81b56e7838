package simplysocket_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// BenchmarkDisconnect measures the end of a client that is in 10,000 rooms, until the
// last of them has seen it leave: it must stay below 100 ms.
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
		_ = c.Conn.CloseNow()
		waitFor(b, "all leaves", func() bool { s := h.Stats(); return s.Leaves == s.Joins })
	}
}

// BenchmarkReconnectStorm breaks 5,000 connections at once: all sessions must be back
// within 10 s, with what they missed. Clients that stayed must not wait longer than 1 s,
// and the memory must be as after the storm before.
func BenchmarkReconnectStorm(b *testing.B) {
	const sessions, rooms = 5000, 50
	h := serve(b, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, AnnounceMaxMembers: 1})
	pages := make([]*page, sessions)
	each := func(f func(i int, p *page)) {
		var wg sync.WaitGroup
		for worker := range 64 {
			wg.Go(func() {
				for i := worker; i < sessions; i += 64 {
					f(i, pages[i])
				}
			})
		}
		wg.Wait()
	}
	each(func(i int, _ *page) {
		pages[i] = h.page()
		pages[i].Call("join-room", fmt.Sprint("room/", i%rooms), nil)
	})
	stayed := h.member("room/0")
	var longest time.Duration
	storm := func(missed string) time.Duration {
		each(func(_ int, p *page) { _ = p.Conn.CloseNow() })
		waitFor(b, "all to be away", func() bool { return h.Stats().Disconnected == sessions })
		for room := range rooms {
			if err := h.Room(fmt.Sprint("room/", room)).Broadcast(missed, nil); err != nil {
				b.Fatal(err)
			}
		}
		stop := make(chan struct{})
		var others sync.WaitGroup
		others.Go(func() { longest = max(longest, stayed.stall(stop)) })
		began := time.Now()
		each(func(_ int, p *page) {
			broken := p.peer
			p.resume()
			broken.Forget()
			p.Until("what was missed", func(m message) bool { return m.Action == missed })
		})
		took := time.Since(began)
		close(stop)
		others.Wait()
		return took
	}
	storm("first")
	_, before, _ := resources()
	var took time.Duration
	for n := 0; b.Loop(); n++ {
		took += storm(fmt.Sprint("storm/", n))
	}
	_, after, _ := resources()
	b.ReportMetric(took.Seconds()/float64(b.N), "s-until-all-are-back")
	b.ReportMetric(float64(longest.Milliseconds()), "longest-stall-ms")
	b.ReportMetric(float64(int64(after)-int64(before))/sessions, "B-more/session")
	b.ReportMetric(0, "ns/op")
}

// stall calls continuously and returns how long the longest call took.
func (c *peer) stall(stop <-chan struct{}) (longest time.Duration) {
	for {
		select {
		case <-stop:
			return longest
		case <-time.After(10 * time.Millisecond):
			asked := time.Now()
			c.Call("alive", "room/0", nil)
			longest = max(longest, time.Since(asked))
		}
	}
}

// BenchmarkTrace measures the cost of a Trace per message: its functions run on another
// goroutine, so that nothing they do ends the turn.
func BenchmarkTrace(b *testing.B) {
	for name, trace := range map[string]*simplysocket.Trace{
		"none":    nil,
		"message": {Message: func(simplysocket.MessageInfo) {}},
	} {
		b.Run(name, func(b *testing.B) {
			h := serve(b, true, &simplysocket.Options{Trace: trace, MessageRate: simplysocket.Unlimited})
			c := h.member("r")
			for b.Loop() {
				c.Call("x", "r", nil)
				c.Forget()
			}
		})
	}
}

// BenchmarkIdleRooms measures the heap that an idle relay room with one member takes.
func BenchmarkIdleRooms(b *testing.B) {
	const rooms = 20_000
	for b.Loop() {
		h := serve(b, true, &simplysocket.Options{
			MessageRate: simplysocket.Unlimited, MaxRoomsPerClient: rooms, HistoryAge: time.Millisecond,
		})
		c := h.connect()
		join := func(from, to int) {
			for i := from; i < to; i++ {
				c.Call("join-room", fmt.Sprint("room/", i), nil)
				c.Forget()
			}
		}
		heap := func() uint64 {
			time.Sleep(200 * time.Millisecond) // the histories are trimmed
			for range 3 {
				runtime.GC()
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		join(0, 100)
		before := heap()
		join(100, rooms)
		b.ReportMetric(float64(heap()-before)/(rooms-100), "B/room")
	}
}
