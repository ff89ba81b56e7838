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

// Set sets the property of that name.
func (p *Properties) Set(name string, to Property) {
	if p.held == nil {
		p.held = map[string]Property{}
	}
	p.held[name] = to
}

// Delete removes the property of that name.
func (p *Properties) Delete(name string) { delete(p.held, name) }

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

// properties writes all that are kept, in the order of their names.
func (w *writer) properties(p *Properties) error {
	var names []string
	if p != nil {
		names = slices.Sorted(maps.Keys(p.held))
		names = slices.DeleteFunc(names, func(name string) bool { return p.held[name].Transient })
	}
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
		p.Set(name, Property{Listed: r.bool(), Form: r.json()})
	}
	return p
}
