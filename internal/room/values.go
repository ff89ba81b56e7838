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
	// Track makes the value note what changes, for Changes.
	Track()
	// Changes returns what has changed since the last call, to be redone in that order. A
	// field without a form was deleted.
	Changes() ([]Field, error)
	// Replace takes over what was written, and notes no change. An error that is a
	// [*ValueError] says which key cannot be read.
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
	places  map[string]int // of the keys in fields; nil until a record is redone
}

// Declare registers a value. It belongs in the setup. It reports whether the name was free.
func (m *Machine) Declare(d Declaration) bool {
	if m.declaration(d.Name) != nil {
		return false
	}
	l := m.keep()
	l.declared = append(l.declared, d)
	if m.changes != nil {
		d.Value.Track()
	}
	return true
}

// Declared returns what the setup has declared, in that order. It must not be changed.
func (m *Machine) Declared() []Declaration { return m.declared }

// Kept returns what the value of that name holds now, and whether the setup has declared it.
func (m *Machine) Kept(name string) (fields []Field, declared bool, err error) {
	d := m.declaration(name)
	if d == nil {
		return nil, false, nil
	}
	fields, err = d.Fields()
	return fields, true, err
}

// Fields returns what the value holds now. A panic of the application's JSON methods is an
// error.
func (d *Declaration) Fields() ([]Field, error) { return contained(d.Value.Fields) }

// contained calls a method of a [Value], which runs the JSON methods of the application.
func contained(get func() ([]Field, error)) (fields []Field, err error) {
	err = guard(func() (err error) {
		fields, err = get()
		return err
	})
	return fields, err
}

// Properties returns the room's own properties.
func (m *Machine) Properties() *Properties { return &m.properties }

// values returns all that is kept: what the setup has declared, and what it no longer
// declares, so that an older version finds it again.
func (m *Machine) values() ([]written, error) {
	values := make([]written, 0, len(m.declared)+len(m.undeclared))
	for i := range m.declared {
		d := &m.declared[i]
		fields, err := d.Fields()
		if err != nil {
			return nil, d.failed(m.cfg.Name, err)
		}
		values = append(values, written{name: d.Name, version: d.Version, fields: fields})
	}
	return append(values, m.undeclared...), nil
}

// adopt gives the declared values what was written of them.
func (m *Machine) adopt(values []written) error {
	for _, v := range values {
		d := m.declaration(v.name)
		if d == nil {
			l := m.keep()
			l.undeclared = append(l.undeclared, v)
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
	switch {
	case v.version > d.Version:
		return d.failed(room, fmt.Errorf("%w: version %d, and this program reads up to %d", ErrNewer, v.version, d.Version))
	case v.version < d.Version && d.Migrate != nil:
		for i := range v.fields {
			f := &v.fields[i]
			err := guard(func() (err error) {
				f.Form, err = d.Migrate(v.version, f.Form)
				return err
			})
			if err != nil {
				return d.failed(room, &ValueError{Key: f.Key, Err: fmt.Errorf("the migration from version %d failed: %w", v.version, err)})
			}
		}
	}
	if err := guard(func() error { return d.Value.Replace(v.fields) }); err != nil {
		failed := d.failed(room, err)
		failed.Err = fmt.Errorf("%w: %w", ErrCorrupt, failed.Err)
		return failed
	}
	return nil
}

// failed says which value an error is about. The value itself may have said which key.
func (d *Declaration) failed(room string, err error) *ValueError {
	failed := &ValueError{Room: room, Value: d.Name, Err: err}
	if of, ok := err.(*ValueError); ok { //nolint:errorlint // what an error of the application wraps is its own
		failed.Key, failed.Err = of.Key, of.Err
	}
	return failed
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
			w.bytes(f.Form) // no JSON text is empty: a deleted field is
		}
	}
}

func (r *reader) values() (values []written) {
	for range r.count() {
		v := written{name: r.string(), version: r.int()}
		for range r.count() {
			v.fields = append(v.fields, r.field())
		}
		values = append(values, v)
	}
	return values
}

func (r *reader) field() Field {
	f := Field{Key: r.string()}
	if form := r.optional(); form != nil {
		f.Form = form
		r.check(form)
	}
	return f
}

func (r *reader) check(form json.RawMessage) {
	if r.err == nil && !json.Valid(form) {
		r.fail("not a JSON text")
	}
}

// json reads a JSON text.
func (r *reader) json() json.RawMessage {
	raw := r.bytes()
	r.check(raw)
	return raw
}

// valueChanges returns what has changed of the declared values since the last call.
func (m *Machine) valueChanges() (changed []written, err error) {
	for i := range m.declared {
		d := &m.declared[i]
		fields, err := contained(d.Value.Changes)
		if err != nil {
			return nil, d.failed(m.cfg.Name, err)
		}
		if len(fields) > 0 {
			changed = append(changed, written{name: d.Name, version: d.Version, fields: fields})
		}
	}
	return changed, nil
}
