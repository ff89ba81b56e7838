package room

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// recordVersion is the version of the encoding of a record.
const recordVersion = 1

// The parts of a record that most have not.
const (
	recordSettings = 1 << iota
	recordGuesses
	recordProperties
)

// AppendRecord appends the encoding of a record: what has changed since the last record or
// snapshot, and what was said. Said are steps of the output since then, which yields their
// messages. Redoing the records of a room over its snapshot gives the room as it is. The
// error is that of a value without a JSON form; the room has then to be restored.
func (m *Machine) AppendRecord(b []byte, said []Said) ([]byte, error) {
	values, err := m.valueChanges()
	if err != nil {
		return b, err
	}
	m.index++
	c := m.changes
	w := writer{append(b, recordVersion)}
	w.uint(m.index)
	w.head(m)
	w.byte(flag(recordSettings, c.settings) | flag(recordGuesses, c.guesses) | flag(recordProperties, c.properties))
	if err := w.changedMembers(m); err != nil {
		return b, err
	}
	if c.settings {
		w.access(&m.access)
		w.settings(&m.settings)
		w.presence(&m.presence)
	}
	if c.guesses {
		w.guesses(m.guesses)
	}
	if c.properties {
		if err := w.properties(&m.properties); err != nil {
			return b, &ValueError{Room: m.cfg.Name, Value: "properties", Err: err}
		}
	}
	changed(&w, c.alarms, m.alarms, alarmNumber, w.alarm)
	changed(&w, c.tasks, m.running, taskNumber, w.task)
	changed(&w, c.messages, m.told.pending, messageNumber, w.message)
	slices.Sort(c.rooms)
	w.heardFrom(m.heard, slices.Compact(c.rooms))
	w.values(values)
	w.int(len(said))
	for i := range said {
		w.said(&said[i])
	}
	c.forget()
	return w.b, nil
}

func alarmNumber(a *alarm) uint64 { return a.number }
func taskNumber(t *task) uint64   { return t.number }

// changedMembers writes the members that are new or have changed, and the numbers of those
// that have left.
func (w *writer) changedMembers(m *Machine) error {
	members := m.changes.members
	slices.SortFunc(members, func(a, b *Member) int { return cmp.Compare(a.Number, b.Number) })
	members = slices.Compact(members)
	w.int(len(members))
	for _, member := range members {
		w.bool(m.order.has(member))
		if !m.order.has(member) {
			w.uint(member.Number)
			w.string(member.ID)
		} else if err := w.member(m, member); err != nil {
			return err
		}
	}
	return nil
}

// changed writes the things of those numbers that there are, and the numbers of those that
// are gone. All are in the order of their numbers.
func changed[T any](w *writer, numbers []uint64, all []T, number func(*T) uint64, write func(*T)) {
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	w.int(len(numbers))
	for _, n := range numbers {
		i, held := search(all, n, number)
		w.bool(held)
		if held {
			write(&all[i])
		} else {
			w.uint(n)
		}
	}
}

func search[T any](all []T, number uint64, of func(*T) uint64) (int, bool) {
	return slices.BinarySearchFunc(all, number, func(t T, n uint64) int { return cmp.Compare(of(&t), n) })
}

// take removes the thing of that number.
func take[T any](all *[]T, number uint64, of func(*T) uint64) (one T, ok bool) {
	i, ok := search(*all, number, of)
	if !ok {
		return one, false
	}
	one = (*all)[i]
	*all = slices.Delete(*all, i, i+1)
	return one, true
}

// redo replaces the things that were written, and removes those that are gone.
func redo[T any](r *reader, all []T, number func(*T) uint64, read func() T) []T {
	for range r.count() {
		if !r.bool() {
			_, _ = take(&all, r.uint(), number)
			continue
		}
		one := read()
		if i, found := search(all, number(&one), number); found {
			all[i] = one
		} else {
			all = slices.Insert(all, i, one)
		}
	}
	return all
}

// Redo applies a record to the image, and returns what was said. The records come in order;
// one that the image has already is passed over. The error wraps [ErrEncoding]; the image is
// then of no use.
func (i *Image) Redo(record []byte) ([]Said, error) {
	r := reader{b: record}
	if version := r.byte(); version != recordVersion {
		r.fail(fmt.Sprintf("record of version %d", version))
	}
	m, index := i.m, r.uint()
	switch {
	case r.err != nil:
		return nil, r.err
	case index <= m.index:
		return nil, nil
	case index > m.index+1:
		return nil, fmt.Errorf("%w: record %d follows record %d", ErrEncoding, index, m.index)
	}
	m.index = index
	r.head(m)
	parts := r.byte()
	r.changedMembers(m)
	if parts&recordSettings != 0 {
		r.access(&m.access)
		r.settings(&m.settings)
		r.presence(m)
	}
	if parts&recordGuesses != 0 {
		m.guesses = r.guesses()
	}
	if parts&recordProperties != 0 {
		m.properties = Properties{}
		if properties := r.properties(); properties != nil {
			m.properties = *properties
		}
	}
	m.alarms = redo(&r, m.alarms, alarmNumber, r.alarm)
	m.running = redo(&r, m.running, taskNumber, r.task)
	m.told.pending = redo(&r, m.told.pending, messageNumber, r.message)
	r.heardFrom(m)
	for _, v := range r.values() {
		i.change(&r, v)
	}
	var said []Said
	for range r.count() {
		said = append(said, r.said())
	}
	return said, r.end()
}

func (r *reader) changedMembers(m *Machine) {
	for range r.count() {
		if !r.bool() {
			number, id := r.uint(), r.string()
			if member := m.order.find(id); member != nil && member.Number == number {
				m.order.remove(member)
			}
			continue
		}
		member := r.member()
		held := m.order.find(member.ID)
		switch {
		case held != nil && held.Number == member.Number:
			member.slot = held.slot
			*held = *member
		case held != nil || member.Number > m.order.next || len(m.order.slots) > 0 && m.order.newest() >= member.Number:
			r.fail("members out of order")
		default:
			m.order.append(member)
		}
	}
}

// change redoes what has changed of a value.
func (i *Image) change(r *reader, changed written) {
	at := slices.IndexFunc(i.values, func(v written) bool { return v.name == changed.name })
	if at < 0 {
		at = len(i.values)
		i.values = append(i.values, written{name: changed.name, version: changed.version})
	}
	v := &i.values[at]
	if v.version != changed.version {
		r.fail(fmt.Sprintf("value %q has version %d and then %d", v.name, v.version, changed.version))
		return
	}
	for _, f := range changed.fields {
		v.set(f)
	}
}

// set sets or deletes a field.
func (v *written) set(f Field) {
	if v.places == nil {
		v.places = make(map[string]int, len(v.fields))
		for i := range v.fields {
			v.places[v.fields[i].Key] = i
		}
	}
	at, held := v.places[f.Key]
	switch {
	case held && f.Form == nil:
		v.fields[at].Form = nil // its place stays empty until the image is complete
		delete(v.places, f.Key)
	case held:
		v.fields[at] = f
	case f.Form != nil:
		v.places[f.Key] = len(v.fields)
		v.fields = append(v.fields, f)
	}
}

// compact closes the places of deleted fields up.
func (v *written) compact() {
	v.fields = slices.DeleteFunc(v.fields, func(f Field) bool { return f.Form == nil })
	v.places = nil
}

// Said is one step of a room's output with its message, as a record keeps it.
type Said struct {
	Item
	Payload json.RawMessage
}

// The parts of an item that are yes or no.
const (
	saidAway = 1 << iota
	saidNotice
	saidOrdered
	saidAnswer
	saidSilent
	saidRestart
	saidLost
	saidSince
)

func (w *writer) said(s *Said) {
	w.byte(byte(s.Kind))
	w.byte(flag(saidAway, s.Away) | flag(saidNotice, s.Notice) | flag(saidOrdered, s.Ordered) | flag(saidAnswer, s.Answer) |
		flag(saidSilent, s.Silent) | flag(saidRestart, s.Restart) | flag(saidLost, s.Lost) | flag(saidSince, s.Since))
	w.byte(byte(s.Reason))
	w.byte(byte(s.Overflow))
	w.int(s.Members)
	w.uint(s.Number)
	w.int(len(s.Numbers))
	for _, n := range s.Numbers {
		w.uint(n)
	}
	w.string(s.Member)
	w.uint(s.Seq)
	w.string(s.Key)
	w.uint(s.Seen.Epoch)
	w.uint(s.Seen.Seq)
	w.uint(s.Before)
	w.uint(s.ID)
	w.string(s.Action)
	w.string(s.Re)
	w.bytes(s.Body)
	w.uint(uint64(s.Time)) //nolint:gosec // milliseconds since 1970, or 0
	w.bytes(s.Payload)
}

func (r *reader) said() Said {
	var s Said
	s.Kind = ItemKind(r.byte())
	if s.Kind > ItemGone {
		r.fail("no such step")
	}
	flags := r.byte()
	s.Away, s.Notice, s.Ordered, s.Answer = flags&saidAway != 0, flags&saidNotice != 0, flags&saidOrdered != 0, flags&saidAnswer != 0
	s.Silent, s.Restart, s.Lost, s.Since = flags&saidSilent != 0, flags&saidRestart != 0, flags&saidLost != 0, flags&saidSince != 0
	s.Reason, s.Overflow = LeaveReason(r.byte()), Overflow(r.byte())
	s.Members, s.Number = r.int(), r.uint()
	for range r.count() {
		s.Numbers = append(s.Numbers, r.uint())
	}
	s.Member, s.Seq, s.Key = r.string(), r.uint(), r.string()
	s.Seen = Position{r.uint(), r.uint()}
	s.Before, s.ID, s.Action, s.Re = r.uint(), r.uint(), r.string(), r.string()
	s.Body = r.optional()
	s.Time = int64(r.uint()) //nolint:gosec // as it was written
	s.Payload = r.optional()
	return s
}
