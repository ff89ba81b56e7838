package room

import (
	"encoding/json"
	"iter"
	"sort"
)

// Member is a client in the room.
type Member struct {
	ID            string
	Number        uint64          // its place in joining order, never used again
	Identity      *Identity       // nil: the zero Identity. It must not be changed
	Info          json.RawMessage // its profile. It must not be changed
	Face          Face            // the caller's own view of the member, or nil
	conn          uint64
	stamp         uint64 // used while an audience is made
	slot          int32  // in the roster
	resumable     bool
	away          bool // its connection has broken
	presenceDirty bool // the others are to be told of a change
}

// MaxInfo limits the profile of a member, in bytes of JSON.
const MaxInfo = 1024

// Face is a member as the application sees it. Only its properties are part of the state; a
// restored member that the application has not seen yet has a [*Properties] for a face.
type Face interface {
	Properties() *Properties // nil: it has none
}

// Away reports whether the member's connection has broken and its session waits for it.
func (m *Member) Away() bool { return m.away }

// Resumable reports whether the member's session can outlive its connection.
func (m *Member) Resumable() bool { return m.resumable }

// roster is the members in joining order. Removal leaves an empty place, which is closed
// up when half of the places are empty: ten thousand members who leave at once must not
// each move all the others.
type roster struct {
	slots []*Member
	byID  map[string]*Member // nil in a small room, where a search is faster and takes no memory
	live  int
	next  uint64 // the number of the newest member
}

// smallRoom is how many members a room may have without an index.
const smallRoom = 8

func (r *roster) find(id string) *Member {
	if r.byID != nil {
		return r.byID[id]
	}
	for _, m := range r.slots {
		if m != nil && m.ID == id {
			return m
		}
	}
	return nil
}

func (r *roster) add(m *Member) {
	r.next++
	m.Number = r.next
	r.append(m)
}

func (r *roster) append(m *Member) {
	m.slot = int32(len(r.slots)) //nolint:gosec // a room has no 2^31 members
	r.slots = append(r.slots, m)
	r.live++
	switch {
	case r.byID != nil:
		r.byID[m.ID] = m
	case r.live > smallRoom:
		r.byID = make(map[string]*Member, 2*smallRoom)
		for m := range r.all() {
			r.byID[m.ID] = m
		}
	}
}

// newest is the number of the member who joined last, of those that have a place.
func (r *roster) newest() uint64 {
	for i := len(r.slots) - 1; i >= 0; i-- {
		if r.slots[i] != nil {
			return r.slots[i].Number
		}
	}
	return 0
}

// has reports whether this very member is in it.
func (r *roster) has(m *Member) bool {
	return int(m.slot) < len(r.slots) && r.slots[m.slot] == m
}

func (r *roster) remove(m *Member) {
	r.slots[m.slot] = nil
	r.live--
	delete(r.byID, m.ID)
	if r.live < len(r.slots)/2 {
		r.compact()
	}
}

func (r *roster) compact() {
	slots := make([]*Member, 0, r.live)
	for m := range r.all() {
		m.slot = int32(len(slots)) //nolint:gosec // as in append
		slots = append(slots, m)
	}
	if len(slots) == 0 {
		slots, r.byID = nil, nil
	}
	r.slots = slots
}

// all iterates over the members in joining order.
func (r *roster) all() iter.Seq[*Member] {
	return func(yield func(*Member) bool) {
		for _, m := range r.slots {
			if m != nil && !yield(m) {
				return
			}
		}
	}
}

// after iterates over the members who joined after the one of that number.
func (r *roster) after(number uint64) iter.Seq[*Member] {
	if r.live < len(r.slots) {
		r.compact()
	}
	first := sort.Search(len(r.slots), func(i int) bool { return r.slots[i].Number > number })
	rest := roster{slots: r.slots[first:]}
	return rest.all()
}
