package recording_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

var update = flag.Bool("update", false, "write the golden files")

// relay is a room that passes messages on.
type relay struct{ room.Hooks }

func (relay) Setup(m *room.Machine) error {
	m.SetRelaying(true, false)
	return nil
}
func (relay) Join(*room.Join) error                         { return nil }
func (relay) Leave(*room.Member, room.LeaveReason) error    { return nil }
func (relay) Drop(*room.Member) error                       { return nil }
func (relay) Resume(*room.Member) error                     { return nil }
func (relay) Close() error                                  { return nil }
func (relay) Direct(_, _ *room.Member, _ *room.Entry) error { return nil }

var opened = time.Date(2026, time.January, 2, 3, 4, 5, 6, time.UTC)

// studio is a machine and its tape.
type studio struct {
	t    testing.TB
	m    *room.Machine
	tape *recording.Tape
	pos  uint64
}

// record opens a room and records it.
func record(t testing.TB, sink recording.Sink, change func(*recording.Config)) *studio {
	t.Helper()
	cfg := recording.Config{Room: "r", Library: "v1.2.3", Application: "app 7", Segment: 1 << 20, Buffer: 1 << 20,
		Mask: recording.NewMask(nil, nil), Sink: sink, Wake: func() {}}
	if change != nil {
		change(&cfg)
	}
	s := &studio{t: t, tape: recording.NewTape(cfg)}
	var out *room.Output
	of := room.Config{Name: "r", Server: "server", Epoch: 7, Opened: opened, AnnounceMaxMembers: 10, EmptyTimeout: time.Minute, Plain: true}
	s.m, out = room.Open(of, relay{})
	s.tape.Open(s.m, &of, out)
	s.take(&room.Entry{Kind: room.KindJoin, Member: "ann", ID: 1, Body: json.RawMessage("{}"), Conn: 1, Who: &room.Arrival{}})
	return s
}

func (s *studio) take(e *room.Entry) {
	s.t.Helper()
	s.pos++
	e.Pos, e.Time = s.pos, opened.Add(time.Duration(s.pos)*time.Second)
	if err := s.tape.Take(s.m, e, nil, s.m.Apply(e)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *studio) say(body string) {
	s.t.Helper()
	s.take(&room.Entry{Kind: room.KindMessage, Member: "ann", ID: s.pos, Action: "say", Body: json.RawMessage(body)})
}

func (s *studio) stop() {
	s.tape.End(recording.Stopped)
	s.tape.Run()
}

// small is a recording of three segments.
func small(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	s := record(t, recording.Writer(&b), func(c *recording.Config) { c.Segment = 100 })
	for range 6 {
		s.say(`{"text":"hello"}`)
	}
	s.stop()
	return b.Bytes()
}

// readAll returns what can be read of a recording, as text.
func readAll(b []byte) (segments, entries int, end *recording.End, err error) {
	r := recording.NewReader(bytes.NewReader(b))
	for {
		if _, err := r.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return segments, entries, r.End(), err
		}
		segments++
		for {
			if _, err := r.Step(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return segments, entries, r.End(), err
			}
			entries++
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	b := small(t)
	segments, entries, end, err := readAll(append(bytes.Clone(b), b...))
	if err != nil || segments < 4 || entries != 14 || end == nil || end.Why != recording.Stopped {
		t.Errorf("%d segments, %d entries, end %+v, error %v", segments, entries, end, err)
	}
	r := recording.NewReader(bytes.NewReader(b))
	s, err := r.Next()
	if err != nil || s.Number != 1 || s.Why != recording.Opened || s.Room != "r" || s.Library != "v1.2.3" || s.Application != "app 7" || s.Opening.Config.Epoch != 7 {
		t.Fatalf("%+v, %v", s, err)
	}
	step, err := r.Step()
	if err != nil || step.Entry.Kind != room.KindJoin || step.Entry.Member != "ann" || step.Refused != nil {
		t.Fatalf("%+v, %v", step, err)
	}
	if out, rest, err := room.ReadOutput(step.Output); err != nil || len(rest) > 0 || len(out.Items) == 0 || !bytes.Contains(out.Payload(&out.Items[1]), []byte("joined-room")) {
		t.Errorf("%+v, %v", out, err)
	}
	if s, err = r.Next(); err != nil || s.Number != 2 || s.Why != recording.Full || s.Snapshot == nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// A recording that is cut off anywhere is read up to there.
func TestTornTailIsCut(t *testing.T) {
	b := small(t)
	_, all, _, _ := readAll(b)
	before := 0
	for n := range b {
		_, entries, end, err := readAll(b[:n])
		if err != nil || entries < before || entries > all {
			t.Fatalf("cut after %d of %d bytes: %d entries, end %v, error %v", n, len(b), entries, end, err)
		}
		before = entries
	}
	if _, _, end, _ := readAll(b[:len(b)-1]); end != nil {
		t.Errorf("a segment without its tail has the end %+v", end)
	}
}

// A byte that was changed is found in the block in which it is.
func TestFlippedByteIsFound(t *testing.T) {
	b := small(t)
	for i := range b {
		for _, bit := range []byte{1, 128} {
			flipped := bytes.Clone(b)
			flipped[i] ^= bit
			_, _, _, err := readAll(flipped)
			var damage *recording.DamageError
			if !errors.As(err, &damage) {
				t.Fatalf("byte %d: %v", i, err)
			}
			if damage.Offset > int64(i) || int64(i)-damage.Offset > 1000 || !strings.Contains(err.Error(), "damaged at byte") {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// The format of version 1 stays readable.
func TestGolden(t *testing.T) {
	name := filepath.Join("testdata", "v1.hex")
	if *update {
		if err := os.WriteFile(name, []byte(hex.Dump(small(t))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b := undump(t, string(text))
	if segments, entries, end, err := readAll(b); err != nil || segments < 3 || entries != 7 || end == nil {
		t.Errorf("%d segments, %d entries, end %+v, error %v", segments, entries, end, err)
	}
	now := small(t)
	if len(now) != len(b) {
		t.Errorf("a recording takes %d bytes, and took %d when the golden file was written", len(now), len(b))
	}
}

func undump(t *testing.T, text string) (b []byte) {
	t.Helper()
	for line := range strings.Lines(text) {
		if len(line) < 60 {
			continue
		}
		part, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(line[10:58]), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, part...)
	}
	return b
}

func FuzzReader(f *testing.F) {
	b := small(f)
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte(recording.Magic))
	r := recording.NewReader(bytes.NewReader(b))
	if _, err := r.Next(); err != nil {
		f.Fatal(err)
	}
	step, err := r.Step()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(step.Output)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkOutput(t, b)
		_, _, _ = room.ReadConfig(b)
		r := recording.NewReader(bytes.NewReader(b))
		for {
			if _, err := r.Next(); err != nil {
				return
			}
			for {
				step, err := r.Step()
				if err != nil {
					break
				}
				checkOutput(t, step.Output)
			}
		}
	})
}

// checkOutput checks that an output that can be read is written as it was read.
func checkOutput(t *testing.T, b []byte) {
	out, _, err := room.ReadOutput(b)
	if err != nil {
		return
	}
	again, _, err := room.ReadOutput(room.AppendOutput(nil, out))
	if err != nil || len(again.Items) != len(out.Items) {
		t.Fatalf("%+v is not read as it was written: %v", out, err)
	}
}

// gate is a writer that waits.
type gate struct {
	mu   sync.Mutex
	open chan struct{}
	b    bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(b)
}

// A writer that is too slow loses entries. The recording says how many, and goes on with a
// snapshot.
func TestSlowWriter(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	wakes := make(chan struct{}, 1000)
	s := record(t, recording.Writer(g), func(c *recording.Config) {
		c.Buffer = 2000
		c.Wake = func() { wakes <- struct{}{} }
	})
	go func() {
		for {
			select {
			case <-wakes:
				s.tape.Run()
			case <-s.tape.Done():
				return
			}
		}
	}()
	for len(wakes) > 0 { // the writer is at work
		time.Sleep(time.Millisecond)
	}
	for range 100 {
		s.say(`{"text":"nobody waits for the writer"}`)
	}
	stats := s.tape.Stats()
	if stats.Lost == 0 || stats.Gaps == 0 {
		t.Fatalf("%+v", stats)
	}
	close(g.open)
	for s.tape.Stats().Bytes == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 10 {
		time.Sleep(time.Millisecond)
		s.say(`{"text":"it goes on"}`)
	}
	s.tape.End(recording.Stopped)
	<-s.tape.Done()
	g.mu.Lock()
	b := g.b.Bytes()
	g.mu.Unlock()
	lost, last := uint64(0), recording.Why(0)
	r := recording.NewReader(bytes.NewReader(b))
	for {
		segment, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last = segment.Why
		for {
			if _, err := r.Step(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		lost += r.End().Lost
	}
	stats = s.tape.Stats()
	if lost != stats.Lost || last != recording.Gap || stats.Entries+stats.Lost != 111 {
		t.Errorf("%d lost, the last segment begins because %v, %+v", lost, last, stats)
	}
}

// A sink that fails or panics ends the tape, and nobody else.
func TestBrokenSink(t *testing.T) {
	for name, sink := range map[string]recording.Sink{"fails": broken{false}, "panics": broken{true}} {
		s := record(t, sink, nil)
		s.tape.Run()
		<-s.tape.Done()
		if err := s.tape.Err(); err == nil {
			t.Errorf("a sink that %s: no error", name)
		}
		s.say("{}")
		s.stop()
	}
}

type broken struct{ panics bool }

func (b broken) Begin() error { return nil }
func (b broken) Close() error { return nil }
func (b broken) Write([]byte) (int, error) {
	if b.panics {
		panic("broken")
	}
	return 0, errors.New("disk full")
}

// A folder keeps so many segments of a room, and so many bytes of all.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	folder := recording.NewFolder(dir, 3, 1<<20)
	for range 2 { // the second one finds what the first has left
		s := record(t, folder.Sink("game/a:1"), func(c *recording.Config) { c.Segment = 100 })
		for range 50 {
			s.say(`{"text":"hello"}`)
			s.tape.Run()
		}
		s.stop()
	}
	rooms, err := recording.Files(dir)
	if err != nil || len(rooms) != 1 || len(rooms[0]) != 3 {
		t.Fatalf("%v, %v", rooms, err)
	}
	for _, name := range rooms[0] {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if segments, _, end, err := readAll(b); segments != 1 || end == nil || err != nil {
			t.Errorf("%s: %d segments, %v, %v", name, segments, end, err)
		}
	}
	folder = recording.NewFolder(dir, 3, 2000)
	for _, name := range []string{"a", "b", "c", "d"} {
		s := record(t, folder.Sink(name), nil)
		for range 20 {
			s.say(`{"text":"hello"}`)
		}
		s.stop()
	}
	total := int64(0)
	rooms, _ = recording.Files(dir)
	for _, files := range rooms {
		for _, name := range files {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			total += info.Size()
		}
	}
	if len(rooms) > 2 || total > 10_000 {
		t.Errorf("%d rooms and %d bytes are left", len(rooms), total)
	}
}

// The mask replaces the same by the same, and differently in each recording.
func TestMask(t *testing.T) {
	a, b := recording.NewMask([]string{"role"}, nil), recording.NewMask(nil, nil)
	first, again := a.Network("10.0.0.1"), a.Network("10.0.0.1")
	if first != again || a.Network("10.0.0.1") == a.Network("10.0.0.2") || a.Network("10.0.0.1") == b.Network("10.0.0.1") || a.Network("") != "" {
		t.Error("networks")
	}
	id := a.Identity(&room.Identity{User: "u", Claims: map[string]any{"role": "admin", "token": "t"}})
	if id.User != "u" || len(id.Claims) != 1 || id.Claims["role"] != "admin" {
		t.Errorf("%+v", id)
	}
}

// BenchmarkTake measures an entry that is recorded.
func BenchmarkTake(b *testing.B) {
	s := record(b, recording.Writer(io.Discard), func(c *recording.Config) { c.Segment = 4 << 20 })
	e := &room.Entry{Kind: room.KindMessage, Member: "ann", ID: 3, Action: "say", Body: json.RawMessage(`{"text":"hello, everybody in this room"}`)}
	b.ReportAllocs()
	for b.Loop() {
		s.take(e)
		if s.pos%16 == 0 {
			s.tape.Run()
		}
	}
}

// BenchmarkApply is BenchmarkTake without the recording.
func BenchmarkApply(b *testing.B) {
	s := record(b, recording.Writer(io.Discard), nil)
	e := &room.Entry{Kind: room.KindMessage, Member: "ann", ID: 3, Action: "say", Body: json.RawMessage(`{"text":"hello, everybody in this room"}`)}
	b.ReportAllocs()
	for b.Loop() {
		s.pos++
		e.Pos = s.pos
		s.m.Apply(e)
	}
}
