package simplysockettest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// journal is a room that writes down what happens to it, and tells its members.
func journal(room *simplysocket.Room) error {
	log := simplysocket.NewState(room, "log", []string{})
	note := func(format string, args ...any) error {
		line := fmt.Sprintf(format, args...)
		*log = append(*log, line)
		return room.Broadcast("noted", word{line})
	}
	bell := simplysocket.NewTimer(room, "bell", func(n number) error { return note("bell %d at %s", n.N, room.Now().Format("05")) })
	think := simplysocket.NewTask(room, "think", func(_ context.Context, n number) (number, error) { return n, nil },
		func(q, _ number, err error) error {
			return note("task %d: %t", q.N, errors.Is(err, simplysocket.ErrInterrupted))
		})
	room.OnRestore(func(down time.Duration) error { return note("down for %v", down) })
	room.OnDrop(func(m *simplysocket.Member) error { return note("lost %s", m.ID()) })
	room.OnLeave(func(m *simplysocket.Member, reason simplysocket.LeaveReason) error {
		return note("%s has left: %v", m.ID(), reason)
	})
	room.OnResume(func(m *simplysocket.Member) error { return note("%s is back", m.ID()) })
	room.OnClose(func() error { return note("closed") })
	simplysocket.On(room, "bell", func(_ *simplysocket.Member, n number) error {
		bell.Set(time.Duration(n.N)*time.Second, n)
		return nil
	})
	simplysocket.On(room, "think", func(_ *simplysocket.Member, n number) error { think.Start(n); return nil })
	simplysocket.OnCall(room, "log", func(*simplysocket.Member, simplysocket.None) (map[string][]string, error) {
		return map[string][]string{"log": *log}, nil
	})
	return nil
}

func logOf(t *testing.T, c *kit.Client) []string {
	t.Helper()
	var reply map[string][]string
	if err := c.Call("log", nil, &reply); err != nil {
		t.Error(err)
	}
	return reply["log"]
}

// noted returns what a client was told of the log, and reads all.
func noted(c *kit.Client) (lines []string) {
	for _, m := range c.Messages() {
		if m.Action == "noted" {
			var w word
			if m.Decode(&w) == nil {
				lines = append(lines, w.Word)
			}
		}
	}
	c.Skip()
	return lines
}

// TestCrash: what happens at a crash, in its order, and what clients see of it.
func TestCrash(t *testing.T) {
	for what, opts := range map[string][]kit.Option{"plain": nil, "forgetful": {kit.Forgetful()}} {
		t.Run(what, func(t *testing.T) {
			room := kit.Open(t, "r", journal, opts...)
			ann, bob, cid := room.Join("ann"), room.Join("bob", kit.Plain()), room.Join("cid")
			cid.Drop()
			ann.Send("think", number{1})
			ann.Send("think", number{2})
			ann.Send("bell", number{5})
			room.Advance(2 * time.Second) // the next entry but one is news of cid
			before := room.Now()
			noted(ann)
			noted(bob)
			room.Crash(10 * time.Second)
			if now := room.Now(); now.Sub(before) != 10*time.Second {
				t.Errorf("it was down for %v", now.Sub(before))
			}
			if len(room.Tasks()) != 0 || room.Closed() || !ann.Away() || !bob.Away() || !ann.IsMember() || bob.IsMember() {
				t.Error("there are tasks or connections left, or the wrong members")
			}
			if reason, left := bob.Left(); !left || reason != simplysocket.LeaveReasonDropped {
				t.Errorf("bob has left: %v, %v", left, reason)
			}
			if got := room.Members(); !slices.Equal(got, []string{"ann", "cid"}) {
				t.Errorf("the members are %q", got)
			}
			ann.Resume()
			want := []string{"lost cid", "down for 11.8s", "lost ann", "bob has left: dropped", "task 1: true", "task 2: true", "bell 5 at 12", "ann is back"}
			if got := logOf(t, ann); !slices.Equal(got, want) {
				t.Errorf("the log is %q", got)
			}
			if got := noted(ann); !slices.Equal(got, want[1:]) {
				t.Errorf("ann has read %q", got)
			}
			if got := noted(bob); got != nil {
				t.Errorf("bob has read %q", got)
			}
			cid.Resume() // 12 seconds after the drop
			if got := noted(cid); !slices.Equal(got, append(want, "cid is back")) {
				t.Errorf("cid has read %q", got)
			}
		})
	}
}

// TestWindowsInCrash: the windows of clients that were away go on, those of the others begin
// when the room is back.
func TestWindowsInCrash(t *testing.T) {
	room := kit.Open(t, "r", journal, kit.ServerOptions(simplysocket.Options{ResumeWindow: 10 * time.Second}))
	ann, bob, cid := room.Join("ann"), room.Join("bob"), room.Join("cid")
	ann.Drop()
	room.Advance(5 * time.Second)
	bob.Drop()
	room.Crash(7 * time.Second)
	if ann.IsMember() || !bob.IsMember() || !cid.IsMember() {
		t.Errorf("the members are %q", room.Members())
	}
	room.Advance(3 * time.Second)
	if bob.IsMember() || !cid.IsMember() {
		t.Errorf("the members are %q", room.Members())
	}
	room.Advance(7*time.Second - 1)
	cid.Resume()
	if got := logOf(t, cid); !slices.Equal(got[2:], []string{"down for 7s", "lost cid", "ann has left: dropped", "bob has left: dropped", "cid is back"}) {
		t.Errorf("the log is %q", got)
	}
}

// TestPostAtRestore: what OnRestore sends to the room itself has arrived when Crash returns.
func TestPostAtRestore(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		posts := simplysocket.NewState(room, "posts", number{})
		room.OnRestore(func(time.Duration) error { return room.Ref().Send("post", number{4}) })
		simplysocket.OnServer(room, "post", func(n number) error {
			posts.N += n.N
			return room.Broadcast("posts", *posts)
		})
		return nil
	}, kit.Forgetful())
	ann := room.Join("ann")
	room.Crash(0)
	room.Crash(0)
	ann.Resume()
	kit.ExpectLast(ann, "posts", func(n number) bool { return n.N == 8 })
}

// TestCrashOfNothing: a room that is not open has no process.
func TestCrashOfNothing(t *testing.T) {
	room := kit.Open(t, "r", journal)
	ann := room.Join("ann")
	room.Close()
	before := room.Now()
	room.Crash(time.Minute)
	if !room.Closed() || ann.Away() || room.Now().Sub(before) != time.Minute {
		t.Error("it is open, or ann is away, or no time has passed")
	}
	room.Join("ann")
}

// TestCrashLoses: what is not stored opens anew.
func TestCrashLoses(t *testing.T) {
	ephemeral := func(room *simplysocket.Room) error {
		room.SetDurability(simplysocket.DurabilityEphemeral)
		return journal(room)
	}
	for what, setup := range map[string]func(*simplysocket.Room) error{"ephemeral": ephemeral, "without a state": game} {
		t.Run(what, func(t *testing.T) {
			room := kit.Open(t, "r", setup, kit.Forgetful())
			ann := room.Join("ann")
			room.Join("bob")
			room.Crash(time.Second)
			if !room.Closed() || ann.IsMember() || len(room.Members()) != 0 {
				t.Error("the room is not lost")
			}
			ann.Skip()
			ann.Resume()
			kit.ExpectActions(ann, "left-room")
			room.Join("ann")
			kit.ExpectActions(ann, "joined-room")
		})
	}
	room := kit.Open(t, "r", simplysocket.Relay)
	room.Join("ann")
	if room.Crash(time.Second); room.Closed() {
		t.Error("a relay room is lost")
	}
}

// TestCrashRefused: a room that does not want to be restored is kept as it was, and tried
// again.
func TestCrashRefused(t *testing.T) {
	tooLong := errors.New("too long")
	setup := func(room *simplysocket.Room) error {
		if err := journal(room); err != nil {
			return err
		}
		room.OnRestore(func(down time.Duration) error {
			if down < 2*time.Minute || down > time.Hour {
				return tooLong
			}
			return room.Broadcast("restored", word{down.String()})
		})
		return nil
	}
	for what, opts := range map[string][]kit.Option{"plain": nil, "forgetful": {kit.Forgetful()}} {
		t.Run(what, func(t *testing.T) {
			opts = append(opts, kit.ServerOptions(simplysocket.Options{ResumeWindow: 10 * time.Minute}))
			room := kit.Open(t, "r", setup, opts...)
			ann, bob, cid := room.Join("ann"), room.Join("bob"), room.Join("cid", kit.Plain())
			ann.Send("think", number{1})
			ann.Skip()
			bob.Skip()
			if err := room.CrashRefused(time.Second); !errors.Is(err, tooLong) {
				t.Error(err)
			}
			if !room.Closed() || ann.IsMember() || cid.IsMember() {
				t.Error("it is open, or somebody is in it")
			}
			room.JoinRefused(protocol.CodeInternal, "dan")
			ann.Resume()
			kit.ExpectActions(ann, "left-room")
			ann.SendRefused(protocol.CodeUnknownRoom, "log", nil)
			room.Advance(time.Second)
			if err := room.CrashRefused(time.Second); !errors.Is(err, tooLong) {
				t.Error(err)
			}
			ann.Resume()
			room.Advance(2 * time.Minute)
			eve := room.Join("eve")
			if got, want := room.Members(), []string{"bob", "eve"}; !slices.Equal(got, want) {
				t.Errorf("the members are %q, want %q", got, want)
			}
			kit.ExpectActions(ann)
			bob.Resume()
			kit.Expect(bob, "restored", func(w word) bool { return w.Word == "2m3s" })
			want := []string{"lost ann", "lost bob", "cid has left: dropped", "task 1: true", "ann has left: dropped", "bob is back"}
			if got := noted(bob); !slices.Equal(got, want) {
				t.Errorf("bob has read %q", got)
			}
			if got := logOf(t, eve); !slices.Equal(got, want) {
				t.Errorf("the log is %q", got)
			}
			room.Crash(3 * time.Minute)
		})
	}
}

// TestCrashSetup: a setup that fails when the room is restored.
func TestCrashSetup(t *testing.T) {
	var broken error
	setup := func(room *simplysocket.Room) error {
		if broken != nil && broken.Error() == "panic" {
			panic(broken)
		}
		if broken != nil {
			return broken
		}
		return journal(room)
	}
	room := kit.Open(t, "r", setup, kit.Forgetful())
	ann := room.Join("ann")
	broken = errors.New("no database")
	if err := room.CrashRefused(time.Second); !errors.Is(err, broken) {
		t.Error(err)
	}
	broken = errors.New("panic")
	if f := room.ExpectFailure(func() { room.Crash(0) }); len(f) != 1 || f[0].Entry != "the setup" || f[0].Stack == nil {
		t.Error(f)
	}
	broken = nil
	if room.Crash(time.Second); room.Closed() || !ann.IsMember() {
		t.Error("it was not restored")
	}
	ann.Resume()
	if got := logOf(t, ann); !slices.Equal(got, []string{"down for 2s", "lost ann", "ann is back"}) {
		t.Errorf("the log is %q", got)
	}
}

// TestCrashAndClose: a room may close because it was down, or panic.
func TestCrashAndClose(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		simplysocket.NewState(room, "game", number{})
		room.OnRestore(func(down time.Duration) error {
			if down > time.Minute {
				panic("too long")
			}
			room.Close()
			return nil
		})
		return nil
	}, kit.Forgetful())
	ann := room.Join("ann")
	room.Crash(time.Second)
	if reason, left := ann.Left(); !room.Closed() || !left || reason != simplysocket.LeaveReasonClosed {
		t.Errorf("closed: %v, ann has left: %v, %v", room.Closed(), left, reason)
	}
	ann.Resume()
	room.Join("ann")
	if f := room.ExpectFailure(func() { room.Crash(time.Hour) }); len(f) != 1 || f[0].Entry != "the restore" {
		t.Error(f)
	}
	if !room.Closed() {
		t.Error("it is open after a panic")
	}
}

// TestCrashFailures: what a test must not do around a crash.
func TestCrashFailures(t *testing.T) {
	for what, tt := range map[string]struct {
		test  func(testing.TB)
		words string
	}{
		"an interrupted task": {func(t testing.TB) {
			room := kit.Open(t, "r", journal)
			room.Join("ann").Send("think", number{1})
			task := room.Task("think")
			room.Crash(0)
			task.Finish(number{1})
		}, `the task "think" was interrupted by a crash`},
		"no task": {func(t testing.TB) {
			room := kit.Open(t, "r", journal)
			room.Join("ann").Send("think", number{1})
			room.Crash(0)
			room.Task("think")
		}, `has not started a task "think", or it is done`},
		"away": {func(t testing.TB) {
			room := kit.Open(t, "r", journal)
			ann := room.Join("ann")
			room.Crash(0)
			ann.Send("think", number{1})
		}, `ann is away`},
		"a plain client": {func(t testing.TB) {
			room := kit.Open(t, "r", journal)
			ann := room.Join("ann", kit.Plain())
			room.Crash(0)
			ann.Resume()
		}, `the session of ann has ended`},
		"backwards": {func(t testing.TB) { kit.Open(t, "r", journal).Crash(-1) }, `a process cannot be down for -1ns`},
		"refused": {func(t testing.TB) {
			room := kit.Open(t, "r", func(room *simplysocket.Room) error {
				simplysocket.NewState(room, "game", number{})
				room.OnRestore(func(time.Duration) error { return errors.New("too long") })
				return nil
			})
			room.Join("ann")
			room.Crash(time.Second)
		}, `room "r" could not be restored: internal: too long`},
		"not refused": {func(t testing.TB) {
			_ = kit.Open(t, "r", journal).CrashRefused(time.Second)
		}, `room "r" should have refused to be restored, but did not`},
		"in a handler": {func(t testing.TB) {
			var room *kit.Room
			room = kit.Open(t, "r", func(r *simplysocket.Room) error {
				simplysocket.On(r, "go", func(*simplysocket.Member, simplysocket.None) error { room.Crash(0); return nil })
				return nil
			})
			room.Join("ann").Send("go", nil)
		}, "the code of a room must not use the kit: a process crashes between entries"},
		"a plain variable": {func(t testing.TB) {
			room := kit.Open(t, "r", func(room *simplysocket.Room) error {
				simplysocket.NewState(room, "game", number{})
				lost := 0
				room.OnDrop(func(*simplysocket.Member) error { lost++; return nil })
				room.OnRestore(func(time.Duration) error { lost++; return nil })
				simplysocket.On(room, "lost", func(*simplysocket.Member, simplysocket.None) error { return room.Broadcast("lost", number{lost}) })
				return nil
			}, kit.Forgetful())
			ann := room.Join("ann")
			room.Crash(time.Second)
			ann.Resume()
			ann.Send("lost", nil)
		}, `"lost" by ann: {"N":0}, and {"N":2} without`},
	} {
		t.Run(what, func(t *testing.T) { mustFail(t, tt.test, tt.words) })
	}
}
