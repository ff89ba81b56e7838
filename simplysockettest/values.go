package simplysockettest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// StateOf returns a copy of what the room keeps under that name with
// [simplysocket.NewState], and fails the test if it keeps none or another type.
func StateOf[T any](r *Room, name string) T {
	r.t.Helper()
	var value T
	fields := r.valueOf(name)
	if len(fields) != 1 || fields[0].Key != "" {
		r.t.Fatalf("room %q: %q is no state", r.name, name)
	}
	if err := json.Unmarshal(fields[0].Form, &value); err != nil {
		r.t.Fatalf("room %q: the state %q is no %T: %v", r.name, name, value, err)
	}
	return value
}

// TableOf returns a copy of what the room keeps under that name with
// [simplysocket.NewTable], and fails the test if it keeps none or other types.
func TableOf[K simplysocket.TableKey, V any](r *Room, name string) map[K]V {
	r.t.Helper()
	table := map[K]V{}
	for _, f := range r.valueOf(name) {
		key, err := readKey[K](f.Key)
		var value V
		if err == nil {
			err = json.Unmarshal(f.Form, &value)
		}
		if err != nil {
			r.t.Fatalf("room %q: the table %q is no %T: %v", r.name, name, table, err)
		}
		table[key] = value
	}
	return table
}

// valueOf returns what the room keeps under a name.
func (r *Room) valueOf(name string) []room.Field {
	r.t.Helper()
	fields, declared, err := r.room.Machine().Kept(name)
	if err == nil && !declared {
		err = fmt.Errorf("its setup has declared no such value")
	}
	if err != nil {
		r.t.Fatalf("room %q: %q: %v", r.name, name, err)
	}
	return fields
}

// readKey reads the key of a table as it is written down.
func readKey[K simplysocket.TableKey](text string) (key K, err error) {
	v := reflect.ValueOf(&key).Elem()
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
	default:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v.SetInt(n)
	}
	return key, err
}
