package room

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Property is a value that the application has attached to a room or a member.
type Property struct {
	Value     any             // nil: it was restored, and is decoded from Form when it is used
	Form      json.RawMessage // its JSON form, where that is known: of one that is listed or restored
	Listed    bool            // listings show it
	Transient bool            // it is not kept: a restored room does not have it
}

// Properties are what a room or a member has, by name. A nil *Properties has none.
type Properties struct{ held map[string]Property }

// Get returns the property of that name.
func (p *Properties) Get(name string) (held Property, ok bool) {
	if p == nil {
		return Property{}, false
	}
	held, ok = p.held[name]
	return held, ok
}

// Decoded replaces a property by the same in another form: it is no change.
func (p *Properties) Decoded(name string, to Property) { p.set(name, to, true) }

func (p *Properties) set(name string, to Property, held bool) {
	switch {
	case !held:
		delete(p.held, name)
	case p.held == nil:
		p.held = map[string]Property{name: to}
	default:
		p.held[name] = to
	}
}

// Listed returns the forms of the listed properties, by name.
func (p *Properties) Listed() map[string]json.RawMessage {
	listed := map[string]json.RawMessage{}
	for name, held := range p.held {
		if held.Listed {
			listed[name] = held.Form
		}
	}
	return listed
}

// Properties returns p: properties without a view of the caller stand for themselves.
func (p *Properties) Properties() *Properties { return p }

// SetProperty sets a property of a member, whose face has properties, or with a nil member of
// the room. It is undone if the output of the hook at hand is taken back.
func (m *Machine) SetProperty(member *Member, name string, to Property) {
	m.changeProperty(member, name, to, true)
}

// DeleteProperty removes a property, as SetProperty sets one.
func (m *Machine) DeleteProperty(member *Member, name string) {
	m.changeProperty(member, name, Property{}, false)
}

func (m *Machine) changeProperty(member *Member, name string, to Property, held bool) {
	properties := &m.properties
	if member != nil {
		properties = member.Face.Properties()
		m.changes.member(member)
	} else {
		m.changes.property()
	}
	before, had := properties.Get(name)
	m.OnRevoke(func() { properties.set(name, before, had) })
	properties.set(name, to, held)
}

// kept returns the names of the properties that are kept, in order.
func (p *Properties) kept() []string {
	if p == nil || len(p.held) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(p.held))
	return slices.DeleteFunc(names, func(name string) bool { return p.held[name].Transient })
}

// properties writes all that are kept, in the order of their names.
func (w *writer) properties(p *Properties) error {
	names := p.kept()
	w.int(len(names))
	for _, name := range names {
		held := p.held[name]
		form := held.Form
		if form == nil {
			err := guard(func() (err error) { // the JSON methods of the application
				form, err = json.Marshal(held.Value)
				return err
			})
			if err != nil {
				return fmt.Errorf("property %q: %w", name, err)
			}
		}
		w.string(name)
		w.bool(held.Listed)
		w.bytes(form)
	}
	return nil
}

func (r *reader) properties() (p *Properties) {
	for range r.count() {
		if p == nil {
			p = new(Properties)
		}
		name := r.string()
		p.Decoded(name, Property{Listed: r.bool(), Form: r.json()})
	}
	return p
}
