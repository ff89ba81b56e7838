package simplysocket

import (
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Key names a typed property of rooms and members. Create keys once, as package variables,
// with [NewKey]. Properties are part of the room's state, in their JSON form: see [NewState].
// What a handler has set or deleted is undone if the handler returns an error.
type Key[T any] struct {
	name string
	keyOptions
}

// PropertyHolder has properties: a [*Room] or a [*Member].
type PropertyHolder interface {
	// holder returns the room, the member if it is one, and the properties, if there are any.
	holder() (*Room, *room.Member, *room.Properties)
	// changed is called after a listed property has changed.
	changed()
}

// KeyOption changes how a property is used.
type KeyOption func(*keyOptions)

type keyOptions struct{ listed, transient bool }

// Listed shows the property in `list-rooms`, if a room holds it.
func Listed() KeyOption { return func(o *keyOptions) { o.listed = true } }

// Transient keeps the property out of the room's state: it may have any type, and a restored
// room does not have it.
func Transient() KeyOption { return func(o *keyOptions) { o.transient = true } }

// NewKey returns a key. Two keys with the same name but different types must not be used
// on the same holder: use one name for one thing. NewKey panics for a type that would lose
// something on its way through JSON, such as a field that is not exported, unless the
// property is [Transient]; the panic names the field.
func NewKey[T any](name string, opts ...KeyOption) Key[T] {
	k := Key[T]{name: name}
	for _, opt := range opts {
		opt(&k.keyOptions)
	}
	if err := checkKept(reflect.TypeFor[T]()); err != nil && !k.transient {
		panic(fmt.Sprintf("simplysocket: NewKey %q: %v; Transient allows it", name, err))
	}
	return k
}

// Lookup returns the property, and whether it was set. Like everything of a room, it is
// valid in the room's turns only. It panics for a property that was stored and does not
// decode into T.
func (k Key[T]) Lookup(h PropertyHolder) (value T, ok bool) {
	_, _, properties := h.holder()
	held, ok := properties.Get(k.name)
	if ok && held.Value == nil && !k.transient {
		if err := json.Unmarshal(held.Form, &value); err != nil {
			panic(fmt.Sprintf("simplysocket: the stored property %q: %v", k.name, err))
		}
		properties.Decoded(k.name, k.property(value))
		return value, true
	}
	value, ok = held.Value.(T)
	return value, ok
}

// Value returns the property, or the zero value.
func (k Key[T]) Value(h PropertyHolder) T {
	value, _ := k.Lookup(h)
	return value
}

// Set sets the property. It panics for a listed property whose value has no JSON form.
func (k Key[T]) Set(h PropertyHolder, value T) {
	r, member, _ := h.holder()
	r.mustBeInTurn("Key.Set")
	r.core.SetProperty(member, k.name, k.property(value))
	if k.listed {
		h.changed()
	}
}

// Delete removes the property.
func (k Key[T]) Delete(h PropertyHolder) {
	r, member, _ := h.holder()
	r.mustBeInTurn("Key.Delete")
	r.core.DeleteProperty(member, k.name)
	h.changed()
}

func (k Key[T]) property(value T) room.Property {
	p := room.Property{Value: value, Listed: k.listed, Transient: k.transient}
	if k.listed {
		form, err := json.Marshal(value)
		if err != nil || !utf8.Valid(form) {
			panic(fmt.Sprintf("simplysocket: the listed property %q has no JSON form: %v", k.name, err))
		}
		p.Form = form
	}
	return p
}

func (r *Room) holder() (*Room, *room.Member, *room.Properties) {
	return r, nil, r.core.Properties()
}

func (r *Room) changed() { r.core.SetProperties(r.listedProperties()) }

func (m *Member) holder() (*Room, *room.Member, *room.Properties) {
	return m.room, m.core, &m.props
}

func (m *Member) changed() {}

// listedProperties returns what listings show of the room's properties.
func (r *Room) listedProperties() json.RawMessage {
	listed := r.core.Properties().Listed()
	if len(listed) == 0 {
		return nil
	}
	raw, err := encodeBody(listed)
	if err != nil || len(raw) > room.MaxProperties {
		r.srv.log.Error("listed properties are left out", "room", r.actor.name, "bytes", len(raw), "error", err)
		return nil
	}
	return raw
}
