package simplysocket_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// elapsed records events and their times, in seconds since it was made.
type elapsed struct {
	since  time.Time
	events []string
}

func (e *elapsed) note(now time.Time, what string) {
	at := now.Sub(e.since)
	if servertest.Late() > 0 {
		at = at.Round(100 * time.Millisecond)
	}
	e.events = append(e.events, fmt.Sprintf("%s@%.3g", what, at.Seconds()))
}

// exactly reports whether something took exactly as long as it should. With late releases
// it may take longer by the delay of a few releases.
func exactly(took, want time.Duration) bool {
	return took >= want && took <= want+16*servertest.Late()
}

func (e *elapsed) check(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(e.events, want) {
		t.Errorf("got %v, want %v", e.events, want)
	}
}

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := elapsed{since: time.Now()}
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				bell := simplysocket.NewTimer(room, "bell", func(n count) error {
					seen.note(room.Now(), fmt.Sprint("bell", n.N))
					return room.Broadcast("bell", n)
				})
				failing := simplysocket.NewTimer(room, "failing", func(n count) error {
					if err := room.Broadcast("dropped", nil); err != nil {
						return err
					}
					bell.Set(time.Second, count{99})
					return errors.New("no")
				})
				simplysocket.On(room, "set", func(_ *simplysocket.Member, n count) error {
					bell.Set(time.Duration(n.N)*time.Second, n)
					return nil
				})
				simplysocket.On(room, "stop", func(*simplysocket.Member, simplysocket.None) error { bell.Stop(); return nil })
				simplysocket.On(room, "fail", func(*simplysocket.Member, simplysocket.None) error {
					failing.Set(time.Second, count{})
					return nil
				})
				return nil
			})
		})
		c := h.member("r")
		c.Call("set", "r", count{10})
		time.Sleep(11 * time.Second) // @11
		c.Call("set", "r", count{10})
		time.Sleep(5 * time.Second) // @16
		c.Call("set", "r", count{7})
		time.Sleep(8 * time.Second) // @24
		c.Call("set", "r", count{5})
		c.Call("stop", "r", nil)
		c.Call("fail", "r", nil)
		time.Sleep(time.Minute)
		seen.check(t, "bell10@10", "bell7@23")
		for _, m := range c.Received() {
			if m.Action == "dropped" {
				t.Error("the output of a timer that failed was released")
			}
		}
		if m := c.Expect("bell"); string(m.Body) != `{"n":10}` || m.Sender != "server" {
			t.Errorf("got %v", m)
		}

		// A room that closes ends its timers.
		c.Call("set", "r", count{60})
		c.Call("leave-room", "r", nil)
		time.Sleep(time.Hour)
		seen.check(t, "bell10@10", "bell7@23")
	})
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := elapsed{since: time.Now()}
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				room.Every(time.Second, func() error { seen.note(room.Now(), "tick"); return nil })
				room.Every(2500*time.Millisecond, func() error { seen.note(room.Now(), "tock"); return nil })
				simplysocket.On(room, "busy", func(_ *simplysocket.Member, n count) error {
					time.Sleep(time.Duration(n.N) * time.Millisecond)
					return nil
				})
				return nil
			})
		})
		c := h.member("r")
		time.Sleep(3100 * time.Millisecond)
		c.Call("busy", "r", count{2200}) // from 3.1 to 5.3: the beats of 4 and 5 become one
		time.Sleep(1400 * time.Millisecond)
		seen.check(t, "tick@1", "tick@2", "tock@2.5", "tick@3", "tick@5.3", "tock@5.3", "tick@6")
	})
}

func TestNowNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var times []time.Time
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				times = append(times, room.Now())
				simplysocket.On(room, "now", func(*simplysocket.Member, simplysocket.None) error {
					first := room.Now()
					time.Sleep(time.Second) // the time does not advance within an entry
					if !room.Now().Equal(first) {
						t.Error("the time advanced within an entry")
					}
					times = append(times, first)
					return nil
				})
				return nil
			})
		})
		c := h.member("r")
		for range 5 {
			c.Call("now", "r", nil)
		}
		if !slices.IsSortedFunc(times, time.Time.Compare) || !exactly(times[5].Sub(began), 4*time.Second) {
			t.Errorf("times %v", times)
		}
	})
}

func TestTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := elapsed{since: time.Now()}
		canceled := make(chan error, 1)
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				lookup := simplysocket.NewTask(room, "lookup", func(ctx context.Context, n count) (note, error) {
					switch n.N {
					case 1:
						return note{}, simplysocket.Errorf("not-found", "nothing there")
					case 2:
						return note{}, errors.New("disk on fire")
					case 3:
						panic("boom")
					case 4:
						<-ctx.Done()
						canceled <- ctx.Err()
						return note{}, ctx.Err()
					}
					time.Sleep(time.Duration(n.N) * time.Second)
					return note{"found"}, nil
				}, func(n count, found note, err error) error {
					seen.note(room.Now(), fmt.Sprint(n.N, found.Text))
					if err != nil {
						return room.Broadcast("failed", note{err.Error()})
					}
					return room.Broadcast("found", found)
				})
				simplysocket.On(room, "lookup", func(_ *simplysocket.Member, n count) error { lookup.Start(n); return nil })
				simplysocket.On(room, "close", func(*simplysocket.Member, simplysocket.None) error { room.Close(); return nil })
				simplysocket.On(room, "hi", func(*simplysocket.Member, simplysocket.None) error { return nil })
				return nil
			})
		})
		c := h.member("r")
		c.Call("lookup", "r", count{10})
		c.Call("hi", "r", nil) // the room does not wait
		if !exactly(time.Since(seen.since), 0) {
			t.Error("the room waited for the task")
		}
		c.Expect("found")
		for n, want := range map[int]string{1: "not-found: nothing there", 2: "task: disk on fire", 3: "task: panic: boom"} {
			c.Call("lookup", "r", count{n})
			if m := c.Expect("failed"); m.Field("text") != want {
				t.Errorf("task %d: %v", n, m)
			}
		}
		if got := h.Stats().Panics; got != 1 {
			t.Errorf("counted %d panics", got)
		}
		c.Call("hi", "r", nil) // a task that panics does not close the room
		c.Call("lookup", "r", count{4})
		c.Call("close", "r", nil)
		if err := <-canceled; !errors.Is(err, context.Canceled) {
			t.Errorf("the task's context: %v", err)
		}
	})
}

// TestEmptyRoomCloses: it closes after a while, unless somebody comes back.
func TestEmptyRoomCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := elapsed{since: time.Now()}
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				seen.note(time.Now(), "open")
				room.OnClose(func() error { seen.note(time.Now(), "close"); return nil })
				return nil
			})
			s.HandleRoom("shy", func(room *simplysocket.Room) error {
				room.OnJoin(func(*simplysocket.Join) error { return simplysocket.Errorf("forbidden", "no") })
				return nil
			})
		})
		c := h.connect()
		c.Call("join-room", "r", nil)
		time.Sleep(time.Minute)
		c.Call("leave-room", "r", nil)
		time.Sleep(29 * time.Second)
		c.Call("join-room", "r", nil) // @89
		time.Sleep(time.Minute)
		c.Call("leave-room", "r", nil) // @149
		time.Sleep(31 * time.Second)
		seen.check(t, "open@0", "close@179")
		if err := h.Room("r").Send("x", nil); !errors.Is(err, simplysocket.ErrRoomClosed) {
			t.Errorf("Send: %v", err)
		}
		c.Call("join-room", "r", nil)
		seen.check(t, "open@0", "close@179", "open@180")

		c.Refused("join-room", "shy", nil, "forbidden") // a room that nobody entered closes at once
		synctest.Wait()
		if got := h.Stats().Rooms; got != 2 {
			t.Errorf("%d rooms are open, want r and the lobby", got)
		}
	})
}

// TestFlushInterval: a room gathers its output.
func TestFlushInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				room.SetFlushInterval(50 * time.Millisecond)
				room.SetTimestamps(true)
				return nil
			})
		})
		c := h.member("r")
		began := time.Now()
		for range 5 {
			c.Send("x", "r", nil)
			time.Sleep(time.Millisecond)
		}
		for i := range 5 {
			m := c.Expect("x")
			if took := time.Since(began); !exactly(took, 50*time.Millisecond) {
				t.Errorf("message %d came after %v", i, took)
			}
			if want := began.UnixMilli() + int64(i); m.Time != want {
				t.Errorf("message %d has the time %d, want %d", i, m.Time, want)
			}
		}
		c.Call("leave-room", "r", nil)
	})
}

// TestSlowTurn: an entry's output does not wait for the next entry.
func TestSlowTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				simplysocket.On(room, "slow", func(*simplysocket.Member, simplysocket.None) error {
					time.Sleep(time.Second)
					return room.Broadcast("done", nil)
				})
				return nil
			})
		})
		c := h.member("r")
		began := time.Now()
		for range 3 {
			c.Send("slow", "r", nil)
		}
		for i := range 3 {
			c.Expect("done")
			if took := time.Since(began); !exactly(took, time.Duration(i+1)*time.Second) {
				t.Errorf("message %d came after %v", i, took)
			}
		}
	})
}

// TestRoomCountIsPaced: no matter how many join, the count is announced once per second.
func TestRoomCountIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, &simplysocket.Options{AnnounceMaxMembers: 2})
		first := h.member("r")
		h.member("r")
		for range 30 {
			h.member("r")
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var counts []string
		for _, m := range first.Received() {
			if m.Action == "room-count" {
				counts = append(counts, string(m.Body))
			}
		}
		if len(counts) < 3 || len(counts) > 4 || counts[len(counts)-1] != `{"count":32}` {
			t.Errorf("counts %v", counts)
		}
	})
}

// TestPasswordWindow: ten wrong passwords per minute and address.
func TestPasswordWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		a, b := h.connect(), h.connect()
		a.Call("join-room", "r", object{"password": "secret"})
		for range 10 {
			b.Refused("join-room", "r", object{"password": "wrong"}, "forbidden")
		}
		b.Refused("join-room", "r", object{"password": "secret"}, "rate-limited")
		time.Sleep(61 * time.Second)
		b.Call("join-room", "r", object{"password": "secret"})
	})
}
