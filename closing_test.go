package simplysocket_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// gated is a room whose "block" and "close" wait at a gate, so that a test decides which
// entries are in the same batch and which come after it.
type gated struct {
	*host
	gate  chan chan struct{}
	heard chan int
}

func gatedRoom(t *testing.T) *gated {
	g := &gated{gate: make(chan chan struct{}, 8), heard: make(chan int, 100)}
	g.host = coded(t, "r", func(room *simplysocket.Room) error {
		wait := func() {
			c := make(chan struct{})
			g.gate <- c
			<-c
		}
		simplysocket.On(room, "block", func(*simplysocket.Member, simplysocket.None) error { wait(); return nil })
		simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { wait(); room.Close(); return nil })
		simplysocket.On(room, "blow", func(*simplysocket.Member, simplysocket.None) error { wait(); panic("boom") })
		simplysocket.On(room, "say", func(_ *simplysocket.Member, n struct{ N int }) error { g.heard <- n.N; return nil })
		simplysocket.OnServer(room, "credit", func(n struct{ N int }) error { g.heard <- n.N; return nil })
		return nil
	})
	return g
}

// batch makes the admin close the room, with before() in the same batch as that message,
// and after() in the next one.
func (g *gated) batch(admin *peer, how string, before, after func()) {
	admin.Send("block", "r", nil)
	first := <-g.gate
	admin.Send(how, "r", nil)
	waitForReceived(g.host)
	before()
	waitForReceived(g.host)
	close(first)
	second := <-g.gate
	after()
	waitForReceived(g.host)
	close(second)
}

// waitForReceived waits until the server has read everything written.
func waitForReceived(h *host) {
	for last, same := h.Stats().Received, 0; same < 20; time.Sleep(time.Millisecond) {
		if now := h.Stats().Received; now == last {
			same++
		} else {
			last, same = now, 0
		}
	}
}

// TestCloseKeepsTheOrder: entries in the batch of a close are handled before later ones,
// by the room that opens next.
func TestCloseKeepsTheOrder(t *testing.T) {
	for _, how := range []string{"close", "blow"} {
		t.Run(how, func(t *testing.T) {
			g := gatedRoom(t)
			admin, other, c := g.member("r"), g.connect(), g.connect()
			g.batch(admin, how, func() {
				other.Write(envelope(1, "join-room", "r", nil)) // opens the next room
				c.Write(envelope(1, "join-room", "r", nil))
				c.Write(envelope(2, "say", "r", object{"N": 1}))
			}, func() {
				c.Write(envelope(3, "say", "r", object{"N": 2}))
				c.Write(envelope(4, "leave-room", "r", nil))
				c.Write(envelope(5, "join-room", "r", nil))
				c.Write(envelope(6, "say", "r", object{"N": 3}))
			})
			for id := uint64(1); id <= 6; id++ {
				if m := c.AnswerOf(id); m.Action != "ack" {
					t.Errorf("%d: %v", id, m)
				}
			}
			other.AnswerOf(1)
			if got := drain(g.heard); !slices.Equal(got, []int{1, 2, 3}) {
				t.Errorf("handled %v", got)
			}
		})
	}
}

// TestCloseAnswersItsMembers: messages sent to the room that closed do not reach the next
// one, but messages sent after joining the next one do.
func TestCloseAnswersItsMembers(t *testing.T) {
	g := gatedRoom(t)
	admin, c := g.member("r"), g.connect()
	c.Write(envelope(1, "join-room", "r", nil))
	c.AnswerOf(1)
	g.batch(admin, "close", func() {
		c.Write(envelope(11, "say", "r", object{"N": 1}))
	}, func() {
		c.Write(envelope(12, "leave-room", "r", nil))
		c.Write(envelope(13, "join-room", "r", nil))
		c.Write(envelope(14, "say", "r", object{"N": 2}))
	})
	for id, want := range map[uint64]string{11: "unknown-room", 12: "", 13: "", 14: ""} {
		if m := c.AnswerOf(id); m.Code() != want {
			t.Errorf("%d: %v, want %q", id, m, want)
		}
	}
	if got := drain(g.heard); !slices.Equal(got, []int{2}) {
		t.Errorf("handled %v", got)
	}
}

func drain(heard chan int) (all []int) {
	for {
		select {
		case n := <-heard:
			all = append(all, n)
		default:
			return all
		}
	}
}

// TestServerMessageToARoomThatCloses: the next room handles the message, or it is
// counted.
func TestServerMessageToARoomThatCloses(t *testing.T) {
	g := gatedRoom(t)
	admin, c := g.member("r"), g.connect()
	send := func(n int) {
		if err := g.Room("r").Send("credit", object{"N": n}); err != nil {
			t.Error(err)
		}
	}
	g.batch(admin, "close", func() { send(1) }, func() {
		c.Write(envelope(1, "join-room", "r", nil))
		waitForReceived(g.host)
		send(2)
	})
	c.AnswerOf(1)
	waitFor(t, "the message after the join", func() bool { return len(g.heard) == 1 })
	if got := drain(g.heard); !slices.Equal(got, []int{2}) || g.Stats().Unhandled != 1 {
		t.Errorf("handled %v, unhandled %d", got, g.Stats().Unhandled)
	}
}

// TestCallToARoomThatCloses: the caller gets ErrRoomClosed.
func TestCallToARoomThatCloses(t *testing.T) {
	g := gatedRoom(t)
	admin := g.member("r")
	admin.Send("close", "r", nil)
	second := <-g.gate
	called := make(chan error)
	go func() { called <- g.Room("r").Call(context.Background(), "credit", nil, nil) }()
	time.Sleep(10 * time.Millisecond)
	close(second)
	if err := <-called; !errors.Is(err, simplysocket.ErrRoomClosed) {
		t.Errorf("got %v", err)
	}
}

// TestSetupWaitsForOnClose: the next setup sees what OnClose saved, however the room
// ends.
func TestSetupWaitsForOnClose(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *host, *peer){
		"close": func(_ *testing.T, _ *host, c *peer) { c.Send("close", "r", nil) },
		"panic": func(_ *testing.T, _ *host, c *peer) { c.Send("blow", "r", nil) },
		"empty": func(t *testing.T, _ *host, c *peer) {
			c.Call("leave-room", "r", nil)
			time.Sleep(30 * time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var saved, open atomic.Int64
			h := serve(t, false, &simplysocket.Options{EmptyRoomTimeout: 10 * time.Millisecond}, func(s *simplysocket.Server) {
				s.HandleRoom("r", func(room *simplysocket.Room) error {
					if open.Add(1) != 1 {
						t.Error("set up before the last OnClose has returned")
					}
					seen := saved.Load()
					room.OnClose(func() error {
						time.Sleep(20 * time.Millisecond)
						saved.Store(seen + 1)
						open.Add(-1)
						return nil
					})
					simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { room.Close(); return nil })
					simplysocket.On(room, "blow", func(*simplysocket.Member, simplysocket.None) error { panic("boom") })
					return nil
				})
			})
			c := h.member("r")
			for range 5 {
				end(t, h, c)
				c.Call("join-room", "r", nil)
			}
			c.Call("leave-room", "r", nil)
			waitFor(t, "the last close", func() bool { return open.Load() == 0 })
			if saved.Load() != 6 {
				t.Errorf("%d openings saved", saved.Load())
			}
		})
	}
}

// TestOnLeaveOnce: it runs once for each member, no matter what the hook does to the
// others.
func TestOnLeaveOnce(t *testing.T) {
	for name, act := range map[string]func(*simplysocket.Room, *simplysocket.Member){
		"kicks others": func(room *simplysocket.Room, m *simplysocket.Member) {
			for other := range room.Members() {
				if other != m {
					other.Kick()
				}
			}
		},
		"kicks itself": func(_ *simplysocket.Room, m *simplysocket.Member) { m.Kick() },
		"closes":       func(room *simplysocket.Room, _ *simplysocket.Member) { room.Close() },
		"panics":       func(*simplysocket.Room, *simplysocket.Member) { panic("leave") },
	} {
		for _, first := range []string{"close", "kick"} {
			t.Run(name+"/"+first, func(t *testing.T) {
				var mu sync.Mutex
				left := map[string]int{}
				done := make(chan struct{})
				h := coded(t, "r", func(room *simplysocket.Room) error {
					simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { room.Close(); return nil })
					simplysocket.On(room, "kick", func(m *simplysocket.Member, _ simplysocket.None) error { m.Kick(); room.Close(); return nil })
					room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
						mu.Lock()
						left[m.ID()]++
						mu.Unlock()
						act(room, m)
						return nil
					})
					room.OnClose(func() error { close(done); return nil })
					return nil
				})
				var clients []*peer
				for range 6 {
					clients = append(clients, h.member("r"))
				}
				// The lobby admits them in turns of its own, which no other room waits
				// for.
				waitFor(t, "the lobby to have them all", func() bool { return h.Stats().Joins == 12 })
				clients[0].Send(first, "r", nil)
				<-done
				for _, c := range clients {
					c.Expect("left-room")
				}
				mu.Lock()
				defer mu.Unlock()
				for id, n := range left {
					if n != 1 {
						t.Errorf("OnLeave %d times for %s", n, id)
					}
				}
				waitFor(t, "as many leaves as joins, except for the lobby's", func() bool {
					s := h.Stats()
					return s.Joins-s.Leaves == 6
				})
			})
		}
	}
}

// TestCreateIsExact: of many clients that create a room one succeeds, even while the last
// one closes.
func TestCreateIsExact(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{EmptyRoomTimeout: time.Millisecond})
	for range 20 {
		var created atomic.Int64
		var clients sync.WaitGroup
		for range 8 {
			c := h.connect()
			clients.Go(func() {
				if m := c.Ask("join-room", "r", object{"create": true}); m.Action == "ack" {
					created.Add(1)
				} else if m.Code() != "room-exists" {
					t.Errorf("got %v", m)
				}
			})
		}
		clients.Wait()
		if created.Load() != 1 {
			t.Fatalf("%d created the room", created.Load())
		}
		for c := range h.Clients() {
			c.Disconnect(4100, "")
		}
		waitFor(t, "the room to end", func() bool { return h.Stats().Rooms == 1 })
	}
}

// TestShutdownIsBusy: during a shutdown, joins are refused with a code that says to try
// elsewhere.
func TestShutdownIsBusy(t *testing.T) {
	release := make(chan struct{})
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.OnClose(func() error { <-release; return nil })
		simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
		return nil
	})
	c, d := h.member("r"), h.connect()
	down := make(chan error)
	go func() { down <- h.Shutdown(context.Background()) }()
	waitFor(t, "the lobby to close", func() bool { return h.Stats().Rooms == 1 })
	c.Write(envelope(50, "x", "r", nil)) // waits for a room that will not open again
	d.Write(envelope(50, "join-room", "r", nil))
	d.Write(envelope(51, "history", "r", nil))
	d.Write(envelope(52, "x", "r", nil))
	d.Write(envelope(53, "x", "", nil))
	waitForReceived(h)
	close(release)
	if err := <-down; err != nil {
		t.Error(err)
	}
	if m := c.AnswerOf(50); m.Code() != "busy" {
		t.Errorf("got %v", m)
	}
	for id := uint64(50); id <= 53; id++ {
		if m := d.AnswerOf(id); m.Code() != "busy" {
			t.Errorf("%d: %v", id, m)
		}
	}
}

// TestReopenUnderLoad: rooms close and open while clients join and send. Each
// acknowledged message was handled, in the order of its sender, and no setup runs before
// the last OnClose. `-drill.reopens 1000` runs that many.
func TestReopenUnderLoad(t *testing.T) {
	var openings, early, inverted atomic.Int64
	var open atomic.Bool
	var mu sync.Mutex
	handled := map[string]int{}
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			openings.Add(1)
			if open.Swap(true) {
				early.Add(1)
			}
			room.OnClose(func() error { open.Store(false); return nil })
			simplysocket.OnServer(room, "close", func(simplysocket.None) error { room.Close(); return nil })
			simplysocket.On(room, "say", func(m *simplysocket.Member, n struct{ N int }) error {
				mu.Lock()
				defer mu.Unlock()
				if n.N <= handled[m.ID()] {
					inverted.Add(1)
				}
				handled[m.ID()] = n.N
				return nil
			})
			return nil
		})
	})
	stop := make(chan struct{})
	var senders sync.WaitGroup
	for range 8 {
		c := h.connect()
		senders.Go(func() { sendThrough(c, stop, &mu, handled) })
	}
	for openings.Load() < int64(*reopens) {
		_ = h.Room("r").Send("close", nil)
		time.Sleep(500 * time.Microsecond)
	}
	close(stop)
	senders.Wait()
	if early.Load()+inverted.Load() > 0 {
		t.Errorf("in %d openings: %d early setups, %d inversions", openings.Load(), early.Load(), inverted.Load())
	}
}

// sendThrough joins and sends in windows of ten, regardless of what happens to the room,
// and checks that acknowledged messages were handled.
func sendThrough(c *peer, stop <-chan struct{}, mu *sync.Mutex, handled map[string]int) {
	for id := uint64(1); ; {
		select {
		case <-stop:
			return
		default:
		}
		first := id
		c.Write(envelope(id, "join-room", "r", nil))
		for range 10 {
			id++
			c.Write(envelope(id, "say", "r", object{"N": id}))
		}
		last := uint64(0)
		for n := first; n <= id; n++ {
			if m := c.AnswerOf(n); m.Action == "ack" && n > first {
				last = n
			} else if m.Action == "error" && m.Code() != "unknown-room" && m.Code() != "not-a-member" {
				c.t.Errorf("%v", m)
			}
		}
		mu.Lock()
		if handled[c.id] < int(last) {
			c.t.Errorf("%d was acknowledged, and %d was the last handled", last, handled[c.id])
		}
		mu.Unlock()
		c.Forget()
		id++
	}
}
