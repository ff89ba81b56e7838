package simplysocket

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// A page of a list holds at most pageItems items and, whatever they hold, about
// pageBytes bytes.
const (
	pageItems = 100
	pageBytes = 32 << 10
)

// roomInfo is what listings tell of a room.
type roomInfo struct {
	name     string
	joined   bool // somebody has been in: from then on it is listed
	members  int
	capacity int
	locked   bool
	hidden   bool
	listed   json.RawMessage
}

// publish makes the room's state visible to listings, if it has changed.
func (r *Room) publish() {
	if !r.dirty {
		return
	}
	r.dirty = false
	r.actor.info.Store(&roomInfo{
		name:     r.name,
		joined:   r.joined,
		members:  len(r.members),
		capacity: r.capacity,
		locked:   r.locked,
		hidden:   r.hidden,
		listed:   r.listedProperties(),
	})
}

type roomItem struct {
	Name       string          `json:"name"`
	Members    int             `json:"members"`
	Capacity   int             `json:"capacity,omitempty"`
	Locked     bool            `json:"locked,omitempty"`
	Properties json.RawMessage `json:"properties,omitempty"`
}

type roomPage struct {
	Rooms []roomItem `json:"rooms"`
	Count int        `json:"count"`
	Next  string     `json:"next,omitempty"`
}

// listRooms returns the rooms that are not hidden, by name, behind the one
// named in the body's `after`.
func (s *Server) listRooms(body json.RawMessage) (json.RawMessage, error) {
	var after string
	if err := readParams(body, params{"after": &after}); err != nil {
		return nil, err
	}
	page := roomPage{Rooms: []roomItem{}}
	infos, visible := s.roomsAfter(after)
	page.Count = visible
	size := 0
	for i, info := range infos {
		size += len(info.name) + len(info.listed) + 64
		if i == pageItems || size > pageBytes {
			page.Next = infos[i-1].name
			break
		}
		page.Rooms = append(page.Rooms, roomItem{
			Name:       info.name,
			Members:    info.members,
			Capacity:   info.capacity,
			Locked:     info.locked,
			Properties: info.listed,
		})
	}
	return mustEncode(page), nil
}

// roomsAfter returns the first rooms behind that name, one more than a page
// holds, and the number of all that can be seen.
func (s *Server) roomsAfter(after string) (first []*roomInfo, visible int) {
	byName := func(a, b *roomInfo) int { return cmp.Compare(a.name, b.name) }
	for r := range s.rooms.all() {
		info := r.info.Load()
		if info.hidden || !info.joined {
			continue
		}
		visible++
		if info.name > after {
			first = append(first, info)
		}
		if len(first) >= 16*pageItems {
			slices.SortFunc(first, byName)
			first = first[:pageItems+1]
		}
	}
	slices.SortFunc(first, byName)
	return first[:min(len(first), pageItems+1)], visible
}

type memberList struct {
	Members []memberItem `json:"members"`
	Count   int          `json:"count"`
	Next    uint64       `json:"next,omitempty"`
}

// listMembers answers a member with a page of the members in joining order; in
// the lobby with their number alone.
func (r *Room) listMembers(e *entry) (json.RawMessage, error) {
	if r.members[e.member] == nil {
		return nil, r.notAMember()
	}
	if r.isLobby {
		return mustEncode(countBody{len(r.members)}), nil
	}
	var after uint64
	if err := readParams(e.body, params{"after": &after}); err != nil {
		return nil, err
	}
	list := memberList{Count: len(r.members)}
	list.Members, list.Next = r.membersAfter(after)
	return mustEncode(list), nil
}

// membersAfter returns the members behind that number and, if there are more,
// the number to go on from.
func (r *Room) membersAfter(after uint64) (items []memberItem, next uint64) {
	page := memberPage{items: []memberItem{}}
	for m := range r.order.after(after) {
		if !page.add(m.item()) {
			return page.items, next
		}
		next = m.number
	}
	return page.items, 0
}

type errorBodyFields struct {
	Code    protocol.Code `json:"code"`
	Message string        `json:"message"`
}

func errorBody(e *Error) json.RawMessage {
	return mustEncode(errorBodyFields{Code: e.Code, Message: e.Message})
}
