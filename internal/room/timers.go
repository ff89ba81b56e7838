package room

import (
	"encoding/json"
	"slices"
	"time"
)

// clocks is what is still to come for a room. Every alarm reaches it as an entry.
type clocks struct {
	alarms  []alarm // in the order in which they were set, which is that of their numbers
	newest  uint64  // number of the newest alarm or task
	periods []time.Duration
	running []task
}

// alarm is something that is due at a time.
type alarm struct {
	number uint64
	kind   alarmKind
	due    time.Time
	name   string // of a timer
	index  int    // of a tick
	body   json.RawMessage
}

type alarmKind uint8

// The kinds. Their numbers are part of the encoding of a snapshot.
const (
	alarmTimer    alarmKind = iota // a timer of the application
	alarmTick                      // an Every
	alarmPresence                  // changes of members are to be told
	alarmCount                     // the number of members is to be told
)

// task is work of the application that runs outside the room.
type task struct {
	number uint64
	name   string
	query  json.RawMessage
}

// setAlarm replaces the alarm of the same kind, name and index.
func (m *Machine) setAlarm(a alarm) {
	m.clearAlarm(a.kind, a.name, a.index)
	m.newest++
	a.number = m.newest
	m.changes.alarm(a.number)
	m.alarms = append(m.alarms, a)
}

func (m *Machine) clearAlarm(kind alarmKind, name string, index int) {
	m.alarms = slices.DeleteFunc(m.alarms, func(a alarm) bool {
		is := a.kind == kind && a.name == name && a.index == index
		if is {
			m.changes.alarm(a.number)
		}
		return is
	})
}

// NextAlarm returns when the next alarm is due.
func (m *Machine) NextAlarm() (due time.Time, ok bool) {
	for i := range m.alarms {
		if at := m.alarms[i].due; !ok || at.Before(due) {
			due, ok = at, true
		}
	}
	return due, ok
}

// Due returns the number of the alarm that is due first, if one is due at that time. The
// caller applies an entry of [KindTimer] with it.
func (m *Machine) Due(now time.Time) (number uint64, ok bool) {
	var first time.Time
	for i := range m.alarms {
		if a := &m.alarms[i]; !a.due.After(now) && (!ok || a.due.Before(first)) {
			number, first, ok = a.number, a.due, true
		}
	}
	return number, ok
}

// DescribeAlarm says what the alarm of that number is, for people.
func (m *Machine) DescribeAlarm(number uint64) string {
	i, ok := search(m.alarms, number, alarmNumber)
	if !ok {
		return "an alarm that was stopped"
	}
	switch a := &m.alarms[i]; a.kind {
	case alarmTimer:
		return "the timer " + a.name
	case alarmTick:
		return "a beat"
	case alarmPresence, alarmCount:
	}
	return "news of the members"
}

// alarm handles an alarm that is due, unless it was set again or stopped meanwhile.
func (m *Machine) alarm(e *Entry) error {
	a, ok := m.takeAlarm(e.Number)
	if !ok {
		return nil
	}
	switch a.kind {
	case alarmTimer:
		return m.hooks.Timer(a.name, a.body)
	case alarmTick:
		return m.hooks.Tick(a.index)
	case alarmPresence:
		m.tellPresence()
	case alarmCount:
		m.announceCount()
	}
	return nil
}

// takeAlarm removes an alarm. A tick is set again.
func (m *Machine) takeAlarm(number uint64) (a alarm, ok bool) {
	if a, ok = take(&m.alarms, number, alarmNumber); !ok {
		return a, false
	}
	m.changes.alarm(number)
	if a.kind == alarmTick {
		m.setTick(a.index, a.due)
	}
	return a, true
}

// SetTimer has the timer of that name run after d, when the entry is released.
func (m *Machine) SetTimer(name string, d time.Duration, body json.RawMessage) {
	m.out.todo = append(m.out.todo, doing{kind: doSetTimer, name: name, due: m.now.Add(d), body: body})
}

// StopTimer stops the timer of that name when the entry is released.
func (m *Machine) StopTimer(name string) {
	m.out.todo = append(m.out.todo, doing{kind: doStopTimer, name: name})
}

func (m *Machine) setTimer(name string, due time.Time, body json.RawMessage) {
	if m.phase < phaseClosing {
		m.setAlarm(alarm{kind: alarmTimer, name: name, due: due, body: body})
	}
}

func (m *Machine) stopTimer(name string) { m.clearAlarm(alarmTimer, name, 0) }

// Every has [Hooks.Tick] called every d from the end of the setup on, with the index that
// it returns.
func (m *Machine) Every(d time.Duration) (index int) {
	m.periods = append(m.periods, d)
	return len(m.periods) - 1
}

func (m *Machine) startTicks() {
	for i := range m.periods {
		m.setTick(i, m.now)
	}
}

// setTick sets the tick after the one that was due. It keeps to the beat; beats that a
// busy room has missed are left out.
func (m *Machine) setTick(index int, due time.Time) {
	every := m.periods[index]
	due = due.Add(every)
	if late := m.now.Sub(due); late > 0 {
		due = due.Add(late.Truncate(every) + every)
	}
	m.setAlarm(alarm{kind: alarmTick, index: index, due: due})
}

// StartTask starts the task of that name when the entry is released.
func (m *Machine) StartTask(name string, query json.RawMessage) {
	m.out.todo = append(m.out.todo, doing{kind: doStartTask, name: name, body: query})
}

func (m *Machine) startTask(name string, query json.RawMessage) {
	if m.phase >= phaseClosing {
		return
	}
	m.newest++
	m.changes.task(m.newest)
	m.running = append(m.running, task{m.newest, name, query})
	m.out.Effects = append(m.out.Effects, Effect{Kind: EffectTask, Number: m.newest, Name: name, Body: query})
}

// taskEnded takes the result of a task to the application.
func (m *Machine) taskEnded(e *Entry) error {
	t, ok := m.takeTask(e.Number)
	if !ok {
		return nil
	}
	return m.hooks.Task(t.name, t.query, e.Body, e.Failed, false)
}

// takeTask removes a task.
func (m *Machine) takeTask(number uint64) (t task, ok bool) {
	if t, ok = take(&m.running, number, taskNumber); ok {
		m.changes.task(number)
	}
	return t, ok
}
