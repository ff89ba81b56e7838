package simplysocket_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// TestCapacityRace: 10,000 clients race for 100 places, and exactly 100 get one.
func TestCapacityRace(t *testing.T) {
	const racers, seats = 10_000, 100
	h := serve(t, true, nil, func(s *simplysocket.Server) {
		s.HandleRoom("arena", func(room *simplysocket.Room) error {
			room.SetCapacity(seats)
			room.OnJoin(func(*simplysocket.Join) error { return nil })
			return nil
		})
	})
	clients := make([]*peer, racers)
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for i := part; i < racers; i += 8 {
				clients[i] = h.connect()
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	var in, full atomic.Int64
	start := make(chan struct{})
	for part := range 64 {
		wg.Go(func() {
			<-start
			for i := part; i < racers; i += 64 {
				// A full mailbox answers busy; a racer tries again.
				for {
					m := clients[i].Ask("join-room", "arena", nil)
					switch m.Code() {
					case "":
						in.Add(1)
					case "room-full":
						full.Add(1)
					case "busy":
						continue
					default:
						t.Errorf("got %v", m)
					}
					break
				}
			}
		})
	}
	close(start)
	wg.Wait()
	if in.Load() != seats || full.Load() != racers-seats {
		t.Errorf("%d are in and %d found it full", in.Load(), full.Load())
	}
	// A place that becomes free is given away again, once.
	for _, c := range clients {
		if len(h.Client(c.id).Rooms()) > 0 {
			c.Call("leave-room", "arena", nil)
			break
		}
	}
	var again atomic.Int64
	for i := range 100 {
		wg.Go(func() {
			c := clients[racers-1-i]
			if len(h.Client(c.id).Rooms()) == 0 && c.Ask("join-room", "arena", nil).Action == "ack" {
				again.Add(1)
			}
		})
	}
	wg.Wait()
	if again.Load() != 1 {
		t.Errorf("%d got the place that became free", again.Load())
	}
}

// TestBlockedHandler: with a handler that never returns, its own room stops, fills up and
// answers busy; nothing else does.
func TestBlockedHandler(t *testing.T) {
	release := make(chan struct{})
	h := serve(t, false, &simplysocket.Options{MailboxMessages: 10, MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) {
		s.HandleRoom("stuck", func(room *simplysocket.Room) error {
			simplysocket.On(room, "block", func(*simplysocket.Member, simplysocket.None) error { <-release; return nil })
			return nil
		})
		s.HandleRoom("free", simplysocket.Relay)
	})
	defer close(release)
	a, b := h.member("stuck"), h.member("free")
	a.Send("block", "stuck", nil)
	for range 10 {
		a.Send("wait", "stuck", nil)
	}
	for {
		a.Send("wait", "stuck", nil)
		if m := a.Expect("error"); m.Code() == "busy" {
			break
		}
	}
	for { // others have shares of their own, until it is full
		c := h.connect()
		c.Write(envelope(1, "join-room", "stuck", nil))
		waitForReceived(h)
		if len(c.Received()) > 1 {
			if m := c.Answer(1); m.Code() != "busy" {
				t.Errorf("got %v", m)
			}
			break
		}
	}
	for range 100 {
		b.Call("x", "free", nil)
	}
	a.Call("join-room", "free", nil)
	a.Call("x", "free", nil)
	a.Refused("x", "", nil, "unknown-action")
	busy := h.Stats().Busy
	if busy == 0 {
		t.Error("busy is not counted")
	}
	b.Refused("join-room", "stuck", nil, "busy")
	if got := h.Stats().Busy; got != busy+1 {
		t.Errorf("a refused join: %d are counted as busy, want %d", got, busy+1)
	}
	// One leave has a place, a second one does not.
	a.Send("leave-room", "stuck", nil)
	for range 100 {
		a.Refused("leave-room", "stuck", nil, "not-a-member")
	}
	if err := h.Room("stuck").Send("x", nil); err == nil {
		t.Error("a full mailbox accepted a message of the server")
	}
	// A leave always has a place; the client is free at once.
	_ = a.Conn.CloseNow()
	b.Until("a leaves", func(m message) bool { return m.Action == "client-left-room" && m.Field("client") == a.id })
}

// TestMailboxBytes: a mailbox is bounded in bytes too, but a single message always has a
// place.
func TestMailboxBytes(t *testing.T) {
	release := make(chan struct{})
	h := serve(t, false, &simplysocket.Options{MailboxBytes: 16 << 10, MessageRate: simplysocket.Unlimited}, func(s *simplysocket.Server) {
		s.HandleRoom("stuck", func(room *simplysocket.Room) error {
			simplysocket.On(room, "block", func(*simplysocket.Member, simplysocket.None) error { <-release; return nil })
			simplysocket.On(room, "large", func(*simplysocket.Member, simplysocket.None) error { return nil })
			return nil
		})
	})
	a := h.member("stuck")
	body := object{"x": strings.Repeat("x", 10<<10)}
	a.Send("block", "stuck", nil)
	a.Send("large", "stuck", body)
	a.Refused("large", "stuck", body, "busy")
	a.Send("large", "stuck", object{"x": "small"})
	close(release)
	body["x"] = strings.Repeat("x", 60<<10)
	waitFor(t, "a place", func() bool { return a.Ask("large", "stuck", body).Action == "ack" })
}

// mute joins a room over a socket with small buffers, and reads nothing more.
func (h *host) mute(room string) *peer {
	h.t.Helper()
	c := h.member(room, func(o *dialOptions) {
		o.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			nc, err := d.DialContext(ctx, network, address)
			if err == nil {
				err = nc.(*net.TCPConn).SetReadBuffer(64 << 10)
			}
			return nc, err
		}
	})
	c.Pause()
	return c
}

// TestSlowMember: one of many members never reads. It is closed with 4008 when its outbox
// is full, and all the others receive everything.
func TestSlowMember(t *testing.T) {
	const members, messages = 20, 250
	h := serve(t, false, &simplysocket.Options{
		MessageRate: simplysocket.Unlimited, OutboxBytes: 64 << 10,
		CloseTimeout: time.Hour, HeartbeatInterval: time.Hour, // it reads its close, however long the others take
	})
	others := make([]*peer, members)
	for i := range others {
		others[i] = h.member("r")
	}
	slow := h.mute("r")
	body := object{"x": strings.Repeat("x", 32<<10)}
	for range messages {
		others[0].Call("x", "r", body)
	}
	for i, c := range others {
		n := 0
		c.Until(fmt.Sprintf("all messages at member %d", i), func(m message) bool {
			if m.Action == "x" {
				n++
			}
			return n == messages
		})
		c.Forget()
	}
	if s := h.Stats(); s.Overflows != 1 {
		t.Errorf("%d overflows", s.Overflows)
	}
	if h.Client(slow.id) != nil {
		t.Error("the slow client is still a client")
	}
	slow.Resume()
	if end := slow.Closing(); end.Code != 4008 {
		t.Errorf("closed with %v", end)
	}
}

// TestOverflowPolicies: a member does not read for a while, in rooms of each policy, and
// gets what that policy keeps when it reads again.
func TestOverflowPolicies(t *testing.T) {
	ofRoom := func(policy simplysocket.Overflow) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error { room.SetOverflow(policy); return nil }
	}
	ofBroadcast := func(policy simplysocket.Overflow) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			room.OnMessage(func(m *simplysocket.Member, msg *simplysocket.Message) error {
				return room.Broadcast(msg.Action, msg.MessageBody, simplysocket.From(m), simplysocket.WithOverflow(policy))
			})
			return nil
		}
	}
	for name, tt := range map[string]struct {
		policy simplysocket.Overflow
		setup  func(simplysocket.Overflow) func(*simplysocket.Room) error
	}{
		"oldest":              {simplysocket.OverflowDropOldest, ofRoom},
		"newest":              {simplysocket.OverflowDropNewest, ofRoom},
		"conflate":            {simplysocket.OverflowConflate, ofRoom},
		"oldest of broadcast": {simplysocket.OverflowDropOldest, ofBroadcast},
	} {
		policy := tt.policy
		t.Run(name, func(t *testing.T) {
			const messages = 300
			h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, OutboxBytes: 256 << 10, HeartbeatInterval: time.Hour}, func(s *simplysocket.Server) {
				s.HandleRoom("r", tt.setup(policy))
			})
			a := h.member("r")
			slow := h.mute("r")
			for i := range messages {
				a.Call("x", "r", object{"i": i, "x": strings.Repeat("x", 32<<10)})
			}
			slow.Resume()
			a.Call("end", "r", nil)
			slow.Expect("end")
			got, gaps, last := 0, 0, uint64(0)
			newest := -1
			for _, m := range slow.Received() {
				switch m.Action {
				case "x":
					got++
					newest = decode[struct{ I int }](t, m.Body).I
					if policy != simplysocket.OverflowConflate && last != 0 && m.Seq > last+2 { // an ack to the sender has a number too
						t.Errorf("silent loss between %d and %d", last, m.Seq)
					}
					last = m.Seq
				case "gap":
					gap := decode[struct{ Epoch, From, To uint64 }](t, m.Body)
					if gap.From <= last || gap.To < gap.From || gap.Epoch == 0 || m.Room != "r" || !m.IsTargetClient {
						t.Errorf("gap %v after %d", m, last)
					}
					gaps++
					last = gap.To
				}
			}
			if got == messages {
				t.Skip("the socket accepted everything")
			}
			if (gaps > 0) != (policy != simplysocket.OverflowConflate) {
				t.Errorf("%d gaps for %d lost", gaps, messages-got)
			}
			if policy != simplysocket.OverflowDropNewest && newest != messages-1 {
				t.Errorf("the newest is %d", newest)
			}
			if s := h.Stats(); (s.Dropped > 0) != (gaps > 0) || s.Overflows != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// TestChurn: clients come, join, talk, leave and vanish continuously. Goroutines, heap
// and descriptors do not grow.
func TestChurn(t *testing.T) {
	const rounds = 8
	h := serve(t, false, &simplysocket.Options{EmptyRoomTimeout: time.Millisecond, MessageRate: simplysocket.Unlimited})
	round := func() {
		var wg sync.WaitGroup
		for worker := range 16 {
			wg.Go(func() {
				for i := range 10 {
					c, err := h.open(fmt.Sprintf("?room=a/%d&room=b/%d", i, worker))
					if err != nil {
						t.Error(err)
						return
					}
					for n := range 20 {
						c.Send("join-room", fmt.Sprintf("c/%d", n%3), nil)
						c.Send("x", fmt.Sprintf("c/%d", n%3), nil)
						c.Send("leave-room", fmt.Sprintf("c/%d", n%3), nil)
					}
					if i%2 == 0 {
						c.Call("x", "", nil)
						_ = c.Conn.WriteClose(1000, "")
						_ = c.Closing()
					}
					_ = c.Conn.CloseNow()
					<-c.Done()
				}
			})
		}
		wg.Wait()
		waitFor(t, "all to be gone", func() bool { s := h.Stats(); return s.Clients == 0 && s.Rooms == 1 })
	}
	round()
	goroutines, heap, files := resources()
	for range rounds {
		round()
	}
	goroutines2, heap2, files2 := resources()
	if goroutines2 > goroutines+5 || files2 > files+5 || heap2 > heap+(2<<20) {
		stacks := make([]byte, 64<<10)
		t.Errorf("goroutines %d -> %d, heap %d -> %d, descriptors %d -> %d\n%s", goroutines, goroutines2, heap, heap2, files, files2, stacks[:runtime.Stack(stacks, true)])
	}
	if s := h.Stats(); s.Joins != s.Leaves {
		t.Errorf("%d joins, %d leaves", s.Joins, s.Leaves)
	}
}

// TestSoak: after a million joins and as many leaves, goroutines, heap and descriptors
// have not grown.
func TestSoak(t *testing.T) {
	if !*soak || raced {
		t.Skip("it takes minutes: -drill.soak, without the race detector")
	}
	const clients, batch, rounds = 50, 1000, 20
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited, OutboxMessages: 10_000, EmptyRoomTimeout: 10 * time.Millisecond})
	all := make([]*peer, clients)
	for i := range all {
		all[i] = h.connect()
	}
	round := func() {
		var wg sync.WaitGroup
		for i, c := range all {
			wg.Go(func() {
				for n := range batch {
					room := fmt.Sprintf("room/%d", (i+n)%10)
					c.Send("join-room", room, nil)
					if n%20 < 19 {
						c.Send("leave-room", room, nil)
						continue
					}
					c.Call("leave-room", room, nil) // no client falls behind
					c.Forget()
				}
			})
		}
		wg.Wait()
		waitFor(t, "the rooms to close", func() bool { return h.Stats().Rooms == 1 })
	}
	round()
	goroutines, heap, files := resources()
	for range rounds {
		round()
	}
	goroutines2, heap2, files2 := resources()
	if goroutines2 > goroutines+5 || files2 > files+5 || heap2 > heap+(4<<20) {
		t.Errorf("goroutines %d -> %d, heap %d -> %d, descriptors %d -> %d", goroutines, goroutines2, heap, heap2, files, files2)
	}
	if s := h.Stats(); s.Joins < 1_000_000 || s.Leaves != s.Joins-clients {
		t.Errorf("%d joins, %d leaves", s.Joins, s.Leaves)
	}
}

// resources counts everything that must not grow.
func resources() (goroutines int, heap uint64, files int) {
	// The last connections may still be closing, and idle pooled goroutines end after 100
	// ms.
	for last, same := 0, 0; same < 30; time.Sleep(10 * time.Millisecond) {
		if now := runtime.NumGoroutine(); now == last {
			same++
		} else {
			last, same = now, 0
		}
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc, openFiles()
}

// openFiles counts the descriptors; it returns none if there is no /dev/fd.
func openFiles() int {
	open, _ := os.ReadDir("/dev/fd")
	return len(open)
}

// TestPingFlood: a client sends pings and reads no pongs. The memory that waits for it
// does not grow, and the others do not notice.
func TestPingFlood(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited}) // or it is disconnected
	witness := h.member("r")
	conn, err := socket.Dial(t.Context(), h.URL, socket.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	h.waitForClients(2)
	_, before, _ := resources()
	const rounds = 2000
	pings := []byte(strings.Repeat(rawFrame(0x89, strings.Repeat("x", 125)), 100))
	for range rounds {
		if err := conn.Write(pings); err != nil {
			t.Fatal(err)
		}
	}
	witness.Call("x", "r", nil)
	sent := uint64(rounds * len(pings)) // 26 MB, of which the pools may keep some
	if _, after, _ := resources(); after > before+sent/4 {
		t.Errorf("the heap went from %d to %d for %d bytes of pings", before, after, sent)
	}
}

// TestSlowHandshakes: hundreds of connections never complete their requests, and do not
// keep others from being served.
func TestSlowHandshakes(t *testing.T) {
	h := serve(t, false, nil)
	address := strings.TrimSuffix(strings.TrimPrefix(h.URL, "ws://"), "/ws")
	for range 500 {
		nc, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_, _ = nc.Write([]byte("GET /ws HT"))
	}
	h.member("r").Call("x", "r", nil)
}
