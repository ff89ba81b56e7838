package client_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
)

// TestChurn sends and receives over connections that break all the time: each message is
// handled once, and received once, in the order of the room.
func TestChurn(t *testing.T) {
	for name, address := range map[string]string{"TCP": "127.0.0.1:0", "memory": ""} {
		t.Run(name, func(t *testing.T) { churn(t, address) })
	}
}

func churn(t *testing.T, address string) {
	const clients, messages = 3, 300
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var handled []string // of the room's turns
	h := serve(t, address, simplysocket.Options{
		MessageRate: simplysocket.Unlimited, MessageBurst: simplysocket.Unlimited,
		HistoryMessages: 1 << 20, HistoryBytes: 1 << 30,
	}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "x", func(_ *simplysocket.Member, l line) error {
				handled = append(handled, l.Text)
				return room.Broadcast("x", l)
			})
			return nil
		})
	})
	cutters := make([]*cutter, clients)
	rooms := make([]*client.Room, clients)
	for i := range clients {
		c := &cutter{host: &host{Server: h.Server, t: t}, heard: newEvents(), random: rand.New(rand.NewPCG(seed, uint64(i)))}
		conn := c.host.connect(client.Options{OnState: c.state, MinBackoff: time.Microsecond, MaxBackoff: time.Millisecond})
		cutters[i], rooms[i] = c, join(t, conn, "r", nil, c.listen)
	}
	var sending sync.WaitGroup
	for i, room := range rooms {
		sending.Go(func() {
			for n := range messages {
				if err := room.Send(t.Context(), "x", line{fmt.Sprintf("%d/%d", i, n)}); err != nil {
					t.Errorf("%d/%d: %v", i, n, err)
				}
			}
		})
	}
	sending.Wait()
	for _, c := range cutters {
		c.heard.want(t, handled...)
		c.heard.none(t)
		if n := c.cuts; n < 10 {
			t.Errorf("only %d cuts", n)
		}
	}
	slices.Sort(handled)
	if n := len(slices.Compact(handled)); n != clients*messages || n != len(handled) {
		t.Errorf("%d messages were handled, %d different ones", len(handled), n)
	}
}

// cutter breaks a client's connections at random messages. It belongs to the client's
// callbacks.
type cutter struct {
	host   *host // as only this client sees it
	heard  events
	random *rand.Rand
	online bool
	cuts   int
}

func (c *cutter) state(s client.State) { c.online = s == client.Online }

func (c *cutter) listen(r *client.Room) {
	client.On(r, "x", func(_ string, l line) {
		if c.online && c.random.IntN(20) == 0 {
			c.online = false
			c.cuts++
			c.host.cut()
		}
		c.heard.add("%s", l.Text)
	})
	r.OnGap(func(g client.Gap) { c.heard.add("gap %+v", g) })
	r.OnClosed(func(reason client.LeaveReason) { c.heard.add("closed %s", reason) })
}
