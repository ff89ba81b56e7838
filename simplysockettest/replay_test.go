package simplysockettest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/replay"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// arcade is a room that does a little of everything. Its bonus is what a change of the code
// changes.
func arcade(bonus int) func(*simplysocket.Room) error {
	return func(room *simplysocket.Room) error {
		type total struct{ Points, Rounds int }
		all := simplysocket.NewState(room, "all", total{})
		points := simplysocket.NewTable[string, int](room, "points")
		plain := 0
		room.SetCapacity(4)
		room.SetTimestamps(true)
		next := simplysocket.NewTimer(room, "next", func(n number) error {
			all.Rounds += n.N
			return room.Broadcast("round", *all)
		})
		lookup := simplysocket.NewTask(room, "lookup", func(_ context.Context, n number) (number, error) { return n, nil },
			func(q, found number, err error) error {
				if err != nil {
					return room.Broadcast("not-found", q)
				}
				return room.Broadcast("found", found)
			})
		room.OnJoin(func(j *simplysocket.Join) error {
			if room.Rand().IntN(8) == 0 {
				return simplysocket.Errorf("unlucky", "not now")
			}
			return j.Welcome(total{Points: all.Points})
		})
		room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
			points.Delete(m.ID())
			return nil
		})
		room.OnDrop(func(m *simplysocket.Member) error {
			return room.Broadcast("away", number{plain}, simplysocket.Except(m))
		})
		simplysocket.OnCall(room, "score", func(m *simplysocket.Member, n number) (number, error) {
			before, _ := points.Get(m.ID())
			won := n.N + room.Rand().IntN(10)
			if won%5 == 4 && n.N != 7 {
				won += bonus
			}
			points.Set(m.ID(), before+won)
			all.Points += won
			plain++
			if n.N == 7 {
				return number{}, errors.New("seven is not allowed")
			}
			next.Set(time.Duration(won)*time.Second, number{1})
			return number{won}, room.Broadcast("scored", total{Points: all.Points}, simplysocket.From(m))
		})
		simplysocket.On(room, "look", func(_ *simplysocket.Member, n number) error {
			lookup.Start(n)
			return nil
		})
		simplysocket.On(room, "kick", func(m *simplysocket.Member, _ number) error {
			for other := range room.Members() {
				if other != m {
					other.Kick()
					break
				}
			}
			return m.JoinRoom("elsewhere", map[string]string{"password": "of-another-room"})
		})
		simplysocket.On(room, "move", func(*simplysocket.Member, number) error {
			return room.Broadcast("moved", number{plain}, simplysocket.Volatile(), simplysocket.Conflate("k"))
		})
		simplysocket.On(room, "break", func(*simplysocket.Member, number) error { panic("broken") })
		simplysocket.OnServer(room, "gift", func(n number) error {
			all.Points += n.N
			return nil
		})
		return nil
	}
}

// playArcade plays at random.
func playArcade(room *kit.Room, rng *rand.Rand, steps int) {
	for range steps {
		id := fmt.Sprint("player-", rng.IntN(6))
		c := room.Client(id)
		switch {
		case c == nil || !c.IsMember() && !c.Away():
			if rng.IntN(3) > 0 {
				_, _ = room.TryJoin(id, kit.Info(map[string]int{"level": rng.IntN(9)}))
			}
			continue
		case c.Away():
			if rng.IntN(2) == 0 {
				c.Resume()
			} else {
				room.Advance(time.Second)
			}
			continue
		}
		switch rng.IntN(14) {
		case 0:
			c.Drop()
		case 1:
			room.Advance(time.Duration(rng.IntN(5000)) * time.Millisecond)
		case 2:
			_ = c.TrySend("look", number{rng.IntN(5)})
		case 3:
			for _, task := range room.Tasks() {
				if rng.IntN(2) == 0 {
					task.Finish(number{rng.IntN(99)})
				} else {
					task.Fail(errors.New("down"))
				}
			}
		case 4:
			if rng.IntN(5) == 0 {
				_ = c.TrySend("kick", nil)
			}
		case 5:
			if !room.Closed() {
				room.Send("gift", number{rng.IntN(3)})
			}
		case 6:
			_ = c.TrySend("nonsense", nil)
		case 7:
			if rng.IntN(8) == 0 && !room.Closed() {
				room.ExpectFailure(func() { _ = c.TrySend("break", nil) })
			}
		case 8:
			_ = c.TrySend("move", nil)
		default:
			_ = c.TrySend("score", number{rng.IntN(9)})
		}
	}
}

func recordPlay(t testing.TB, seed uint64, steps int, o *simplysocket.RecordOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	room := kit.Open(t, "arcade/1", arcade(0), kit.Pattern("arcade/{n}"), kit.Seed(seed), kit.RecordTo(&b, o),
		kit.ServerOptions(simplysocket.Options{ResumeWindow: time.Hour}))
	playArcade(room, rand.New(rand.NewPCG(seed, 1)), steps)
	return b.Bytes()
}

func write(t testing.TB, recording []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording")
	if err := os.WriteFile(path, recording, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var inArcade = kit.Pattern("arcade/{n}")

// A thousand random plays replay as they were recorded, with short segments and long ones.
func TestReplayIsEqual(t *testing.T) {
	plays := 1000
	if testing.Short() {
		plays = 100
	}
	for seed := range plays {
		o := &simplysocket.RecordOptions{}
		if seed%2 == 0 {
			o.SegmentBytes = 4000
		}
		kit.Replay(t, write(t, recordPlay(t, uint64(seed), 60, o)), arcade(0), inArcade)
	}
}

// fake takes the failures of a test that is to fail.
type fake struct {
	testing.TB
	text   strings.Builder
	failed bool
}

func (f *fake) Helper()                   {}
func (f *fake) Logf(string, ...any)       {}
func (f *fake) Errorf(s string, a ...any) { f.failed = true; fmt.Fprintf(&f.text, s+"\n", a...) }
func (f *fake) Fatalf(s string, a ...any) { f.Errorf(s, a...); panic(f) }
func (f *fake) FailNow()                  { panic(f) }
func (f *fake) Failed() bool              { return f.failed }

// replayFailure returns what a replay says.
func replayFailure(t testing.TB, path string, setup func(*simplysocket.Room) error, opts ...kit.Option) string {
	t.Helper()
	f := &fake{TB: t}
	func() {
		defer func() {
			if v := recover(); v != nil && v != any(f) {
				panic(v)
			}
		}()
		kit.Replay(f, path, setup, opts...)
	}()
	return f.text.String()
}

// The first difference is that of the entry whose answer the change changes.
func TestReplayFindsAChange(t *testing.T) {
	found := 0
	for seed := range uint64(20) {
		path := write(t, recordPlay(t, seed, 60, nil))
		text := replayFailure(t, path, arcade(100), inArcade)
		if text == "" {
			continue
		}
		found++
		if !strings.Contains(text, `"score" by player-`) || !strings.Contains(text, "recorded: ") || strings.Count(text, "differently") != 1 {
			t.Fatalf("seed %d: %s", seed, text)
		}
	}
	if found < 10 {
		t.Errorf("%d of 20 recordings differ", found)
	}
}

// A room that is restored goes on in a new segment, and one whose code ends its goroutine, or
// that tells other rooms something, replays as well.
func TestReplayOfTroubles(t *testing.T) {
	setup := func(room *simplysocket.Room) error {
		n := simplysocket.NewState(room, "n", 0)
		plain := 0
		simplysocket.On(room, "count", func(*simplysocket.Member, simplysocket.None) error {
			*n++
			plain++
			if err := room.Ref().Send("echo", number{*n}); err != nil {
				return err
			}
			return room.Broadcast("counted", number{10**n + plain})
		})
		simplysocket.OnServer(room, "echo", func(by number) error { return room.Broadcast("echoed", by) })
		simplysocket.On(room, "exit", func(*simplysocket.Member, simplysocket.None) error {
			runtime.Goexit()
			return nil
		})
		return nil
	}
	var b bytes.Buffer
	room := kit.Open(t, "r", setup, kit.RecordTo(&b, nil))
	ann := room.Join("ann")
	ann.Send("count", nil)
	room.Crash(time.Second)
	ann.Resume()
	ann.Send("count", nil)
	kit.Replay(t, write(t, b.Bytes()), setup)

	srv, err := simplysocket.New(&simplysocket.Options{Logger: servertest.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	srv.HandleRoom("r", setup)
	conn := kit.Serve(t, srv).Dial(nil)
	joined, err := conn.Join(t.Context(), "r", nil)
	if err != nil {
		t.Fatal(err)
	}
	var live bytes.Buffer
	rec, err := srv.Room("r").Record(t.Context(), &live, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"count", "exit"} {
		_, _ = client.Call[simplysocket.None](t.Context(), joined, action, nil)
	}
	<-rec.Done() // it ends with the room
	kit.Replay(t, write(t, live.Bytes()), setup)
}

func TestReplaySaysWhichEntry(t *testing.T) {
	setup := func(most int) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			n := simplysocket.NewState(room, "n", 0)
			simplysocket.On(room, "count", func(_ *simplysocket.Member, by number) error {
				*n = min(*n+by.N, most)
				return room.Broadcast("counted", number{*n})
			})
			return nil
		}
	}
	var b bytes.Buffer
	room := kit.Open(t, "r", setup(100), kit.RecordTo(&b, nil))
	ann := room.Join("ann")
	for range 5 {
		ann.Send("count", number{2})
	}
	path := write(t, b.Bytes())
	text := replayFailure(t, path, setup(7))
	for _, want := range []string{`room "r", segment 1, entry 5 (position 5,`, `"count" by ann with {"N":2}`, `recorded: {"N":8}`, `now:      {"N":7}`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in: %s", want, text)
		}
	}
}

// With EveryDifference the segments after a difference are replayed as well.
func TestReplayGoesOn(t *testing.T) {
	path := write(t, recordPlay(t, 3, 300, &simplysocket.RecordOptions{SegmentBytes: 3000}))
	text := replayFailure(t, path, arcade(100), inArcade, kit.EveryDifference())
	if n := strings.Count(text, "answers differently"); n < 2 {
		t.Errorf("%d differences: %s", n, text)
	}
}

// What an older version of the program has declared is migrated.
func TestReplayMigrates(t *testing.T) {
	old := func(room *simplysocket.Room) error {
		n := simplysocket.NewState(room, "n", 5)
		simplysocket.OnCall(room, "more", func(*simplysocket.Member, simplysocket.None) (number, error) {
			*n++
			return number{*n}, nil
		})
		return nil
	}
	type counter struct{ Count int }
	migrated := func(room *simplysocket.Room) error {
		c := simplysocket.NewState(room, "n", counter{5}, simplysocket.Version(1, func(_ int, old json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`{"Count":` + string(old) + `}`), nil
		}))
		simplysocket.OnCall(room, "more", func(*simplysocket.Member, simplysocket.None) (number, error) {
			c.Count++
			return number{c.Count}, nil
		})
		return nil
	}
	var b bytes.Buffer
	room := kit.Open(t, "r", old, kit.RecordTo(&b, &simplysocket.RecordOptions{SegmentBytes: 500}))
	ann := room.Join("ann")
	for range 20 {
		_ = ann.Call("more", nil, nil)
	}
	path := write(t, afterFirst(t, b.Bytes()))
	kit.Replay(t, path, migrated)
	if text := replayFailure(t, path, func(room *simplysocket.Room) error {
		simplysocket.NewState(room, "n", counter{})
		return nil
	}); !strings.Contains(text, "cannot be restored") {
		t.Errorf("a state that does not decode: %q", text)
	}
}

// afterFirst cuts the first segment off.
func afterFirst(t testing.TB, recording []byte) []byte {
	t.Helper()
	i := bytes.Index(recording[1:], recording[:8])
	if i < 0 {
		t.Fatal("there is one segment")
	}
	return recording[1+i:]
}

// BenchmarkReplay measures an entry that is replayed and compared.
func BenchmarkReplay(b *testing.B) {
	path := write(b, recordPlay(b, 1, 5000, nil))
	source := replay.Source{path}
	srv, err := simplysocket.New(&simplysocket.Options{Logger: servertest.Quiet})
	if err != nil {
		b.Fatal(err)
	}
	srv.HandleRoom("arcade/{n}", arcade(0))
	entries := uint64(0)
	for b.Loop() {
		report, err := source.Replay(srv, replay.Options{})
		if err != nil || len(report.Differences) > 0 {
			b.Fatal(report, err)
		}
		entries += report.Entries
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}
