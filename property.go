package simplysocket

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Key names a typed property of rooms and members. Create keys once, as package variables,
// with [NewKey].
type Key[T any] struct {
	name   string
	listed bool
}

// PropertyHolder has properties: a [*Room] or a [*Member].
type PropertyHolder interface {
	properties(write bool) map[string]any
	changed()
}

// KeyOption changes how a property is used.
type KeyOption func(*keyOptions)

type keyOptions struct{ listed bool }

// Listed shows the property in `list-rooms`, if a room holds it.
func Listed() KeyOption { return func(o *keyOptions) { o.listed = true } }

// NewKey returns a key. Two keys with the same name but different types must not be used
// on the same holder: use one name for one thing.
func NewKey[T any](name string, opts ...KeyOption) Key[T] {
	var o keyOptions
	for _, opt := range opts {
		opt(&o)
	}
	return Key[T]{name: name, listed: o.listed}
}

// listedValue is a property that listings show, and what they show of it.
type listedValue[T any] struct {
	value   T
	encoded json.RawMessage
}

func (v listedValue[T]) shown() json.RawMessage { return v.encoded }

// Lookup returns the property, and whether it was set. Like everything of a room, it is
// valid in the room's turns only.
func (k Key[T]) Lookup(h PropertyHolder) (value T, ok bool) {
	switch held := h.properties(false)[k.name].(type) {
	case listedValue[T]:
		return held.value, true
	case T:
		return held, true
	}
	return value, false
}

// Value returns the property, or the zero value.
func (k Key[T]) Value(h PropertyHolder) T {
	value, _ := k.Lookup(h)
	return value
}

// Set sets the property. It panics for a listed property whose value has no JSON form.
func (k Key[T]) Set(h PropertyHolder, value T) {
	if k.listed {
		encoded, err := json.Marshal(value)
		if err != nil || !utf8.Valid(encoded) {
			panic(fmt.Sprintf("simplysocket: the listed property %q has no JSON form: %v", k.name, err))
		}
		h.properties(true)[k.name] = listedValue[T]{value, encoded}
		h.changed()
		return
	}
	h.properties(true)[k.name] = value
}

// Delete removes the property.
func (k Key[T]) Delete(h PropertyHolder) {
	delete(h.properties(false), k.name)
	h.changed()
}

func (r *Room) properties(write bool) map[string]any {
	if r.props == nil && write {
		r.props = map[string]any{}
	}
	return r.props
}

func (r *Room) changed() { r.core.SetProperties(r.listedProperties()) }

func (m *Member) properties(write bool) map[string]any {
	if m.props == nil && write {
		m.props = map[string]any{}
	}
	return m.props
}

func (m *Member) changed() {}

// listedProperties returns what listings show of the room's properties: the listed keys.
func (r *Room) listedProperties() json.RawMessage {
	shown := map[string]any{}
	for name, held := range r.props {
		if v, ok := held.(interface{ shown() json.RawMessage }); ok {
			shown[name] = v.shown()
		}
	}
	if len(shown) == 0 {
		return nil
	}
	raw, err := encodeBody(shown)
	if err != nil || len(raw) > room.MaxProperties {
		r.srv.log.Error("listed properties are left out", "room", r.actor.name, "bytes", len(raw), "error", err)
		return nil
	}
	return raw
}
