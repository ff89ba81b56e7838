package client_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "run the fault simulation only with the plan of this seed; the scheduling differs each time")
	simRuns = flag.Int("sim.runs", 20, "number of seeds for the fault simulation")
)

// TestSim breaks connections at every byte, including handshakes, and checks that nothing
// acknowledged is lost, all see one order, nothing is handled or received twice, and no
// gap is silent.
func TestSim(t *testing.T) {
	if *simSeed != 0 {
		synctest.Test(t, func(t *testing.T) { simulate(t, *simSeed) })
		return
	}
	for range *simRuns {
		seed := rand.Uint64()
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { simulate(t, seed) }) }) {
			t.Fatalf("run this plan again with -run TestSim -sim.seed %d", seed)
		}
	}
}

const (
	simClients  = 4
	simRooms    = 3
	simMessages = 40 // of each client
	simCuts     = 8  // of each client
)

func simulate(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	o := simplysocket.Options{MessageRate: simplysocket.Unlimited}
	if rng.IntN(3) == 0 {
		o.HistoryMessages = 8 // so few that there are gaps
	}
	handled := map[string][]string{} // of the rooms' turns
	var mu sync.Mutex
	h := serve(t, "", o, func(s *simplysocket.Server) {
		s.HandleRoom("room/{n}", func(room *simplysocket.Room) error {
			simplysocket.On(room, "x", func(m *simplysocket.Member, l line) error {
				mu.Lock()
				handled[room.Name()] = append(handled[room.Name()], l.Text)
				mu.Unlock()
				return room.Broadcast("x", l)
			})
			return nil
		})
	})
	heard := make([]map[string][]string, simClients)
	rooms := make([][]*client.Room, simClients)
	cables := make([]*cable, simClients)
	for i := range simClients {
		log := map[string][]string{}
		heard[i] = log
		cables[i] = &cable{host: h, rng: rand.New(rand.NewPCG(seed, uint64(2*i+1)))}
		conn := connect(t, h.URL, client.Options{NetDial: cables[i].dial, MinBackoff: time.Millisecond, MaxBackoff: 200 * time.Millisecond})
		for n := range simRooms {
			name := fmt.Sprint("room/", n)
			rooms[i] = append(rooms[i], join(t, conn, name, nil, func(r *client.Room) {
				client.On(r, "x", func(_ string, l line) { log[name] = append(log[name], l.Text) })
				r.OnGap(func(client.Gap) { log[name] = append(log[name], "gap") })
				r.OnClosed(func(why client.LeaveReason) { t.Errorf("client %d is out of %s: %s", i, name, why) })
			}))
		}
	}
	for _, c := range cables {
		c.start()
	}
	var talking sync.WaitGroup
	for i := range simClients {
		words := rand.New(rand.NewPCG(seed, uint64(2*i+2)))
		talking.Go(func() {
			for n := range simMessages {
				text := fmt.Sprintf("%d/%d", i, n)
				if err := rooms[i][words.IntN(simRooms)].Send(t.Context(), "x", line{text}); err != nil {
					t.Errorf("%s: %v", text, err)
				}
				time.Sleep(time.Duration(words.IntN(50)) * time.Millisecond)
			}
		})
	}
	talking.Wait()
	time.Sleep(time.Minute) // for clients that are still on their way back
	synctest.Wait()

	once := map[string]int{}
	for name, whole := range handled {
		for _, text := range whole {
			once[text]++
		}
		for i := range heard {
			if !servertest.Explains(heard[i][name], whole) {
				t.Errorf("client %d received %v in %s, which sent %v", i, heard[i][name], name, whole)
			}
		}
	}
	for text, n := range once {
		if n != 1 {
			t.Errorf("%s was handled %d times", text, n)
		}
	}
	if len(once) != simClients*simMessages {
		t.Errorf("%d messages were handled, want %d", len(once), simClients*simMessages)
	}
	for i, c := range cables {
		if c.cuts < 5 {
			t.Errorf("client %d was disconnected %d times", i, c.cuts)
		}
	}
}

// cable makes connections that break after some bytes.
type cable struct {
	host *host
	rng  *rand.Rand

	mu      sync.Mutex
	started bool
	first   net.Conn
	cuts    int
}

// start breaks the connection that was used for the setup.
func (c *cable) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = true
	_ = c.first.Close()
}

func (c *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nc, err := c.host.Dial(ctx, network, address)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil || c.cuts == simCuts:
		return nc, err
	case !c.started:
		c.first = nc
		return nc, nil
	}
	c.cuts++
	return pipe.Brittle(nc, c.rng, 6000, 3000), nil
}
