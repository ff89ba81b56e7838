package room

import (
	"encoding/json"
	"maps"
	"slices"
)

// What a room tells another arrives once and in order, if both are written down: the teller
// keeps it until the other room has confirmed it, and that room remembers what it has heard.

// told is what a room tells others.
type told struct {
	newest  uint64    // number of the newest message to another room
	pending []message // not confirmed, in order; none if the room is not written down
}

// message is one to another room.
type message struct {
	number uint64
	to     string
	action string
	body   json.RawMessage
}

func messageNumber(t *message) uint64 { return t.number }

// Tell has a message sent to another room when the entry is released.
func (m *Machine) Tell(to, action string, body json.RawMessage) {
	m.out.todo = append(m.out.todo, doing{kind: doTell, name: to, action: action, body: body})
}

// tell sends a message to another room.
func (m *Machine) tell(t message) {
	if m.changes != nil {
		m.told.newest++
		t.number = m.told.newest
		m.changes.told(t.number)
		m.told.pending = append(m.told.pending, t)
	}
	m.tellEffect(&t)
}

func (m *Machine) tellEffect(t *message) {
	e := Effect{Kind: EffectTell, Number: t.number, Name: t.to, Action: t.action, Body: t.body}
	if m.changes != nil {
		e.Epoch = m.cfg.Epoch
	}
	m.out.Effects = append(m.out.Effects, e)
}

// tellAgain repeats what was not confirmed before the room was down.
func (m *Machine) tellAgain() {
	for i := range m.told.pending {
		m.tellEffect(&m.told.pending[i])
	}
}

// confirmed forgets a message that the other room has heard, or never will.
func (m *Machine) confirmed(e *Entry) {
	if _, ok := take(&m.told.pending, e.Number, messageNumber); ok {
		m.changes.told(e.Number)
	}
}

// hear notes what another room has told, and reports whether it is new. It is confirmed in
// any case: a handler that fails has heard it as well.
func (m *Machine) hear(e *Entry) bool {
	if e.Seen.Epoch == 0 { // its teller is not written down, and repeats nothing
		return true
	}
	m.out.Effects = append(m.out.Effects, Effect{Kind: EffectConfirm, Number: e.Seen.Seq, Name: e.Target, Epoch: e.Seen.Epoch})
	if m.changes == nil {
		return true
	}
	if last := m.heard[e.Target]; last.Epoch == e.Seen.Epoch && last.Seq >= e.Seen.Seq {
		return false
	}
	if m.heard == nil {
		m.heard = map[string]Position{}
	}
	m.heard[e.Target] = e.Seen
	m.changes.heard(e.Target)
	return true
}

func (w *writer) message(t *message) {
	w.uint(t.number)
	w.string(t.to)
	w.string(t.action)
	w.bytes(t.body)
}

func (r *reader) message() message {
	return message{number: r.uint(), to: r.string(), action: r.string(), body: r.optional()}
}

// heardFrom writes the newest that was heard from each of those rooms.
func (w *writer) heardFrom(heard map[string]Position, rooms []string) {
	w.int(len(rooms))
	for _, room := range rooms {
		w.string(room)
		w.uint(heard[room].Epoch)
		w.uint(heard[room].Seq)
	}
}

func (r *reader) heardFrom(m *Machine) {
	for range r.count() {
		room, at := r.string(), Position{r.uint(), r.uint()}
		if m.heard == nil {
			m.heard = map[string]Position{}
		}
		m.heard[room] = at
	}
}

func sortedRooms(heard map[string]Position) []string { return slices.Sorted(maps.Keys(heard)) }
