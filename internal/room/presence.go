package room

import (
	"encoding/json"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// presence is what the members are still to be told of each other.
type presence struct {
	off      bool
	changed  []*Member // in the order of their first change
	due      bool      // a `client-presence` is on its way
	counting bool      // a `room-count` is on its way
}

// SetPresence says whether members learn who joins, leaves, goes away, comes back or
// changes its profile.
func (m *Machine) SetPresence(enabled bool) { set(m, &m.presence.off, !enabled) }

// presenceDebounce is how long changes gather before they are announced together: a page that
// is loaded again goes away and comes back in this time.
const presenceDebounce = 200 * time.Millisecond

// markPresenceChanged notes that there is something new about a member.
func (m *Machine) markPresenceChanged(member *Member) {
	if m.cfg.Lobby || m.presence.off || member.presenceDirty || m.order.live > m.cfg.AnnounceMaxMembers {
		return
	}
	m.changes.setting()
	member.presenceDirty = true
	m.presence.changed = append(m.presence.changed, member)
	if !m.presence.due {
		m.presence.due = true
		m.setAlarm(alarm{kind: alarmPresence, due: m.now.Add(presenceDebounce)})
	}
}

type presenceBody struct {
	Clients []memberItem `json:"clients"`
}

// tellPresence announces the members that have changed.
func (m *Machine) tellPresence() {
	m.changes.setting()
	stirred := m.presence.changed
	m.presence.changed, m.presence.due = nil, false
	var page memberPage
	flush := func() {
		if len(page.items) > 0 {
			m.broadcast(protocol.ActionClientPresence, EncodeBody(presenceBody{page.items}), m.cfg.Server, nil)
		}
		page = memberPage{}
	}
	for _, member := range stirred {
		member.presenceDirty = false
		if m.order.find(member.ID) != member {
			continue
		}
		if !page.add(member.item()) {
			flush()
			page.add(member.item())
		}
	}
	flush()
}

// setInfo takes a member's profile.
func (m *Machine) setInfo(e *Entry) {
	if member := m.order.find(e.Member); member != nil {
		member.Info = e.Body
		m.changes.member(member)
		m.markPresenceChanged(member)
	}
}

// thinned reports whether the room announces no single join or leave. One that is too
// large announces its count, at most once a second.
func (m *Machine) thinned() bool {
	switch {
	case m.presence.off:
		return true
	case m.order.live <= m.cfg.AnnounceMaxMembers:
		return false
	}
	if !m.presence.counting {
		m.changes.setting()
		m.presence.counting = true
		m.setAlarm(alarm{kind: alarmCount, due: m.now.Add(time.Second)})
	}
	return true
}

type countBody struct {
	Count int `json:"count"`
}

func (m *Machine) announceCount() {
	m.changes.setting()
	m.presence.counting = false
	m.broadcast(protocol.ActionRoomCount, EncodeBody(countBody{m.order.live}), m.cfg.Server, nil)
}

// memberItem is what lists and presence tell of a member.
type memberItem struct {
	Client string          `json:"client"`
	State  string          `json:"state"`
	Info   json.RawMessage `json:"info,omitempty"`
}

func (m *Member) item() memberItem {
	state := "online"
	if m.away {
		state = "away"
	}
	return memberItem{Client: m.ID, State: state, Info: m.Info}
}

// A page of a list holds at most PageItems items and, whatever they hold, about
// PageBytes bytes.
const (
	PageItems = 100
	PageBytes = 32 << 10
)

// memberPage is as many members as a message may tell of.
type memberPage struct {
	items []memberItem
	size  int
}

// add reports whether there was a place.
func (p *memberPage) add(item memberItem) bool {
	size := len(item.Client) + len(item.Info) + len(`{"client":"","state":"online","info":},`)
	if len(p.items) == PageItems || len(p.items) > 0 && p.size+size > PageBytes {
		return false
	}
	p.items = append(p.items, item)
	p.size += size
	return true
}

type memberList struct {
	Members []memberItem `json:"members"`
	Count   int          `json:"count"`
	Next    uint64       `json:"next,omitempty"`
}

// listMembers answers a member with a page of the members in joining order; in the lobby
// with their number alone.
func (m *Machine) listMembers(e *Entry) (json.RawMessage, error) {
	if m.order.find(e.Member) == nil {
		return nil, m.notAMember()
	}
	if m.cfg.Lobby {
		return EncodeBody(countBody{m.order.live}), nil
	}
	var after uint64
	if err := ReadParams(e.Body, Params{"after": &after}); err != nil {
		return nil, err
	}
	list := memberList{Count: m.order.live}
	list.Members, list.Next = m.membersAfter(after)
	return EncodeBody(list), nil
}

// membersAfter returns the members after that number and, if there are more, the number
// of the last.
func (m *Machine) membersAfter(after uint64) (items []memberItem, next uint64) {
	page := memberPage{items: []memberItem{}}
	for member := range m.order.after(after) {
		if !page.add(member.item()) {
			return page.items, next
		}
		next = member.Number
	}
	return page.items, 0
}
