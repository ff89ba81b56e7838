package room

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Value is something that the application keeps in the room under a name: a state as a
// whole, or a table by key. The machine asks for it when it is written down.
type Value interface {
	// Fields returns the JSON form of all that the value holds, in an order that a restore
	// keeps. A state has one field, without a key.
	Fields() ([]Field, error)
	// Replace takes over what was written. An error that is a [*ValueError] says which key
	// cannot be read.
	Replace([]Field) error
}

// Field is one value of a table, or a whole state.
type Field struct {
	Key  string
	Form json.RawMessage
}

// Declaration is a [Value] as the setup has declared it.
type Declaration struct {
	Name    string
	Version int // of the form in which it is written
	Value   Value
	// Migrate converts a field that an earlier version has written; nil takes it as it is.
	Migrate func(from int, old json.RawMessage) (json.RawMessage, error)
}

// Errors of values that were written and cannot be read. A [*ValueError] wraps them.
var (
	ErrNewer   = errors.New("stored by a later version of the program")
	ErrCorrupt = errors.New("what is stored does not decode")
)

// ValueError says which value of a room could not be read or written, and why.
type ValueError struct {
	Room  string
	Value string
	Key   string // of a table; "" for a state
	Err   error
}

// Error returns a sentence.
func (e *ValueError) Error() string {
	where := fmt.Sprintf("room %q, value %q", e.Room, e.Value)
	if e.Key != "" {
		where += fmt.Sprintf(", key %q", e.Key)
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ValueError) Unwrap() error { return e.Err }

// written is a value as it was written down.
type written struct {
	name    string
	version int
	fields  []Field
}

// Declare registers a value. It belongs in the setup. It reports whether the name was free.
func (m *Machine) Declare(d Declaration) bool {
	for i := range m.declared {
		if m.declared[i].Name == d.Name {
			return false
		}
	}
	m.declared = append(m.declared, d)
	return true
}

// Properties returns the room's own properties.
func (m *Machine) Properties() *Properties { return &m.properties }

// values returns all that is kept: what the setup has declared, and what it no longer
// declares, so that an older version finds it again.
func (m *Machine) values() ([]written, error) {
	values := make([]written, 0, len(m.declared)+len(m.undeclared))
	for i := range m.declared {
		d := &m.declared[i]
		var fields []Field
		err := guard(func() (err error) { // the JSON methods of the application
			fields, err = d.Value.Fields()
			return err
		})
		if err != nil {
			return nil, &ValueError{Room: m.cfg.Name, Value: d.Name, Err: err}
		}
		values = append(values, written{d.Name, d.Version, fields})
	}
	return append(values, m.undeclared...), nil
}

// adopt gives the declared values what was written of them.
func (m *Machine) adopt(values []written) error {
	for _, v := range values {
		d := m.declaration(v.name)
		if d == nil {
			m.undeclared = append(m.undeclared, v)
			continue
		}
		if err := d.read(m.cfg.Name, &v); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) declaration(name string) *Declaration {
	for i := range m.declared {
		if m.declared[i].Name == name {
			return &m.declared[i]
		}
	}
	return nil
}

// read takes over a value that was written, if need be by way of its migration.
func (d *Declaration) read(room string, v *written) error {
	fail := func(key string, err error) error {
		return &ValueError{Room: room, Value: d.Name, Key: key, Err: err}
	}
	switch {
	case v.version > d.Version:
		return fail("", fmt.Errorf("%w: version %d, and this program reads up to %d", ErrNewer, v.version, d.Version))
	case v.version < d.Version && d.Migrate != nil:
		for i := range v.fields {
			f := &v.fields[i]
			err := guard(func() (err error) {
				f.Form, err = d.Migrate(v.version, f.Form)
				return err
			})
			if err != nil {
				return fail(f.Key, fmt.Errorf("the migration from version %d failed: %w", v.version, err))
			}
		}
	}
	err := guard(func() error { return d.Value.Replace(v.fields) })
	var of *ValueError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &of):
		return fail(of.Key, fmt.Errorf("%w: %w", ErrCorrupt, of.Err))
	default:
		return fail("", fmt.Errorf("%w: %w", ErrCorrupt, err))
	}
}

func (w *writer) values(values []written) {
	w.int(len(values))
	for i := range values {
		v := &values[i]
		w.string(v.name)
		w.int(v.version)
		w.int(len(v.fields))
		for _, f := range v.fields {
			w.string(f.Key)
			w.bytes(f.Form)
		}
	}
}

func (r *reader) values() (values []written) {
	for range r.count() {
		v := written{name: r.string(), version: r.int()}
		for range r.count() {
			v.fields = append(v.fields, Field{r.string(), r.json()})
		}
		values = append(values, v)
	}
	return values
}

// json reads a JSON text.
func (r *reader) json() json.RawMessage {
	raw := r.bytes()
	if r.err == nil && !json.Valid(raw) {
		r.fail("not a JSON text")
	}
	return raw
}
