package simplysocket

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// checkKept reports why a value of a type would not come back as it was from its JSON form:
// the path to what would be lost. What a field's tag leaves out on purpose (`json:"-"`) is
// the application's choice.
func checkKept(t reflect.Type) error {
	return keptCheck{}.check(t, t.String())
}

// keptCheck is the types that are being checked: a type may contain itself.
type keptCheck map[reflect.Type]bool

func (seen keptCheck) check(t reflect.Type, path string) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	if own, err := hasOwnForm(t, path); own || err != nil {
		return err
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %s, which has no JSON form", path, t.Kind())
	case reflect.Interface:
		return fmt.Errorf("%s is an interface: its type would be lost; use a concrete type or json.RawMessage", path)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return seen.check(t.Elem(), path)
	case reflect.Map:
		if err := checkKey(t.Key(), path); err != nil {
			return err
		}
		return seen.check(t.Elem(), path)
	case reflect.Struct:
		return seen.checkStruct(t, path)
	default:
		return nil
	}
}

func (seen keptCheck) checkStruct(t reflect.Type, path string) error {
	names := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		at := path + "." + f.Name
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("json") == "-":
			continue
		case f.Anonymous && name == "" && embedded(f.Type).Kind() == reflect.Struct:
			if !f.IsExported() && f.Type.Kind() == reflect.Pointer {
				return fmt.Errorf("%s points to a type that is not exported and would be lost", at)
			}
			if err := seen.check(f.Type, at); err != nil {
				return err
			}
			continue
		case !f.IsExported():
			return fmt.Errorf("%s is not exported and would be lost", at)
		case name == "":
			name = f.Name
		}
		if other, taken := names[name]; taken {
			return fmt.Errorf("%s and %s have the same JSON name %q, and both would be lost", other, at, name)
		}
		names[name] = at
		if err := seen.check(f.Type, at); err != nil {
			return err
		}
	}
	return nil
}

func embedded(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// hasOwnForm reports whether a type encodes itself. It must then decode itself, too.
func hasOwnForm(t reflect.Type, path string) (own bool, err error) {
	pointer := reflect.PointerTo(t)
	for _, pair := range [][2]reflect.Type{
		{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()},
		{reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()},
	} {
		encodes, decodes := pointer.Implements(pair[0]), pointer.Implements(pair[1])
		switch {
		case encodes && decodes:
			return true, nil
		case encodes:
			return false, fmt.Errorf("%s has %s but not %s: it could not be read again", path, pair[0].Method(0).Name, pair[1].Method(0).Name)
		case decodes:
			return false, fmt.Errorf("%s has %s but not %s: it could not be written", path, pair[1].Method(0).Name, pair[0].Method(0).Name)
		}
	}
	return false, nil
}

// checkKey reports why a type cannot be the key of a map in JSON.
func checkKey(t reflect.Type, path string) error {
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	default:
		if own, err := hasOwnForm(t, path); own && err == nil && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
			return nil
		}
		return fmt.Errorf("%s has keys of type %s, which have no JSON form", path, t)
	}
}
