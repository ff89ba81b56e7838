package client

import (
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Member is somebody in a room, as the room tells of it.
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

// Members are those in the room, this client included, in joining order and as
// far as known: a server names the first hundred to who joins, and large rooms do
// not announce who comes and goes. [Room.ListMembers] asks.
func (r *Room) Members() []Member {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return slices.Clone(r.members)
}

// place is where in the members somebody is, or -1. The lock is held.
func (r *Room) place(slug string) int {
	return slices.IndexFunc(r.members, func(m Member) bool { return m.ID == slug })
}

// takePresence notes what is new about members. The lock is held.
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

// OnPresence has f called when a member went away, came back or shows something
// else of itself.
func (r *Room) OnPresence(f func(Member)) { r.register(func(h *handlers) { h.presence = f }) }

func (r *Room) tellPresence(news []Member) {
	if f := r.registered().presence; f != nil {
		for _, m := range news {
			f(m)
		}
	}
}
