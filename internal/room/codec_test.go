package room_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// fillFields sets every field of a value to something other than zero.
func fillFields(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(began.Add(time.Duration(*n) * time.Millisecond)))
		return
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{"role": "admin", "n": json.Number("9007199254740993"), "list": []any{true}}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(1 + *n%3))
	case reflect.Uint64:
		v.SetUint(1<<60 + uint64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillFields(v.Elem(), n)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(fmt.Appendf(nil, `{"b":%d}`, *n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillFields(v.Index(0), n)
		fillFields(v.Index(1), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fillFields(v.Field(i), n)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func filled() room.Entry {
	var e room.Entry
	n := 0
	fillFields(reflect.ValueOf(&e).Elem(), &n)
	return e
}

// TestEntryCodec: every field of an entry survives, so a new field fails here until it is
// encoded.
func TestEntryCodec(t *testing.T) {
	full := filled()
	for name, e := range map[string]room.Entry{
		"full":           full,
		"empty body":     {Kind: room.KindMessage, Body: json.RawMessage{}},
		"nothing":        {Kind: room.KindClose},
		"empty arrival":  {Kind: room.KindJoin, Who: &room.Arrival{}, Time: began},
		"empty send":     {Kind: room.KindBroadcast, Send: &room.Send{}},
		"empty failure":  {Kind: room.KindResult, Failed: &room.Failure{}},
		"before 1970":    {Kind: room.KindIdle, Time: time.Date(1900, 1, 1, 0, 0, 0, 5, time.UTC)},
		"empty claims":   {Kind: room.KindJoin, Who: &room.Arrival{Identity: &room.Identity{Claims: map[string]any{}}}},
		"zero identity":  {Kind: room.KindJoin, Who: &room.Arrival{Identity: &room.Identity{}}},
		"null as a body": {Kind: room.KindInfo, Body: json.RawMessage("null")},
	} {
		encoded := room.AppendEntry([]byte("before"), &e)
		got, rest, err := room.ReadEntry(append(encoded, "after"...)[len("before"):])
		if err != nil || string(rest) != "after" {
			t.Errorf("%s: rest %q, %v", name, rest, err)
		}
		if !reflect.DeepEqual(got, e) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, e)
		}
		for n := range len(encoded) - len("before") {
			if _, _, err := room.ReadEntry(encoded[len("before"):][:n]); !errors.Is(err, room.ErrEncoding) {
				t.Errorf("%s: cut after %d bytes: %v", name, n, err)
			}
		}
	}
}

// golden compares with a file that an earlier version wrote: encodings stay readable, and
// change only with their version.
func golden(t *testing.T, name string, now []byte) []byte {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, now, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(now, want) {
		t.Errorf("%s: the encoding has changed; it needs a new version", name)
	}
	return want
}

// TestGoldenEntry: an entry with all fields.
func TestGoldenEntry(t *testing.T) {
	e := filled()
	got, _, err := room.ReadEntry(golden(t, "entry.v1", room.AppendEntry(nil, &e)))
	if err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// entriesByKind is an entry of each kind, with the fields that it has in a server.
func entriesByKind() []room.Entry {
	who := &room.Arrival{
		Identity: &room.Identity{User: "ann", Claims: map[string]any{"role": "host"}}, Info: json.RawMessage(`{"name":"Ann"}`),
		Resumable: true, Network: "192.0.2.7", Attempts: 3,
	}
	entries := []room.Entry{
		{Kind: room.KindMessage, Member: "ann", ID: 300, Action: "say", Body: json.RawMessage(`{"text":"hi"}`)},
		{Kind: room.KindDirect, Member: "ann", ID: 301, Action: "whisper", Target: "bob", Body: json.RawMessage(`{}`)},
		{Kind: room.KindMembers, Member: "ann", ID: 302, Action: "list-members", Body: json.RawMessage(`{"after":100}`)},
		{Kind: room.KindHistory, Member: "ann", ID: 303, Action: "history", Body: json.RawMessage(`{"before":70000}`)},
		{Kind: room.KindJoin, Flags: room.FlagCreate | room.FlagAway, Member: "ann", ID: 304, Conn: 1 << 40, Body: json.RawMessage(`{"capacity":2}`), Who: who},
		{Kind: room.KindLeave, Reason: room.Dropped, Member: "ann"},
		{Kind: room.KindDrop, Member: "ann", Conn: 9},
		{Kind: room.KindResume, Member: "ann", Conn: 10, Seen: room.Position{Epoch: 1<<64 - 1, Seq: 70001}, Who: who},
		{Kind: room.KindDuplicate, Member: "ann", ID: 300, Action: "say"},
		{Kind: room.KindInfo, Member: "ann", Body: json.RawMessage(`{"name":"Anna"}`)},
		{Kind: room.KindServer, Action: "announce", Body: json.RawMessage(`{"text":"soon"}`), Epoch: 77},
		{Kind: room.KindBroadcast, Action: "news", Body: json.RawMessage(`{}`), Send: &room.Send{
			Only: []string{"ann", "bob"}, Except: []string{"bob"}, ToOnly: true, Volatile: true, From: "desk", Key: "k", Overflow: room.OverflowDropOldest,
		}},
		{Kind: room.KindTimer, Number: 12},
		{Kind: room.KindResult, Number: 13, Failed: &room.Failure{Code: "not-found", Message: "no such thing"}},
		{Kind: room.KindIdle},
		{Kind: room.KindClose, Flags: room.FlagShutdown},
	}
	for i := range entries {
		entries[i].Pos, entries[i].Time = uint64(i+1), began.Add(time.Duration(i)*time.Second+7)
	}
	return entries
}

// TestGoldenKinds: entries of each kind that were written earlier are read as the same
// entries.
func TestGoldenKinds(t *testing.T) {
	entries := entriesByKind()
	var lines []byte
	for i := range entries {
		if entries[i].Kind != room.Kind(i+1) {
			t.Fatalf("entry %d is of kind %d", i+1, entries[i].Kind)
		}
		lines = append(hex.AppendEncode(lines, room.AppendEntry(nil, &entries[i])), '\n')
	}
	if len(entries) != int(room.KindClose) {
		t.Fatalf("%d kinds of %d", len(entries), room.KindClose)
	}
	read := strings.Fields(string(golden(t, "kinds.v1", lines)))
	if len(read) != len(entries) {
		t.Fatalf("%d entries, want %d", len(read), len(entries))
	}
	for i, line := range read {
		raw, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := room.ReadEntry(raw)
		if err != nil || len(rest) > 0 || !reflect.DeepEqual(got, entries[i]) {
			t.Errorf("kind %d:\ngot  %+v, %v\nwant %+v", i+1, got, err, entries[i])
		}
	}
}

// TestEntrySharesNothing: a decoded entry stays intact when its bytes are reused.
func TestEntrySharesNothing(t *testing.T) {
	e := filled()
	raw := room.AppendEntry(nil, &e)
	got, _, err := room.ReadEntry(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] = 'x'
	}
	if !reflect.DeepEqual(got, e) {
		t.Errorf("it became %+v", got)
	}
}

// TestMalformedEntries: changed bytes give [room.ErrEncoding] or another entry, which can
// be encoded; they never panic.
func TestMalformedEntries(t *testing.T) {
	refused := 0
	entries := append(entriesByKind(), filled())
	for i := range entries {
		raw := room.AppendEntry(nil, &entries[i])
		for at := range raw {
			for _, mask := range []byte{1, 2, 4, 8, 16, 32, 64, 0x80, 0xff} {
				changed := slices.Clone(raw)
				changed[at] ^= mask
				e, _, err := room.ReadEntry(changed)
				if err != nil {
					refused++
					if !errors.Is(err, room.ErrEncoding) || !reflect.DeepEqual(e, room.Entry{}) {
						t.Errorf("kind %d, byte %d ^ %#x: %+v, %v", i+1, at, mask, e, err)
					}
					continue
				}
				again, rest, err := room.ReadEntry(room.AppendEntry(nil, &e))
				if err != nil || len(rest) > 0 || !reflect.DeepEqual(again, e) {
					t.Errorf("kind %d, byte %d ^ %#x: %+v became %+v, %v", i+1, at, mask, e, again, err)
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no change was refused")
	}
	for name, raw := range map[string][]byte{
		"empty":                       {},
		"version 0":                   append([]byte{0}, room.AppendEntry(nil, &entries[0])[1:]...),
		"version 2":                   append([]byte{2}, room.AppendEntry(nil, &entries[0])[1:]...),
		"kind 0":                      room.AppendEntry(nil, &room.Entry{}),
		"kind 20":                     room.AppendEntry(nil, &room.Entry{Kind: room.KindConfirmed + 1}),
		"a join without its client":   room.AppendEntry(nil, &room.Entry{Kind: room.KindJoin, Member: "ann"}),
		"a resume without its client": room.AppendEntry(nil, &room.Entry{Kind: room.KindResume, Member: "ann"}),
		"a long text":                 append([]byte{1, 1, 0, 0, 0, 1, 0}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
		"a long number":               append([]byte{1, 1, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 11)...),
	} {
		if _, _, err := room.ReadEntry(raw); !errors.Is(err, room.ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGoldenSnapshot: a snapshot that was written earlier is read as the same room.
func TestGoldenSnapshot(t *testing.T) {
	for file, commands := range fullRooms {
		s := populate(t, commands)
		raw := golden(t, file, snapshot(s.m))
		again, err := room.Restore(raw, &app{kind: s.kind})
		if err != nil {
			t.Fatal(file, err)
		}
		if !bytes.Equal(snapshot(again), raw) {
			t.Errorf("%s: a restored room has another snapshot", file)
		}
		if want, got := portrait(s.m), portrait(again); got != want {
			t.Errorf("%s: %s", file, difference(want, got))
		}
	}
}

// portrait is the state of a room as its exported methods show it.
func portrait(m *room.Machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n%v %v %v %v %v\n", *m.Config(), m.Now(), m.Len(), m.Relaying(), m.Interval(), m.History())
	for member := range m.Members() {
		fmt.Fprintf(&b, "%s %d %s %v %t\n", member.ID, member.Number, member.Info, member.Identity, member.Away())
	}
	alarm, some := m.NextAlarm()
	idle, empty := m.IdleAt()
	fmt.Fprintf(&b, "%v %t, %v %t\n", alarm, some, idle, empty)
	info, changed := m.Info()
	fmt.Fprintf(&b, "%+v %t\n", info, changed)
	fmt.Fprintf(&b, "%d\n", m.Rand().Uint64())
	return b.String()
}

// fullRooms are rooms that together have everything a snapshot can hold, by their golden
// file.
var fullRooms = map[string][]string{
	"snapshot.v1": {
		"open ticking",
		`join ann conn=1 user=ann info=Ann`,
		`join bob conn=2 plain=yes`,
		`join cid away conn=3`,
		`message ann set-capacity {"n":9}`,
		`message ann set-properties {"text":"x"}`,
		`message ann set-timer {"name":"other","after":60,"text":"later"}`,
		`message ann start-task {"name":"find","n":1}`,
		`message ann roll`,
		`message ann count`,
		`message ann write {"name":"x1","text":"one"}`,
		`message ann write {"name":"x2","text":"two"}`,
		`message ann mark {"name":"x0","text":"here"}`,
		`message ann set-overflow {"policy":2}`,
		`drop ann conn=1`,
		`leave bob`,
	},
	"snapshot-relay.v1": {
		"open relay",
		`join ann conn=1 info=Ann {"capacity":6,"password":"secret","hidden":true,"properties":{"level":3}}`,
		`join bob conn=2 network=n1 {"password":"wrong"}`,
		`join bob conn=2 network=n2 {"password":"wrong"}`,
		`join bob conn=2 network=n2 {"password":"secret"}`,
		`join cid conn=3 {"password":"secret"}`,
		`join dan conn=4 {"password":"secret"}`,
		`drop cid conn=3`,
		`leave cid`,
		`join cid away conn=5 {"password":"secret"}`,
		`join eve conn=6 {"password":"secret"}`,
		`join fay conn=7 {"password":"secret"}`,
	},
	"snapshot-lobby.v1": {
		"open lobby",
		`join ann connect conn=1`,
		`join bob connect conn=2`,
		`server budget`,
		`message ann say`,
		`leave bob`,
		`leave ann`,
	},
}

// populate returns the stage of a script, with the room that it leaves.
func populate(t *testing.T, commands []string) *stage {
	s := &stage{t: t}
	for _, command := range commands {
		s.run(&strings.Builder{}, command)
	}
	return s
}

// TestMalformedSnapshots: a cut or changed snapshot is an error or another room, never a
// panic.
func TestMalformedSnapshots(t *testing.T) {
	for file, commands := range fullRooms {
		s := populate(t, commands)
		malform(t, file, s.kind, snapshot(s.m))
	}
	raw := snapshot(populate(t, fullRooms["snapshot.v1"]).m)
	if _, err := room.Restore(append(raw, 0), &app{kind: "ticking"}); !errors.Is(err, room.ErrEncoding) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := room.Restore(raw, &app{kind: "broken"}); err == nil || errors.Is(err, room.ErrEncoding) {
		t.Errorf("a setup that fails: %v", err)
	}
}

func malform(t *testing.T, file, kind string, raw []byte) {
	for n := range raw {
		if _, err := room.Restore(raw[:n], &app{kind: kind}); !errors.Is(err, room.ErrEncoding) {
			t.Errorf("%s: cut after %d bytes: %v", file, n, err)
		}
		for _, mask := range []byte{1, 2, 4, 8, 16, 32, 64, 0x80, 0xff} {
			changed := bytes.Clone(raw)
			changed[n] ^= mask
			m, err := room.Restore(changed, &app{kind: kind})
			if err != nil {
				var of *room.ValueError
				if !errors.Is(err, room.ErrEncoding) && !errors.As(err, &of) || m != nil {
					t.Errorf("%s: byte %d ^ %#x: %v", file, n, mask, err)
				}
				continue
			}
			for range 5 {
				if number, due := m.Due(began.Add(time.Minute)); due {
					m.Apply(&room.Entry{Kind: room.KindTimer, Number: number, Time: began.Add(time.Minute)})
				}
			}
			m.Apply(&room.Entry{Kind: room.KindClose, Time: began.Add(time.Hour)})
		}
	}
}

func FuzzReadEntry(f *testing.F) {
	e := filled()
	f.Add(room.AppendEntry(nil, &e))
	f.Add(room.AppendEntry(nil, &room.Entry{Kind: room.KindClose}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, rest, err := room.ReadEntry(b)
		if err != nil {
			if !errors.Is(err, room.ErrEncoding) {
				t.Errorf("error %v", err)
			}
			return
		}
		again, none, err := room.ReadEntry(room.AppendEntry(nil, &e))
		if err != nil || len(none) > 0 || !reflect.DeepEqual(again, e) {
			t.Errorf("%+v became %+v, %v; %d bytes were left", e, again, err, len(rest))
		}
	})
}

func FuzzRestore(f *testing.F) {
	for _, commands := range fullRooms {
		f.Add(snapshot(populate(&testing.T{}, commands).m))
	}
	empty, _ := room.Open(config("relay"), &app{kind: "relay"})
	f.Add(snapshot(empty))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := room.Restore(b, &app{kind: "ticking"})
		if err != nil {
			return
		}
		first := snapshot(m)
		again, err := room.Restore(first, &app{kind: "ticking"})
		if err != nil || !bytes.Equal(snapshot(again), first) {
			t.Errorf("%v, %d bytes", err, len(first))
		}
		m.Apply(&room.Entry{Kind: room.KindClose, Time: began.Add(time.Hour)})
	})
}
