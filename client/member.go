package client

import (
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Member is a member of a room.
type Member struct {
	// ID is the slug.
	ID string
	// Away says that its connection is broken and its session waits for it.
	Away bool
	// Info is what the application shows of it: a JSON object, or nil. It must
	// not be changed.
	Info json.RawMessage
}

// memberItem is a Member on the wire.
type memberItem struct {
	Client string          `json:"client"`
	State  string          `json:"state"`
	Info   json.RawMessage `json:"info"`
}

func (i memberItem) member() Member {
	return Member{ID: i.Client, Away: i.State == "away", Info: i.Info}
}

func membersOf(items []memberItem) []Member {
	members := make([]Member, 0, len(items))
	for _, item := range items {
		members = append(members, item.member())
	}
	return members
}

// Members returns the known members in joining order, including this client. A server
// lists the first hundred to a joining client, and large rooms do not announce joins and
// leaves; [Room.ListMembers] requests them.
func (r *Room) Members() []Member {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return slices.Clone(r.members)
}

// place returns the position of a member, or -1. The caller holds the lock.
func (r *Room) place(slug string) int {
	return slices.IndexFunc(r.members, func(m Member) bool { return m.ID == slug })
}

// takePresence records changes of members. The caller holds the lock.
func (c *Conn) takePresence(r *Room, env *protocol.Envelope) bool {
	var body struct {
		Clients []memberItem `json:"clients"`
	}
	if err := json.Unmarshal(env.Body, &body); err != nil {
		return false // the application's own words
	}
	news := membersOf(body.Clients)
	for _, m := range news {
		if i := r.place(m.ID); i >= 0 {
			r.members[i] = m
		}
	}
	c.post(r, env, func() { r.tellPresence(news) })
	return true
}

// OnPresence registers a callback that runs when a member goes away, comes back or changes
// its profile.
func (r *Room) OnPresence(f func(Member)) { r.register(func(h *handlers) { h.presence = f }) }

func (r *Room) tellPresence(news []Member) {
	if f := r.registered().presence; f != nil {
		for _, m := range news {
			f(m)
		}
	}
}
