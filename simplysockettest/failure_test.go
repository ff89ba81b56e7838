package simplysockettest_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// recorder is a test that keeps its failures.
type recorder struct {
	testing.TB
	log strings.Builder
}

func (r *recorder) Helper()                        {}
func (r *recorder) Output() io.Writer              { return &r.log }
func (r *recorder) Errorf(format string, a ...any) { fmt.Fprintf(&r.log, "FAIL "+format+"\n", a...) }

func (r *recorder) Fatalf(format string, a ...any) {
	r.Errorf(format, a...)
	runtime.Goexit()
}

// failing runs a test that should fail and returns what it has printed.
func failing(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r.log.String()
}

// mustFail fails the test unless what it runs fails once, with these words.
func mustFail(t *testing.T, test func(testing.TB), words ...string) {
	t.Helper()
	got := failing(t, test)
	if n := strings.Count(got, "FAIL "); n != 1 {
		t.Errorf("%d failures: %s", n, got)
	}
	for _, want := range words {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in: %s", want, got)
		}
	}
}

func TestFailures(t *testing.T) {
	started := func(t testing.TB) (*kit.Room, *kit.Client, *kit.Client) {
		room := kit.Open(t, "game/1", game)
		ann, bob := room.Join("ann"), room.Join("bob")
		ann.Send("start", nil)
		return room, ann, bob
	}
	for what, tt := range map[string]struct {
		test  func(testing.TB)
		words []string
	}{
		"nothing came": {func(t testing.TB) {
			_, _, bob := started(t)
			kit.Expect[number](bob, "time-up")
		}, []string{`bob was to receive "time-up" and did not`, `* seq 7  round-started {"N":1}`}},
		"something else came": {func(t testing.TB) {
			room, ann, _ := started(t)
			room.Advance(time.Second)
			ann.Send("start", nil)
			kit.Expect(ann, "round-started", func(n number) bool { return n.N == 2 })
		}, []string{`ann has received round-started {"N":1}, which is not as expected`, "  seq 7  round-started", `* seq 9  round-started {"N":2}`}},
		"one of two conditions": {func(t testing.TB) {
			_, ann, _ := started(t)
			kit.Expect(ann, "round-started", func(n number) bool { return n.N == 1 }, func(n number) bool { return n.N == 2 })
		}, []string{"(condition 2 of 2)"}},
		"the wrong type": {func(t testing.TB) {
			_, ann, _ := started(t)
			kit.Expect[struct{ N string }](ann, "round-started")
		}, []string{`round-started {"N":1}, which is no struct { N string }`}},
		"it came": {func(t testing.TB) {
			_, _, bob := started(t)
			kit.ExpectNone(bob, "round-started")
		}, []string{`bob was not to receive "round-started", and did: round-started {"N":1}`}},
		"other actions": {func(t testing.TB) {
			_, _, bob := started(t)
			kit.ExpectActions(bob, "round-started")
		}, []string{`bob was to receive ["round-started"], and received ["joined-room" "round-started"]`}},
		"refused": {func(t testing.TB) {
			kit.Open(t, "game/1", game).Join("ann").Send("guess", word{"go"})
		}, []string{`room "game/1" refused "guess" of ann: no-round: nobody has started`}},
		"unknown action": {func(t testing.TB) {
			kit.Open(t, "game/1", game).Join("ann").Send("dance", nil)
		}, []string{`unknown-action`}},
		"accepted": {func(t testing.TB) {
			_, ann, _ := started(t)
			ann.SendRefused("no-round", "guess", word{"go"})
		}, []string{`room "game/1" accepted "guess" of ann, but should have refused it with "no-round"`}},
		"refused otherwise": {func(t testing.TB) {
			kit.Open(t, "game/1", game).Join("ann").SendRefused("full", "guess", word{"go"})
		}, []string{`refused "guess" of ann with "no-round: nobody has started", but should have done so with "full"`}},
		"away": {func(t testing.TB) {
			_, ann, _ := started(t)
			ann.Drop()
			ann.Send("start", nil)
		}, []string{`room "game/1": ann is away: it cannot ask for anything`}},
		"back too late": {func(t testing.TB) {
			room, ann, _ := started(t)
			ann.Drop()
			room.Advance(time.Minute)
			ann.Resume()
		}, []string{"the session of ann has ended"}},
		"twice": {func(t testing.TB) {
			room, _, _ := started(t)
			room.Join("ann")
		}, []string{"ann is a member already"}},
		"no task": {func(t testing.TB) {
			room, _, _ := started(t)
			room.Task("lookup")
		}, []string{`has not started a task "lookup", or it is done`}},
		"a task of a room that has closed": {func(t testing.TB) {
			room, ann, _ := started(t)
			ann.Send("look-up", word{"go"})
			task := room.Task("lookup")
			room.Close()
			task.Run()
		}, []string{`the task "lookup" is done, or the room that started it has closed`}},
		"an action of the protocol": {func(t testing.TB) {
			_, ann, _ := started(t)
			ann.Send("leave-room", nil)
		}, []string{`"leave-room" belongs to the protocol`}},
		"a setup": {func(t testing.TB) {
			kit.Open(t, "r", func(*simplysocket.Room) error { return errors.New("no database") })
		}, []string{`room "r": its setup failed: internal: no database`}},
		"a setup that panics": {func(t testing.TB) {
			kit.Open(t, "r", func(*simplysocket.Room) error { panic("no database") })
		}, []string{"no database", "failure_test.go"}},
		"a setup that fails later": {func(t testing.TB) {
			openings := 0
			room := kit.Open(t, "r", func(*simplysocket.Room) error {
				if openings++; openings > 1 {
					return errors.New("no database")
				}
				return nil
			})
			room.Close()
			room.Join("ann")
		}, []string{`room "r" refused ann: internal: no database`}},
		"another user": {func(t testing.TB) {
			ann := kit.Open(t, "r", game).Join("ann", kit.As(simplysocket.Identity{User: "Ann"}))
			ann.Drop()
			ann.ResumeAs(simplysocket.Identity{User: "Eve"})
		}, []string{`ann is the user "Ann" and cannot resume as "Eve"`}},
		"a profile": {func(t testing.TB) {
			kit.Open(t, "r", game).Join("ann", kit.Info(word{strings.Repeat("x", 2000)}))
		}, []string{"the join of ann", "info is too large"}},
		"a body": {func(t testing.TB) {
			kit.Open(t, "r", game).Join("ann").Send("start", []int{1})
		}, []string{`the body of "start": not a JSON object`}},
		"an ID": {func(t testing.TB) { kit.Open(t, "r", game).Join("a b") }, []string{`"a b" cannot be the ID of a client`}},
		"direct": {func(t testing.TB) {
			_, ann, bob := started(t)
			ann.Direct(bob, "whisper", nil)
		}, []string{`refused "whisper" of ann to bob: forbidden`}},
		"history": {func(t testing.TB) {
			_, ann, _ := started(t)
			ann.History(0)
		}, []string{"does not show ann its history: forbidden"}},
		"the server": {func(t testing.TB) {
			room, _, _ := started(t)
			room.Send("x", nil)
		}, []string{`refused the server's "x": unknown-action`}},
		"a closed room": {func(t testing.TB) {
			room, _, _ := started(t)
			room.Close()
			room.Broadcast("x", nil)
		}, []string{"has closed already"}},
		"many messages": {func(t testing.TB) {
			room, ann, _ := started(t)
			for range 50 {
				room.Broadcast("x", word{strings.Repeat("y", 300)})
			}
			kit.ExpectLast[number](ann, "y")
		}, []string{`ann was to receive "y" and did not`, "... (311 bytes)", "33 unread ones are older"}},
		"a join that is let in": {func(t testing.TB) {
			room := kit.Open(t, "r", game)
			room.JoinRefused("bad-message", "ann")
		}, []string{`room "r" accepted the join of ann`}},
		"a name without a room": {func(t testing.TB) {
			srv, _ := simplysocket.New(nil)
			srv.HandleRoom("game/{id}", game)
			kit.OpenOn(t, srv, "chat/1")
		}, []string{`no room "chat/1"`}},
		"without end": {func(t testing.TB) {
			kit.Open(t, "r", func(room *simplysocket.Room) error {
				var again *simplysocket.Timer[number]
				again = simplysocket.NewTimer(room, "again", func(n number) error {
					again.Set(0, n)
					return nil
				})
				simplysocket.On(room, "go", func(*simplysocket.Member, simplysocket.None) error {
					again.Set(0, number{})
					return nil
				})
				return nil
			}).Join("ann").Send("go", nil)
		}, []string{`room "r" does not come to rest`}},
		"nothing failed": {func(t testing.TB) {
			room, ann, _ := started(t)
			room.ExpectFailure(func() { ann.Send("start", nil) })
		}, []string{"a failure was expected, and there was none"}},
	} {
		t.Run(what, func(t *testing.T) { mustFail(t, tt.test, tt.words...) })
	}
}

// faulty is a room whose code fails.
func faulty(room *simplysocket.Room) error {
	room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return errors.New("cannot say goodbye") })
	timer := simplysocket.NewTimer(room, "bell", func(number) error { return errors.New("the bell is broken") })
	simplysocket.On(room, "ring", func(*simplysocket.Member, simplysocket.None) error {
		timer.Set(time.Second, number{})
		return nil
	})
	simplysocket.On(room, "break", func(*simplysocket.Member, simplysocket.None) error { panic("broken") })
	simplysocket.On(room, "fail", func(*simplysocket.Member, simplysocket.None) error { return errors.New("no disk") })
	simplysocket.On(room, "post", func(*simplysocket.Member, simplysocket.None) error { return room.Ref().Send("nothing", nil) })
	return nil
}

// TestCodeThatFails: what a server only logs fails the test, unless it is expected.
func TestCodeThatFails(t *testing.T) {
	for what, tt := range map[string]struct {
		test  func(*kit.Room, *kit.Client)
		words []string
	}{
		"a hook":  {func(_ *kit.Room, ann *kit.Client) { ann.Leave() }, []string{"the leave of ann: OnLeave: cannot say goodbye"}},
		"a timer": {func(room *kit.Room, ann *kit.Client) { ann.Send("ring", nil); room.Advance(time.Second) }, []string{"the timer bell: the bell is broken"}},
		"a panic": {func(_ *kit.Room, ann *kit.Client) { ann.SendRefused("internal", "break", nil) }, []string{`"break" by ann: panic: broken`, "failure_test.go"}},
		"a post":  {func(_ *kit.Room, ann *kit.Client) { ann.Send("post", nil) }, []string{`"nothing" by the server: unknown-action`}},
	} {
		t.Run(what, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				room := kit.Open(t, "r", faulty)
				tt.test(room, room.Join("ann"))
			}, tt.words...)
			room := kit.Open(t, "r", faulty)
			ann := room.Join("ann")
			failures := room.ExpectFailure(func() { tt.test(room, ann) })
			if len(failures) != 1 || !strings.Contains(failures[0].String(), strings.TrimPrefix(tt.words[0], "FAIL ")) {
				t.Errorf("%v", failures)
			}
		})
	}
	room := kit.Open(t, "r", faulty)
	ann := room.Join("ann")
	err := ann.TrySend("fail", nil)
	var public *simplysocket.Error
	if !errors.As(err, &public) || public.Code != "internal" || err.Error() != "internal: no disk" {
		t.Errorf("an error that is not for clients: %v", err)
	}
	room.ExpectFailure(func() { ann.SendRefused("internal", "break", nil) })
	if !room.Closed() || ann.IsMember() {
		t.Error("a panic has not closed the room")
	}
}

// TestKitInHandler: a handler that uses the kit fails the test, which says why.
func TestKitInHandler(t *testing.T) {
	mustFail(t, func(t testing.TB) {
		var room *kit.Room
		room = kit.Open(t, "r", func(r *simplysocket.Room) error {
			simplysocket.On(r, "go", func(*simplysocket.Member, simplysocket.None) error {
				room.Advance(time.Second)
				room.Broadcast("x", nil)
				return nil
			})
			return nil
		})
		room.Join("ann").Send("go", nil)
	}, "the code of a room must not use the kit")
}

// TestFatalInHandler: a test may end in a handler.
func TestFatalInHandler(t *testing.T) {
	mustFail(t, func(t testing.TB) {
		room := kit.Open(t, "r", func(r *simplysocket.Room) error {
			simplysocket.On(r, "go", func(*simplysocket.Member, simplysocket.None) error {
				t.Fatalf("that is enough")
				return nil
			})
			return nil
		})
		room.Join("ann").Send("go", nil)
	}, "that is enough")
}
