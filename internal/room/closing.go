package room

import (
	"math"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// closeIdle closes a room without members.
func (m *Machine) closeIdle() {
	if due, ok := m.IdleAt(); ok && !m.now.Before(due) {
		how := closeOrderly
		if !m.joined {
			how = closeSilent
		}
		m.shut(how)
	}
}

// IdleAt returns when a room without members is to close: at once if nobody was ever in
// it. It reports false for a room with members, for one that stays open, and for the lobby.
func (m *Machine) IdleAt() (due time.Time, ok bool) {
	switch {
	case m.cfg.Lobby || m.order.live > 0 || m.phase != phaseOpen:
		return time.Time{}, false
	case !m.joined:
		return m.now, true
	case m.cfg.EmptyTimeout == Forever:
		return time.Time{}, false
	default:
		return m.emptied.Add(m.cfg.EmptyTimeout), true
	}
}

// close ends the room in good order.
func (m *Machine) close(shutdown bool) {
	switch {
	case m.phase != phaseOpen:
	case shutdown:
		m.shut(closeSilent)
	default:
		m.shut(closeOrderly)
	}
}

// The ways in which a room ends.
type shutting uint8

const (
	closeOrderly  shutting = iota // members leave, and learn why
	closeSilent                   // members leave; their connections end as well
	closePoisoned                 // the state may be inconsistent: no OnLeave
)

func (m *Machine) shut(how shutting) {
	if m.phase >= phaseClosing {
		return
	}
	before := m.phase
	m.phase = phaseClosing
	m.out.todo = nil
	if before == phaseOpen {
		m.runLastHooks(how)
	}
	announced := before == phaseOpen && how != closeSilent
	if announced {
		m.broadcast(protocol.ActionRoomClosed, nil, m.cfg.Server, nil)
	}
	left := m.order.live
	for member := range m.order.all() {
		if announced {
			m.sendLeft(member, Closed)
		}
		left--
		m.emit(&Item{Kind: ItemExit, Reason: Closed, Number: member.Number, Member: member.ID, Members: left})
	}
	m.order, m.presence, m.clocks = roster{}, presence{}, clocks{}
	m.phase = phaseClosed
	m.out.Closed, m.out.Reply.IsMember = true, false
}

// runLastHooks calls the hooks of the end. A member that one of them kicks is leaving
// already.
func (m *Machine) runLastHooks(how shutting) {
	if how != closePoisoned {
		for member := range m.order.all() {
			m.hook("OnLeave", func() error { return m.hooks.Leave(member, Closed) })
		}
	}
	m.hook("OnClose", m.hooks.Close)
}

// IsClosing reports whether the room is about to close: its last hooks run.
func (m *Machine) IsClosing() bool { return m.phase == phaseClosing }

// Forever is an empty timeout that never ends.
const Forever time.Duration = math.MaxInt64

// SetEmptyTimeout sets how long the room stays open without members. It belongs in the setup.
func (m *Machine) SetEmptyTimeout(d time.Duration) { m.cfg.EmptyTimeout = d }
