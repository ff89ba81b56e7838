package simplysocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestMisuse: application code does what it must not, at random and from everywhere at
// once. This never ends the process or costs a place. It runs for a second;
// `-drill.misuse 10m` runs for that long.
func TestMisuse(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	m := &misuser{rng: rand.New(rand.NewPCG(1, 2))}
	h := serve(t, false, &simplysocket.Options{
		ResumeWindow:     100 * time.Millisecond,
		EmptyRoomTimeout: 10 * time.Millisecond,
		CloseTimeout:     200 * time.Millisecond,
		MessageRate:      simplysocket.Unlimited,
		MailboxMessages:  64,
		Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
			return simplysocket.Identity{User: r.Header.Get("X-User")}, m.failRarely()
		},
		SameIdentity: func(a, b simplysocket.Identity) bool { _ = m.failRarely(); return a.User == b.User },
		Trace:        hostileTrace(func() { _ = m.fail() }),
		Logger:       slog.New(hostileHandler{func() { _ = m.fail() }}),
	}, m.configure)
	ctx, cancel := context.WithTimeout(context.Background(), max(*misuse, time.Second))
	defer cancel()
	var workers sync.WaitGroup
	for range 100 {
		workers.Go(func() { m.client(ctx, h) })
	}
	for range 4 {
		workers.Go(func() { m.application(ctx, h) })
	}
	workers.Wait()
	for c := range h.Clients() {
		c.Disconnect(4003, "")
	}
	waitFor(t, "every place to be free", func() bool {
		s := h.Stats()
		return s.Clients == 0 && s.Disconnected == 0 && s.Rooms == 1 && s.Connects == s.Disconnects && s.Joins == s.Leaves
	})
	waitFor(t, "a client to be admitted", func() bool {
		c, err := h.try("", header("X-User", "late"))
		if err != nil {
			return false
		}
		waitFor(t, "its welcome or its end", func() bool { return c.Ended() || len(c.Received()) > 0 })
		return len(c.Received()) > 0
	})
	waitFor(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() < goroutines+40 }) // idle ones are pooled
}

type misuser struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (m *misuser) n(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rng.IntN(n)
}

// fail does one of the things that a function of the application must not do.
func (m *misuser) fail() error {
	on := true
	switch m.n(12) {
	case 0:
		panic("on purpose")
	case 1:
		runtime.Goexit()
	case 2:
		panic(hostileError{})
	case 3:
		return (*simplysocket.Error)(nil)
	case 4:
		return (*brokenError)(nil)
	case 5:
		return hostileError{}
	case 6:
		panic(moody{&on})
	case 7:
		return &simplysocket.Error{Code: "\xff", Message: "\xff"}
	case 8:
		return fmt.Errorf("wrapped: %w", hostileError{})
	case 9:
		return errors.New("plain")
	}
	return nil
}

func (m *misuser) failRarely() error {
	if m.n(8) == 0 {
		return m.fail()
	}
	return nil
}

// value is something that may have no JSON encoding.
func (m *misuser) value() any {
	on := m.n(2) == 0
	return []any{
		nil, moody{&on}, json.RawMessage("{\"a\":\"\xff\"}"), json.RawMessage("{"), deep(200), make(chan int),
		map[string]any{"f": func() {}}, 7, []int{1}, "text", object{"ok": true}, object{"pad": fmt.Sprintf("%9000d", 1)},
	}[m.n(12)]
}

func (m *misuser) name() string {
	return []string{"r/1", "r/2", "", "lobby", "\xff", "a//b", "server", "x y"}[m.n(8)]
}

func (m *misuser) action() string {
	return []string{"x", "welcome", "left-room", "$x", "", "\x00", "client-joined-room"}[m.n(7)]
}

func (m *misuser) configure(s *simplysocket.Server) {
	s.OnConnect(func(context.Context, *simplysocket.Client) error { return m.failRarely() })
	s.Use(func(next simplysocket.Handler) simplysocket.Handler {
		return func(r *simplysocket.Request) (any, error) {
			if m.n(20) == 0 {
				return m.value(), m.fail()
			}
			return next(r)
		}
	})
	s.HandleRoom("r/{n}", func(room *simplysocket.Room) error {
		if m.n(20) == 0 {
			return m.fail()
		}
		key := simplysocket.NewKey[any]("k", simplysocket.Listed())
		timer := simplysocket.NewTimer(room, "t", func(any) error { return m.fail() })
		task := simplysocket.NewTask(room, "t", func(context.Context, int) (any, error) { return m.value(), m.fail() },
			func(int, any, error) error { return m.failRarely() })
		room.OnJoin(func(j *simplysocket.Join) error {
			_, _ = j.Welcome(m.value()), j.Announce(m.value())
			return m.failRarely()
		})
		room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return m.failRarely() })
		room.OnDrop(func(*simplysocket.Member) error { return m.failRarely() })
		room.OnResume(func(*simplysocket.Member) error { return m.failRarely() })
		room.OnClose(func() error { return m.failRarely() })
		room.Every(20*time.Millisecond, func() error { return m.failRarely() })
		simplysocket.OnCall(room, "x", func(member *simplysocket.Member, _ simplysocket.None) (any, error) {
			switch m.n(14) {
			case 0:
				return nil, m.fail()
			case 1:
				member.Kick()
			case 2:
				room.Close()
			case 3:
				timer.Set(time.Millisecond, m.value())
			case 4:
				task.Start(1)
			case 5:
				return nil, member.JoinRoom(m.name(), m.value())
			case 6:
				return nil, member.Send(m.action(), m.value())
			case 7:
				key.Set(room, m.value())
			case 8:
				return nil, room.Deliver(&simplysocket.Message{Action: m.action(), Sender: "\xff", Target: m.name(), IsTargetClient: m.n(2) == 0})
			case 9:
				room.SetFlushInterval(time.Duration(m.n(3)) * time.Millisecond)
			case 10:
				room.OnClose(func() error { return nil }) // registers after the setup
			}
			return m.value(), room.Broadcast(m.action(), m.value(), nil, simplysocket.From(member))
		})
		return nil
	})
}

func (m *misuser) client(ctx context.Context, h *host) {
	for ctx.Err() == nil {
		var opts []dialOption
		if m.n(2) == 0 {
			opts = append(opts, v1)
		}
		c, err := h.open("", append(opts, header("X-User", fmt.Sprint("u", m.n(5))))...)
		if err != nil {
			continue
		}
		if len(opts) > 0 {
			_ = c.Conn.WriteText([]byte(`{"action":"hello"}`))
		}
		for id := uint64(1); id < 30 && ctx.Err() == nil && !c.Ended(); id++ {
			_ = c.Conn.WriteText([]byte(envelope(id, []string{"x", "x", "join-room", "leave-room", "history"}[m.n(5)], []string{"r/1", "r/2", ""}[m.n(3)], nil)))
			time.Sleep(time.Duration(m.n(3)) * time.Millisecond)
		}
		if m.n(2) == 0 {
			_ = c.Conn.WriteClose(uint16(1000+m.n(16)), "")
		}
		c.CutOff()
	}
}

// application is the server's own code outside rooms.
func (m *misuser) application(ctx context.Context, h *host) {
	for ctx.Err() == nil {
		for c := range h.Clients() {
			switch m.n(40) {
			case 0:
				c.Disconnect(protocol.CloseCode(m.n(6000)), "caf\xe9")
			case 1:
				_ = c.SetInfo(m.value())
			case 2:
				_ = c.Join(m.name(), m.value())
			case 3:
				_ = c.Leave(m.name())
			case 4:
				_ = c.Send(m.action(), m.value())
			}
		}
		ref := h.Room(m.name())
		_ = ref.Send(m.action(), m.value())
		_ = ref.Broadcast(m.action(), m.value(), nil)
		call, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		on := true
		_ = ref.Call(call, "x", m.value(), &moody{&on})
		cancel()
		_ = h.User("u1").Send(m.action(), m.value())
		time.Sleep(time.Millisecond)
	}
}
