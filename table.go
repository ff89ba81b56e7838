package simplysocket

import (
	"cmp"
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"sort"
	"strconv"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// TableKey is what may be the key of a [Table].
type TableKey interface {
	~string | ~int | ~int64 | ~uint64
}

// Table holds values by key, as part of the room's state. What a handler has set or deleted
// is undone if the handler returns an error. A table is valid in the room's turns only.
type Table[K TableKey, V any] struct {
	room *Room
	rows map[K]*row[K, V]
	list []*row[K, V] // by place; nil: deleted
	next uint64       // place of the next new row

	tracked bool
	touched []touch[K] // since the table was written down
	old     uint64     // place before which all rows were there then
}

// touch is a change of a row.
type touch[K TableKey] struct {
	key     K
	deleted bool
}

func (t *Table[K, V]) touch(key K, deleted bool) {
	if t.tracked {
		t.touched = append(t.touched, touch[K]{key, deleted})
	}
}

type row[K TableKey, V any] struct {
	key   K
	value V
	place uint64 // in the order in which keys were set first
	slot  int    // in the list
}

// NewTable declares a table with that name. Of a table, only the values that were set or
// deleted are written down, so it may hold much. For the types of values, see [NewState]. Call
// NewTable during setup. It panics if called later, or if the name is taken.
func NewTable[K TableKey, V any](r *Room, name string, opts ...StateOption) *Table[K, V] {
	t := &Table[K, V]{room: r, rows: map[K]*row[K, V]{}}
	r.declare("NewTable", name, reflect.TypeFor[V](), (*tableCore[K, V])(t), opts)
	return t
}

// Get returns the value of a key, and whether there is one. The value is a copy, but what it
// points to is not: to change a value, [Table.Set] it.
func (t *Table[K, V]) Get(key K) (value V, ok bool) {
	if held := t.rows[key]; held != nil {
		return held.value, true
	}
	return value, false
}

// Has reports whether the key has a value.
func (t *Table[K, V]) Has(key K) bool { return t.rows[key] != nil }

// Len returns the number of keys.
func (t *Table[K, V]) Len() int { return len(t.rows) }

// Set sets the value of a key.
func (t *Table[K, V]) Set(key K, value V) {
	t.room.mustBeInTurn("Table.Set")
	t.touch(key, false)
	if held := t.rows[key]; held != nil {
		before := held.value
		t.room.core.OnRevoke(func() { held.value = before })
		held.value = value
		return
	}
	added := &row[K, V]{key: key, value: value, place: t.next}
	t.next++
	t.room.core.OnRevoke(func() { t.remove(added) })
	t.append(added)
}

// Delete removes a key and its value. A key that is set again later comes last.
func (t *Table[K, V]) Delete(key K) {
	t.room.mustBeInTurn("Table.Delete")
	if held := t.rows[key]; held != nil {
		t.touch(key, true)
		t.room.core.OnRevoke(func() { t.insert(held) })
		t.remove(held)
	}
}

// All iterates over keys and values in the order in which the keys were set first. The loop
// may set and delete keys; it does not reach keys that were added meanwhile.
func (t *Table[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, held := range t.list {
			if held != nil && t.rows[held.key] == held && !yield(held.key, held.value) {
				return
			}
		}
	}
}

// append adds a new row.
func (t *Table[K, V]) append(added *row[K, V]) {
	t.rows[added.key] = added
	added.slot = len(t.list)
	t.list = append(t.list, added)
}

// insert puts a row back where it was.
func (t *Table[K, V]) insert(removed *row[K, V]) {
	t.rows[removed.key] = removed
	t.compact()
	at := sort.Search(len(t.list), func(i int) bool { return t.list[i].place > removed.place })
	t.list = slices.Insert(t.list, at, removed)
	t.number()
}

// remove leaves an empty slot. The list is closed up when half of it is empty.
func (t *Table[K, V]) remove(held *row[K, V]) {
	delete(t.rows, held.key)
	t.list[held.slot] = nil
	if len(t.rows) < len(t.list)/2 {
		t.compact()
	}
}

// compact closes the list up. It makes a new one: a loop over the table may use the old.
func (t *Table[K, V]) compact() {
	t.list = slices.DeleteFunc(slices.Clone(t.list), func(held *row[K, V]) bool { return held == nil })
	t.number()
}

func (t *Table[K, V]) number() {
	for i, held := range t.list {
		held.slot = i
	}
}

// tableCore is a Table as its room's machine sees it. It implements [room.Value].
type tableCore[K TableKey, V any] Table[K, V]

// Fields implements [room.Value].
func (t *tableCore[K, V]) Fields() ([]room.Field, error) {
	fields := make([]room.Field, 0, len(t.rows))
	for _, held := range t.list {
		if held == nil {
			continue
		}
		var err error
		if fields, err = held.appendTo(fields); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// Track implements [room.Value].
func (t *tableCore[K, V]) Track() { t.tracked = true }

// Changes implements [room.Value]. Rows that were there keep their places; a key that was
// deleted and set again is deleted first, and new rows come last.
func (t *tableCore[K, V]) Changes() (fields []room.Field, err error) {
	seen := make(map[K]bool, len(t.touched))
	var added []*row[K, V]
	for _, touched := range t.touched {
		held := t.rows[touched.key]
		if touched.deleted && (held == nil || held.place >= t.old) {
			fields = append(fields, room.Field{Key: formatKey(touched.key)})
		}
		switch {
		case held == nil || seen[touched.key]:
		case held.place < t.old:
			if fields, err = held.appendTo(fields); err != nil {
				return nil, err
			}
		default:
			added = append(added, held)
		}
		seen[touched.key] = true
	}
	slices.SortFunc(added, func(a, b *row[K, V]) int { return cmp.Compare(a.place, b.place) })
	for _, held := range added {
		if fields, err = held.appendTo(fields); err != nil {
			return nil, err
		}
	}
	clear(t.touched)
	t.touched, t.old = t.touched[:0], t.next
	return fields, nil
}

// appendTo appends the row as a field.
func (held *row[K, V]) appendTo(fields []room.Field) ([]room.Field, error) {
	form, err := json.Marshal(held.value)
	if err != nil {
		return nil, &room.ValueError{Key: formatKey(held.key), Err: err}
	}
	return append(fields, room.Field{Key: formatKey(held.key), Form: form}), nil
}

// Replace implements [room.Value].
func (t *tableCore[K, V]) Replace(fields []room.Field) error {
	t.rows, t.list = make(map[K]*row[K, V], len(fields)), nil
	for _, f := range fields {
		added := &row[K, V]{place: t.next}
		if err := json.Unmarshal(f.Form, &added.value); err != nil {
			return &room.ValueError{Key: f.Key, Err: err}
		}
		if err := parseKey(f.Key, &added.key); err != nil {
			return &room.ValueError{Key: f.Key, Err: err}
		}
		t.next++
		(*Table[K, V])(t).append(added)
	}
	t.touched, t.old = nil, t.next
	return nil
}

// formatKey returns the text under which a value is stored.
func formatKey[K TableKey](key K) string {
	switch v := reflect.ValueOf(key); v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}

func parseKey[K TableKey](text string, key *K) error {
	switch v := reflect.ValueOf(key).Elem(); v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
		return err
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		v.SetInt(n)
		return err
	}
	return nil
}
