package room_test

import (
	"go/build"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

const module = "github.com/DhruvikDonga/simplysocket"

// TestImports: a room can reach no clock, network, lock or server.
func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(pkg.Imports) == 0 {
		t.Fatal("no imports were found")
	}
	for _, imported := range pkg.Imports {
		first, _, _ := strings.Cut(imported, "/")
		switch {
		case imported == module+"/protocol", imported == module+"/internal/ring":
		case strings.Contains(first, "."), first == "net", first == "os", first == "sync", imported == "math/rand",
			first == "syscall", first == "log", imported == "context", imported == "unsafe":
			t.Errorf("internal/room imports %s", imported)
		}
	}
}

// interfaces are the only fields that may hold more than plain values, with the reason.
var interfaces = map[string]string{
	"Output.Reply.Err":            "goes back to Go code of this process that waits for the answer",
	"Output.Failures[].Err":       "goes to the log",
	"Entry.Who.Identity.Claims[]": "is JSON: see TestEntryCodec",
	"Member.Identity.Claims[]":    "is JSON, as in an entry",
	"Member.Face":                 "is the caller's own view of a member; only its properties are part of the state",

	"Output.handling.Who.Identity.Claims[]": "belongs to the current entry",
	"Output.unwound":                        "is a panic of the current entry, and never leaves the machine",
}

// TestValues: everything that goes into a room and comes out of it is a value: nothing in
// it leads to a lock, a connection, or code that runs elsewhere.
func TestValues(t *testing.T) {
	used := map[string]bool{}
	for _, root := range []reflect.Type{
		reflect.TypeFor[room.Entry](), reflect.TypeFor[room.Output](), reflect.TypeFor[room.Info](),
		reflect.TypeFor[room.Config](), reflect.TypeFor[room.Member](),
	} {
		walkValues(t, root.Name(), root, used)
	}
	for path := range interfaces {
		if !used[path] {
			t.Errorf("%s is not an interface any more", path)
		}
	}
}

// walkValues reports the types under path that are not plain values. No type contains
// itself, so the walk ends.
func walkValues(t *testing.T, path string, typ reflect.Type, used map[string]bool) {
	switch typ.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64, reflect.String:
	case reflect.Interface:
		if interfaces[path] == "" {
			t.Errorf("%s is an interface", path)
		}
		used[path] = true
	case reflect.Pointer:
		walkValues(t, path, typ.Elem(), used)
	case reflect.Slice, reflect.Array:
		walkValues(t, path+"[]", typ.Elem(), used)
	case reflect.Map:
		walkValues(t, path+"{}", typ.Key(), used)
		walkValues(t, path+"[]", typ.Elem(), used)
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return
		}
		if typ.PkgPath() != module+"/internal/room" {
			t.Errorf("%s is a %v", path, typ)
			return
		}
		for i := range typ.NumField() {
			field := typ.Field(i)
			walkValues(t, path+"."+field.Name, field.Type, used)
		}
	default:
		if path != "Output.undo[]" { // of the entry at hand: it never leaves the machine
			t.Errorf("%s is a %v", path, typ.Kind())
		}
	}
}

// TestWalkValues: the walk finds the types that it looks for.
func TestWalkValues(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[func()](), reflect.TypeFor[[]chan int](), reflect.TypeFor[map[string]*testing.T](),
		reflect.TypeFor[*any](), reflect.TypeFor[error](), reflect.TypeFor[uintptr](), reflect.TypeFor[map[any]string](),
	} {
		probe := &testing.T{}
		walkValues(probe, "Probe", typ, map[string]bool{})
		if !probe.Failed() {
			t.Errorf("%v passed", typ)
		}
	}
}
