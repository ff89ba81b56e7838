package room

import (
	"time"
)

// settings are what the application may set at any time.
type settings struct {
	interval   time.Duration
	overflow   Overflow
	timestamps bool
	history    HistoryAccess
}

// HistoryAccess is how much of a room's history its members may see.
type HistoryAccess uint8

// The levels. HistoryDefault is all in relay rooms, and nothing in others.
const (
	HistoryDefault HistoryAccess = iota
	HistoryNone
	HistorySinceJoin
	HistoryAll
)

// SetOverflow sets what happens to a broadcast that does not fit a member's outbox.
func (m *Machine) SetOverflow(policy Overflow) { set(m, &m.overflow, policy) }

// SetInterval sets how long output gathers before it is written.
func (m *Machine) SetInterval(d time.Duration) { set(m, &m.interval, max(d, 0)) }

// Interval returns what SetInterval has set.
func (m *Machine) Interval() time.Duration { return m.interval }

// SetTimestamps says whether messages carry the time of their entry.
func (m *Machine) SetTimestamps(enabled bool) { set(m, &m.timestamps, enabled) }

// SetHistory sets what members may see of the history.
func (m *Machine) SetHistory(access HistoryAccess) { set(m, &m.history, access) }

// History returns what members may see of the history: never HistoryDefault.
func (m *Machine) History() HistoryAccess {
	switch {
	case m.cfg.Lobby:
		return HistoryNone
	case m.history != HistoryDefault:
		return m.history
	case m.relaying:
		return HistoryAll
	default:
		return HistoryNone
	}
}
