package simplysocket

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// StateOption changes how [NewState] or [NewTable] keeps a value.
type StateOption func(*room.Declaration)

// Version sets the version of the form in which a value is stored. The default is 0. A value
// that a lower version has stored is converted by migrate when the room is restored: old is
// what was stored, of a table one value at a time, and from its version. A nil migrate takes
// the old form as it is: enough for fields that were added or removed. A value that a higher
// version has stored keeps the room closed with [ErrStateNewer], so that no older program
// overwrites it.
func Version(n int, migrate func(from int, old json.RawMessage) (json.RawMessage, error)) StateOption {
	return func(d *room.Declaration) { d.Version, d.Migrate = n, migrate }
}

// NewState declares a value that is the room's state: it is part of what a room writes down
// and is restored from. The value is stored as a whole, in its JSON form, so it should be
// small; [NewTable] is for much data. The pointer is valid in the room's turns.
//
// The state starts as a copy of initial, made by way of its JSON form. A handler that fails
// does not undo what it has done to a state, so check first and change afterwards.
//
// Call NewState during setup. It panics if called later, or if the name is taken. A type that
// would lose something on its way through JSON, such as a field that is not exported, makes
// the setup fail with an error that names the field.
func NewState[T any](r *Room, name string, initial T, opts ...StateOption) *T {
	s := &state[T]{current: initial}
	r.declare("NewState", name, reflect.TypeFor[T](), s, opts)
	if err := s.copyInitial(); err != nil {
		r.turn.misdeclared = errors.Join(r.turn.misdeclared, fmt.Errorf("simplysocket: NewState %q: the initial value: %w", name, err))
	}
	return &s.current
}

// state is the untyped core of what NewState declares. It implements [room.Value].
type state[T any] struct {
	current T
	tracked bool
	stored  json.RawMessage // as it was written down last, if it is tracked
}

func (s *state[T]) copyInitial() error {
	fields, err := s.Fields()
	if err != nil {
		return err
	}
	return s.Replace(fields)
}

func (s *state[T]) isState() {}

// Fields implements [room.Value].
func (s *state[T]) Fields() ([]room.Field, error) {
	form, err := json.Marshal(s.current)
	return []room.Field{{Form: form}}, err
}

// Track implements [room.Value].
func (s *state[T]) Track() { s.tracked = true }

// Changes implements [room.Value]. What a handler does to a state is seen by nobody, so its
// form tells.
func (s *state[T]) Changes() ([]room.Field, error) {
	fields, err := s.Fields()
	if err != nil || bytes.Equal(fields[0].Form, s.stored) {
		return nil, err
	}
	s.stored = fields[0].Form
	return fields, nil
}

// Replace implements [room.Value].
func (s *state[T]) Replace(fields []room.Field) error {
	if len(fields) != 1 {
		return fmt.Errorf("it has %d parts: another program has stored a table under its name", len(fields))
	}
	var stored T
	if err := json.Unmarshal(fields[0].Form, &stored); err != nil {
		return err
	}
	s.current = stored
	if s.tracked {
		s.stored = fields[0].Form
	}
	return nil
}

// declare registers a value that the room keeps.
func (r *Room) declare(what, name string, kept reflect.Type, v room.Value, opts []StateOption) {
	r.mustSetUp(what)
	if err := checkKept(kept); err != nil {
		r.turn.misdeclared = errors.Join(r.turn.misdeclared, fmt.Errorf("simplysocket: %s %q: %w", what, name, err))
	}
	d := room.Declaration{Name: name, Value: v}
	for _, opt := range opts {
		opt(&d)
	}
	if !r.core.Declare(d) {
		panic(fmt.Sprintf("simplysocket: room %s keeps a value %q already", r.actor.name, name))
	}
}
