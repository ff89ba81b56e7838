package simplysocket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/engine/enginetest"
	"github.com/DhruvikDonga/simplysocket/internal/replay"
)

// replayed replays a recording against the rooms of a server.
func replayed(t *testing.T, srv *simplysocket.Server, recording []byte) *replay.Report {
	t.Helper()
	report, err := replay.Run(srv, bytes.NewReader(recording), replay.Options{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Differences {
		t.Errorf("%s", &report.Differences[i])
	}
	if report.Torn || report.Entries == 0 {
		t.Errorf("%+v", report)
	}
	return report
}

// recorded returns the recording of a room in a folder.
func recorded(t *testing.T, dir string) (all []byte) {
	t.Helper()
	sources, err := replay.Sources(dir)
	if err != nil || len(sources) != 1 {
		t.Fatalf("%v, %v", sources, err)
	}
	for _, name := range sources[0] {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

func (h *host) shutDown() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		h.t.Fatal(err)
	}
}

// Nothing secret is in a recording, and the room still admits and refuses as it did.
func TestRecordingHasNoSecrets(t *testing.T) {
	const password, wrong, bearer, address, other = "correct-horse-7", "wrong-battery-8", "bearer-staple-9", "203.0.113.77", "pin-4711-0815"
	dir := filepath.Join(t.TempDir(), "all")
	h := serve(t, false, &simplysocket.Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Authenticate: func(*http.Request) (simplysocket.Identity, error) {
			return simplysocket.Identity{User: "somebody", Claims: map[string]any{"token": bearer, "role": "role-of-somebody"}}, nil
		},
		Record: &simplysocket.RecordFolder{Rooms: []string{"vault"}, Dir: dir, RecordOptions: simplysocket.RecordOptions{Claims: []string{"role"}, Secrets: []string{"pin"}}},
	})
	from := header("X-Forwarded-For", address)
	secrets := []string{password, wrong, bearer, address, other}
	v := h.raw("", from, v1)
	v.Write(envelope(1, "hello", "", nil))
	secrets = append(secrets, v.Expect("welcome").Field("session"))
	a, b := h.connect(from), h.connect(from)
	a.Call("join-room", "vault", object{"password": password, "capacity": 5})
	var live bytes.Buffer
	rec, err := h.Room("vault").Record(t.Context(), &live, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Refused("join-room", "vault", object{"password": wrong}, "forbidden")
	b.Refused("join-room", "vault", object{"password": 17}, "bad-message")
	b.Refused("join-room", "vault", nil, "forbidden")
	b.Call("join-room", "vault", object{"password": password})
	a.Call("say", "vault", object{"text": "hello"})
	if err := rec.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer // the snapshot has a network that has guessed
	rec, err = h.Room("vault").Record(t.Context(), &second, &simplysocket.RecordOptions{Secrets: []string{"pin"}})
	if err != nil {
		t.Fatal(err)
	}
	c := h.connect(from)
	c.Refused("join-room", "vault", object{"password": wrong + wrong}, "forbidden")
	c.Call("join-room", "vault", object{"password": password, "pin": other})
	if err := rec.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.shutDown()
	always := recorded(t, dir)
	for name, recording := range map[string][]byte{"always": always, "live": live.Bytes(), "second": second.Bytes()} {
		for _, secret := range secrets {
			sum := sha256.Sum256([]byte(secret))
			for form, text := range map[string]string{
				"as it is": secret, "base64": base64.RawStdEncoding.EncodeToString([]byte(secret))[:len(secret)], "hex": hex.EncodeToString([]byte(secret)),
				"hash": string(sum[:]), "hash in hex": hex.EncodeToString(sum[:]), "hash in base64": base64.RawStdEncoding.EncodeToString(sum[:]),
			} {
				if bytes.Contains(recording, []byte(text)) {
					t.Errorf("%s has %q %s", name, secret, form)
				}
			}
		}
		replayed(t, h.Server.Server, recording)
	}
	if !bytes.Contains(always, []byte("role-of-somebody")) || bytes.Contains(live.Bytes(), []byte("role-of-somebody")) {
		t.Error("claims are recorded if they are asked for, and only then")
	}
}

// A recording ends with Stop, with the room, with the server and with its writer.
func TestRecorderEnds(t *testing.T) {
	h := serve(t, true, nil)
	if _, err := h.Room("r").Record(t.Context(), &bytes.Buffer{}, nil); !errors.Is(err, simplysocket.ErrRoomClosed) {
		t.Errorf("no room: %v", err)
	}
	c := h.member("r")
	start := func(w interface{ Write([]byte) (int, error) }) *simplysocket.Recorder {
		rec, err := h.Room("r").Record(t.Context(), w, nil)
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	var first, second bytes.Buffer
	stopped, closed := start(&first), start(&second)
	broken := start(brokenWriter{})
	c.Call("say", "r", nil)
	if err := stopped.Stop(t.Context()); err != nil || stopped.Stats().Entries < 1 {
		t.Errorf("%v, %+v", err, stopped.Stats())
	}
	<-broken.Done()
	if err := broken.Err(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a broken writer: %v", err)
	}
	size := first.Len()
	c.Call("say", "r", nil)
	h.shutDown()
	<-closed.Done()
	if first.Len() != size || closed.Stats().Entries < 2 {
		t.Errorf("%d and then %d bytes, %+v", size, first.Len(), closed.Stats())
	}
	replayed(t, h.Server.Server, first.Bytes())
	replayed(t, h.Server.Server, second.Bytes())
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// slowWriter waits until it is let go.
type slowWriter struct {
	bytes.Buffer
	free chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.free
	return w.Buffer.Write(b)
}

// A room does not wait for the writer of its recording, which says what it has lost.
func TestRecordingLosesRatherThanWaits(t *testing.T) {
	h := serve(t, true, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	c := h.member("r")
	w := &slowWriter{free: make(chan struct{})}
	rec, err := h.Room("r").Record(t.Context(), w, &simplysocket.RecordOptions{BufferBytes: 8000})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		c.Call("say", "r", object{"text": "it does not wait for the writer"})
	}
	if stats := rec.Stats(); stats.Lost == 0 || h.Stats().RecordingGaps == 0 {
		t.Errorf("%+v", stats)
	}
	close(w.free)
	waitFor(t, "the next segment", func() bool {
		c.Call("say", "r", nil)
		return rec.Stats().Segments > 1
	})
	if err := rec.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	report := replayed(t, h.Server.Server, w.Bytes())
	if stats := rec.Stats(); report.Lost != stats.Lost || report.Entries != stats.Entries {
		t.Errorf("%+v, %+v", report, stats)
	}
}

// A room that is restored because it was not stored begins a new segment.
func TestRecordingOfRestoredRoom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "all")
	h := serve(t, true, &simplysocket.Options{
		MessageRate: simplysocket.Unlimited,
		Engine:      enginetest.NewMemory(enginetest.NewStore(2), &enginetest.Options{Seed: 3, MaxDelay: time.Millisecond, Forgotten: 0.05}),
		Record:      &simplysocket.RecordFolder{Rooms: []string{"r"}, Dir: dir},
	}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			n := simplysocket.NewState(room, "n", 0)
			simplysocket.On(room, "add", func(*simplysocket.Member, simplysocket.None) error {
				*n++
				return room.Broadcast("sum", object{"n": *n})
			})
			simplysocket.On(room, "break", func(*simplysocket.Member, simplysocket.None) error { panic("now and then") })
			return nil
		})
	})
	c := h.member("r")
	for n := range 100 {
		c.Ask("add", "r", nil)
		if n%40 == 30 {
			c.Ask("break", "r", nil)
		}
	}
	h.shutDown()
	report := replayed(t, h.Server.Server, recorded(t, dir))
	if report.Segments < 2 {
		t.Errorf("%+v", report)
	}
}

func TestRecordOptions(t *testing.T) {
	for _, o := range []simplysocket.RecordFolder{{}, {Dir: "x", Rooms: []string{"a//b"}}, {Dir: "x", MaxBytes: -1}} {
		var wrong *simplysocket.OptionError
		if _, err := simplysocket.New(&simplysocket.Options{Record: &o}); !errors.As(err, &wrong) || wrong.Field != "Record" {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// BenchmarkRecord measures a message to a room, its answer included, with a recording and
// without.
func BenchmarkRecord(b *testing.B) {
	for _, recorders := range []int{0, 1} {
		b.Run(fmt.Sprint(recorders), func(b *testing.B) {
			h := serve(b, true, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
			c := h.member("r")
			for range recorders {
				if _, err := h.Room("r").Record(b.Context(), nowhere{}, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				c.Call("say", "r", object{"text": "hello, everybody in this room"})
				c.Forget()
			}
		})
	}
}

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
