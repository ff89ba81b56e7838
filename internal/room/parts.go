package room

import (
	"encoding/json"
	"fmt"
	"time"
)

// Part is one part of what a room keeps, as people read it.
type Part struct {
	Kind PartKind
	Name string // such as `state "game"`; no other part of the room has it
	Form string // in JSON
}

// PartKind says how a [Part] is changed.
type PartKind uint8

// The kinds.
const (
	PartState   PartKind = iota // by what it points to
	PartTable                   // by Set and Delete, key by key
	PartOrder                   // of the keys of a table
	PartElement                 // a property, by Set and Delete
	PartOther                   // by other methods, and by the room itself
)

// Difference returns the first part in which two images of a room differ, as it is in each of
// them. An empty form stands for what is not there. It reports false if no part differs.
func Difference(a, b *Image) (inA, inB Part, differ bool) {
	partsA, partsB := a.parts(), b.parts()
	formsB := make(map[string]string, len(partsB))
	for _, p := range partsB {
		formsB[p.Name] = p.Form
	}
	for _, p := range partsA {
		form := formsB[p.Name]
		if form != p.Form {
			return p, Part{p.Kind, p.Name, form}, true
		}
		delete(formsB, p.Name)
	}
	for _, p := range partsB {
		if _, only := formsB[p.Name]; only {
			return Part{p.Kind, p.Name, ""}, p, true
		}
	}
	return inA, inB, false
}

// parts returns all parts: first those that the application has named itself.
func (i *Image) parts() []Part {
	l := new(partList)
	for at := range i.values {
		i.values[at].compact()
		l.value(&i.values[at])
	}
	m := i.m
	l.properties(&m.properties, "")
	for member := range m.order.all() {
		if member.Face != nil {
			l.properties(member.Face.Properties(), " of "+member.ID)
		}
	}
	l.clocks(&m.clocks)
	for member := range m.order.all() {
		l.add("member "+member.ID, map[string]any{
			"number": member.Number, "away": member.away, "resumable": member.resumable,
			"connection": member.conn, "info": member.Info, "identity": member.Identity,
		})
	}
	l.settings(m)
	l.counts(m)
	return l.all
}

type partList struct{ all []Part }

func (l *partList) put(kind PartKind, name string, form json.RawMessage) {
	l.all = append(l.all, Part{kind, name, string(form)})
}

func (l *partList) add(name string, v any) {
	form, err := json.Marshal(v)
	if err != nil { // all of it comes from an encoding
		form = json.RawMessage(fmt.Sprintf("%+v", v))
	}
	l.put(PartOther, name, form)
}

// value adds a state, or a table key by key.
func (l *partList) value(v *written) {
	if len(v.fields) == 1 && v.fields[0].Key == "" {
		l.put(PartState, fmt.Sprintf("state %q", v.name), v.fields[0].Form)
		return
	}
	keys := make([]string, len(v.fields))
	for i, f := range v.fields {
		keys[i] = f.Key
		l.put(PartTable, fmt.Sprintf("table %q, key %q", v.name, f.Key), f.Form)
	}
	order, _ := json.Marshal(keys) // never fails
	l.put(PartOrder, fmt.Sprintf("table %q, the order of its keys", v.name), order)
}

func (l *partList) properties(p *Properties, of string) {
	for _, name := range p.kept() {
		l.put(PartElement, fmt.Sprintf("property %q%s", name, of), p.held[name].Form)
	}
}

func (l *partList) clocks(c *clocks) {
	var order []string
	for i := range c.alarms {
		a := &c.alarms[i]
		name := a.describe()
		order = append(order, name)
		l.add(name, struct {
			Due  time.Time       `json:"due"`
			Body json.RawMessage `json:"body,omitempty"`
		}{a.due, a.body})
	}
	for i := range c.running {
		t := &c.running[i]
		name := fmt.Sprintf("task %q number %d", t.name, t.number)
		order = append(order, name)
		l.put(PartOther, name, t.query)
	}
	l.add("the order of the timers and tasks", order)
	l.add("the number of timers and tasks that were ever set", c.newest)
}

func (a *alarm) describe() string {
	switch a.kind {
	case alarmTimer:
		return fmt.Sprintf("timer %q", a.name)
	case alarmTick:
		return fmt.Sprintf("the next beat of Every number %d", a.index+1)
	case alarmPresence:
		return "the next client-presence"
	case alarmCount:
	}
	return "the next room-count"
}

func (l *partList) settings(m *Machine) {
	l.add("the capacity", m.capacity)
	l.add("whether it is hidden", m.hidden)
	l.add("whether it has a password", m.password != nil)
	l.add("the listed properties", m.listed)
	l.add("the overflow policy", m.overflow)
	l.add("the flush interval", m.interval)
	l.add("whether messages have timestamps", m.timestamps)
	l.add("the history access", m.settings.history)
	l.add("whether presence is told", !m.presence.off)
	l.add("the empty timeout", m.cfg.EmptyTimeout)
}

// counts adds what the room itself keeps.
func (l *partList) counts(m *Machine) {
	var random []byte
	if m.source != nil {
		random, _ = m.source.MarshalBinary() // never fails
	}
	l.add("how often Room.Rand was used", random)
	l.add("the number of messages", m.seq)
	l.add("the number of members that there ever were", m.order.next)
	l.add("whether anybody has joined", m.joined)
	l.add("when the last member left", m.emptied)
	l.add("its time", m.now)
	changed := make([]string, len(m.presence.changed))
	for i, member := range m.presence.changed {
		changed[i] = member.ID
	}
	l.add("the changes of members that are still to be told", changed)
	guesses := map[string]int{}
	for network, g := range m.guesses {
		guesses[network] = g.wrong
	}
	l.add("the wrong passwords", guesses)
}
