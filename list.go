package simplysocket

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

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
	r.actor.show(&roomInfo{
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
	all := s.roomList.current(s)
	i := sort.Search(len(all), func(i int) bool { return all[i].name > after })
	return all[i:min(i+pageItems+1, len(all))], len(all)
}

// roomList is what lists of rooms are cut from: one sorted view for all who ask.
type roomList struct {
	changes atomic.Uint64 // of what lists tell
	view    atomic.Pointer[roomView]
	making  sync.Mutex
}

// roomView is the rooms that can be seen, by name. It is immutable.
type roomView struct {
	rooms   []*roomInfo
	open    int    // rooms that were looked at, hidden ones too
	changes uint64 // that it knows
	made    time.Time
	took    time.Duration
}

// Where few rooms are open, a view is always new. Otherwise making views takes one part
// of viewPart of the time at most, however many clients ask: with 50,000 rooms, which
// take 15 ms, a list is 0.3 s old at most.
const (
	fewRooms = 256
	viewPart = 20
)

// current returns a view that is as new as may be.
func (l *roomList) current(s *Server) []*roomInfo {
	if v := l.view.Load(); v != nil && !l.isStale(v) {
		return v.rooms
	}
	l.making.Lock()
	defer l.making.Unlock()
	if v := l.view.Load(); v != nil && !l.isStale(v) {
		return v.rooms // somebody else has made it meanwhile
	}
	v := &roomView{changes: l.changes.Load(), made: time.Now()}
	for a := range s.rooms.all() {
		v.open++
		if info := a.info.Load(); !info.hidden && info.joined {
			v.rooms = append(v.rooms, info)
		}
	}
	slices.SortFunc(v.rooms, func(a, b *roomInfo) int { return cmp.Compare(a.name, b.name) })
	v.took = time.Since(v.made)
	l.view.Store(v)
	return v.rooms
}

func (l *roomList) isStale(v *roomView) bool {
	return v.changes != l.changes.Load() && (v.open <= fewRooms || time.Since(v.made) >= viewPart*v.took)
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
