package simplysocket_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// BenchmarkListRooms measures a list on a server with 50,000 rooms, all listed or all but
// one hidden, and one of them changes each time.
func BenchmarkListRooms(b *testing.B) {
	for _, hidden := range []bool{false, true} {
		b.Run(fmt.Sprintf("hidden=%v", hidden), func(b *testing.B) {
			h := serve(b, true, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
			manyRooms(b, h, 50_000, hidden)
			c := h.connect()
			for b.Loop() {
				c.Call("join-room", "other", nil)
				c.Call("list-rooms", "", nil)
				c.Call("leave-room", "other", nil)
				c.Call("list-rooms", "", nil)
				c.Forget()
			}
		})
	}
}

func manyRooms(b *testing.B, h *host, n int, hidden bool) {
	for i := range n / 100 {
		c := h.connect()
		for k := range 100 {
			if err := h.Client(c.id).Join(fmt.Sprintf("room/%05d/%02d", i, k), object{"hidden": hidden}); err != nil {
				b.Fatal(err)
			}
		}
	}
	waitFor(b, "the rooms", func() bool { return h.Stats().Rooms >= n })
}

// BenchmarkFairness measures a client's round trip while another client attacks: the 99th
// percentile, compared with that of quiet moments in the same run. The attacker is in the
// same process, so its own cost counts against the server.
func BenchmarkFairness(b *testing.B) {
	pings := []byte(strings.Repeat(rawFrame(0x89, ""), 100))
	empty := []byte(strings.Repeat(rawFrame(0x00, ""), 100))
	for _, attack := range []struct {
		name string
		step func(p *page, n int) error
	}{
		{"list-rooms", func(p *page, n int) error { return p.Conn.WriteText([]byte(`{"action":"list-rooms"}`)) }},
		{"empty-continuations", func(p *page, n int) error {
			if n == 0 {
				_ = p.Conn.Write([]byte(rawFrame(0x01, "{")))
			}
			return p.Conn.Write(empty)
		}},
		{"pings", func(p *page, n int) error { return p.Conn.Write(pings) }},
		{"resumes", func(p *page, _ int) error { return p.resumeOnce() }},
		{"full-rate", func(p *page, n int) error { return p.Conn.WriteText([]byte(`{"action":"x","target":"r"}`)) }},
		{"joins-and-leaves", func(p *page, n int) error {
			return p.Conn.WriteText([]byte(fmt.Sprintf(`{"action":%q,"target":"r"}`, []string{"leave-room", "join-room"}[n%2])))
		}},
	} {
		b.Run(attack.name, func(b *testing.B) {
			h := serve(b, false, nil)
			manyRooms(b, h, 5000, false)
			victim := h.member("r")
			attackers := func(stop <-chan struct{}) {
				for {
					p := h.page()
					p.Call("join-room", "r", nil)
					for n := 0; ; n++ {
						select {
						case <-stop:
							p.CutOff()
							return
						default:
						}
						if attack.step(p, n) != nil || p.Ended() {
							break // it was disconnected, and comes back
						}
						time.Sleep(time.Second / 190) // as much as a client may send, and more if that is not counted
					}
					p.CutOff()
				}
			}
			var quiet, attacked []time.Duration
			_, before, _ := resources()
			for b.Loop() {
				quiet = append(quiet, victim.roundTrips(100)...)
				stop, done := make(chan struct{}), make(chan struct{})
				go func() { defer close(done); attackers(stop) }()
				time.Sleep(100 * time.Millisecond)
				attacked = append(attacked, victim.roundTrips(200)...)
				close(stop)
				<-done
			}
			_, after, _ := resources()
			p99 := func(all []time.Duration) float64 {
				slices.Sort(all)
				return float64(all[len(all)*99/100]) / 1e6
			}
			b.ReportMetric(p99(quiet), "quiet-p99-ms")
			b.ReportMetric(p99(attacked), "attacked-p99-ms")
			b.ReportMetric(p99(attacked)/p99(quiet), "ratio")
			b.ReportMetric(float64(int64(after)-int64(before))/1024, "KiB-more")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// resumeOnce takes over the session with another connection, which reads its welcome and
// nothing else.
func (p *page) resumeOnce() error {
	c, err := p.h.open("", v1)
	if err != nil {
		return err
	}
	_ = c.Conn.WriteText([]byte(envelope(0, "hello", "", object{"session": p.token})))
	if m, came := c.First(); came {
		p.peer, p.token = c, m.Field("session")
		return nil
	}
	return errors.New("turned away")
}

// roundTrips measures calls, one every 5 ms.
func (c *peer) roundTrips(n int) (all []time.Duration) {
	for range n {
		began := time.Now()
		c.Call("say", "r", nil)
		all = append(all, time.Since(began))
		c.Forget()
		time.Sleep(5 * time.Millisecond)
	}
	return all
}
