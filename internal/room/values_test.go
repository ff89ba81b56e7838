package room_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// TestImports: a room can reach no clock, network, lock or server.
func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/DhruvikDonga/simplysocket"
	for _, imported := range pkg.Imports {
		first, _, _ := strings.Cut(imported, "/")
		switch {
		case imported == module+"/protocol", imported == module+"/internal/ring":
		case strings.Contains(first, "."), first == "net", first == "os", first == "sync", imported == "math/rand", first == "syscall", imported == "context", imported == "unsafe":
			t.Errorf("internal/room imports %s", imported)
		}
	}
}

// TestValues: what goes into a room and comes out of it is made of values. Two fields are
// left out: the error of a reply, which goes back to Go code that waits for it, and the
// caller's own view of a member.
func TestValues(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var check func(path string, typ reflect.Type)
	check = func(path string, typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer:
			t.Errorf("%s is a %v", path, typ.Kind())
		case reflect.Interface:
			if path != "Output.Reply.Err" && path != "Output.Failures[].Err" && !strings.HasSuffix(path, ".Claims[]") {
				t.Errorf("%s is an interface", path)
			}
		case reflect.Pointer, reflect.Slice, reflect.Array:
			check(path+"[]", typ.Elem())
		case reflect.Map:
			check(path+"[]", typ.Elem())
		case reflect.Struct:
			if typ == reflect.TypeFor[time.Time]() {
				return
			}
			if pkg := typ.PkgPath(); !strings.HasSuffix(pkg, "internal/room") {
				t.Errorf("%s is a struct of %s", path, pkg)
			}
			for i := range typ.NumField() {
				field := typ.Field(i)
				check(path+"."+field.Name, field.Type)
			}
		default: // a plain value
		}
	}
	check("Entry", reflect.TypeFor[room.Entry]())
	delete(seen, reflect.TypeFor[error]())
	check("Output", reflect.TypeFor[room.Output]())
	check("Info", reflect.TypeFor[room.Info]())
	check("Config", reflect.TypeFor[room.Config]())
}

// fill sets every field of a value to something that is not zero.
func fill(v reflect.Value, n *int) {
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
		fill(v.Elem(), n)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(fmt.Appendf(nil, `{"b":%d}`, *n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func filled() room.Entry {
	var e room.Entry
	n := 0
	fill(reflect.ValueOf(&e).Elem(), &n)
	return e
}

// TestEntryCodec: every field of an entry survives, so that a new field fails here until
// it is encoded.
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

// golden compares with a file that an earlier version has written: encodings stay
// readable, and change only with their version.
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

func TestGoldenEntry(t *testing.T) {
	e := filled()
	got, _, err := room.ReadEntry(golden(t, "entry.v1", room.AppendEntry(nil, &e)))
	if err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestGoldenSnapshot(t *testing.T) {
	_, m := everything(t)
	raw := golden(t, "snapshot.v1", m.Snapshot(nil))
	again, err := room.Restore(raw, &app{kind: "ticking"})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Snapshot(nil), raw) {
		t.Error("a restored room has another snapshot")
	}
}

// everything returns a room with something of all that a snapshot holds.
func everything(t *testing.T) (*stage, *room.Machine) {
	s := &stage{t: t}
	var b strings.Builder
	for _, command := range []string{
		"open ticking",
		`join ann conn=1 user=ann info=Ann`,
		`join bob conn=2 plain=yes`,
		`join cid away conn=3`,
		`message ann set-capacity {"n":9}`,
		`message ann set-properties {"text":"x"}`,
		`message ann set-timer {"name":"other","after":60,"text":"later"}`,
		`message ann start-task {"name":"find","n":1}`,
		`message ann roll`,
		`message ann set-overflow {"policy":2}`,
		`drop ann conn=1`,
		`leave bob`,
	} {
		s.run(&b, command)
	}
	return s, s.m
}

// TestMalformedSnapshots: what is cut or changed is an error or another room, and no
// panic.
func TestMalformedSnapshots(t *testing.T) {
	_, m := everything(t)
	raw := m.Snapshot(nil)
	for n := range raw {
		if _, err := room.Restore(raw[:n], &app{kind: "ticking"}); !errors.Is(err, room.ErrEncoding) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
		for _, mask := range []byte{1, 0x80, 0xff} {
			changed := bytes.Clone(raw)
			changed[n] ^= mask
			_, _ = room.Restore(changed, &app{kind: "ticking"})
		}
	}
	if _, err := room.Restore(append(raw, 0), &app{kind: "ticking"}); !errors.Is(err, room.ErrEncoding) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := room.Restore(raw, &app{kind: "broken"}); err == nil || errors.Is(err, room.ErrEncoding) {
		t.Errorf("a setup that fails: %v", err)
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
	_, m := everything(&testing.T{})
	f.Add(m.Snapshot(nil))
	empty, _ := room.Open(config("relay"), &app{kind: "relay"})
	f.Add(empty.Snapshot(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := room.Restore(b, &app{kind: "ticking"})
		if err != nil {
			return
		}
		snapshot := m.Snapshot(nil)
		again, err := room.Restore(snapshot, &app{kind: "ticking"})
		if err != nil || !bytes.Equal(again.Snapshot(nil), snapshot) {
			t.Errorf("%v, %d bytes", err, len(snapshot))
		}
		m.Apply(&room.Entry{Kind: room.KindClose, Time: began.Add(time.Hour)})
	})
}
