package room

import (
	"fmt"
	"slices"
	"time"
)

// Image is a room as it was written down: the snapshot that it begins with, and the records
// that followed. It runs no code of the application until it is opened.
type Image struct {
	m      *Machine // without hooks
	values []written
}

// ReadSnapshot returns the image of a snapshot. The error wraps [ErrEncoding].
func ReadSnapshot(snapshot []byte) (*Image, error) {
	r := reader{b: snapshot}
	if version := r.byte(); version != snapshotVersion {
		r.fail(fmt.Sprintf("snapshot of version %d", version))
	}
	m := newMachine(r.config(), nil)
	m.keep().index = r.uint()
	i := &Image{m: m}
	r.head(m)
	r.members(m)
	m.guesses = r.guesses()
	r.access(&m.access)
	r.settings(&m.settings)
	r.presence(m)
	r.clocks(&m.clocks)
	for range r.count() {
		m.told.pending = append(m.told.pending, r.message())
	}
	r.heardFrom(m)
	r.bucket(m)
	i.values = r.values()
	if properties := r.properties(); properties != nil {
		m.properties = *properties
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return i, nil
}

// Config returns what the room was opened with.
func (i *Image) Config() *Config { return &i.m.cfg }

// Index is the number of the newest record in the image; 0: the snapshot was made before
// the first.
func (i *Image) Index() uint64 { return i.m.index }

// Now is the room's time when it was written down.
func (i *Image) Now() time.Time { return i.m.now }

// Snapshot appends the snapshot that [Machine.Snapshot] would append for the machine of the
// image.
func (i *Image) Snapshot(b []byte) ([]byte, error) {
	for at := range i.values {
		i.values[at].compact()
	}
	m := *i.m
	m.undeclared = i.values
	return m.Snapshot(b)
}

// Waits reports whether something may happen to the room by itself: it has members, who may
// leave, or alarms or tasks, or has told another room something that is not confirmed.
func (i *Image) Waits() bool {
	return i.m.order.live > 0 || len(i.m.told.pending) > 0 || len(i.m.alarms) > 0 || len(i.m.running) > 0
}

// Open returns the machine of the image, which is used up by it. Open runs the setup, which
// registers what the hooks handle and declares what they keep; what the setup does besides
// that is replaced by the state of the image. A tick of a period that is not registered any
// more is forgotten. The error is a [*ValueError], or that of the setup.
func (i *Image) Open(hooks Hooks) (*Machine, error) {
	for at := range i.values {
		i.values[at].compact()
	}
	m := i.m
	stored := *m
	m.hooks, m.phase = hooks, phaseSetup
	m.source, m.random = nil, nil // as when the room opened: the setup must not use up what is stored
	m.out = new(Output)
	if err := m.setUp(); err != nil {
		return nil, err
	}
	m.out = nil
	stored.takeRegistered(m)
	*m = stored
	for _, member := range m.presence.changed {
		member.presenceDirty = true
	}
	if err := m.adopt(i.values); err != nil {
		return nil, err
	}
	return m, nil
}

// takeRegistered takes over what a setup has registered. It has declared values in the ledger,
// which both have.
func (m *Machine) takeRegistered(setUp *Machine) {
	m.hooks, m.cfg = setUp.hooks, setUp.cfg
	m.relaying, m.wrapped, m.periods = setUp.relaying, setUp.wrapped, setUp.periods
	m.alarms = slices.DeleteFunc(m.alarms, func(a alarm) bool { return a.kind == alarmTick && a.index >= len(m.periods) })
}
