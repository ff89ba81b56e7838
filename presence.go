package simplysocket

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// maxInfo bounds what a client shows of itself, in bytes of JSON.
const maxInfo = 1024

// SetInfo sets what the client shows of itself to those who share a room with
// it, the lobby aside: an object of at most 1 KiB, such as a name and a colour.
// It is in the lists of members, and the members of its rooms are told of the
// change. The error is [ErrInfoTooLarge], [ErrClientGone], or that of what does
// not encode to an object; nil, or an empty object, takes it away. See also
// [Options.ClientInfo].
func (c *Client) SetInfo(info any) error {
	raw, err := encodeBody(info)
	if err != nil {
		return err
	}
	return c.setInfo(raw)
}

// routeInfo sets what a client wants to show of itself.
func (c *Client) routeInfo(env *protocol.Envelope) error {
	if !c.srv.opts.ClientInfo {
		return newError(protocol.CodeForbidden, "clients do not set what they show")
	}
	if err := c.setInfo(compact(env.Body)); err != nil {
		return err
	}
	if env.ID != 0 {
		c.sendAck(string(env.Action), env.ID, nil)
	}
	return nil
}

// setInfo takes an object; an empty one takes what was there away.
func (c *Client) setInfo(raw json.RawMessage) error {
	if len(raw) > maxInfo {
		return fmt.Errorf("%w: %d bytes", ErrInfoTooLarge, len(raw))
	}
	if len(raw) <= len("{}") {
		raw = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return ErrClientGone
	}
	c.info = raw
	for _, m := range c.rooms {
		_ = m.room.post(&entry{kind: entryInfo, member: c.id, client: c, info: raw}) // one that has closed shows nobody
	}
	return nil
}

// Info is what [Client.SetInfo] has set, or nil.
func (c *Client) Info() json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// Info is what the member shows of itself, see [Client.SetInfo], or nil. It must
// not be changed.
func (m *Member) Info() json.RawMessage { return m.info }

// Away reports whether the member's connection has broken and its session waits
// for it.
func (m *Member) Away() bool { return m.away }

// SetPresence says whether members are told when another goes away, comes back
// or shows something else of itself; they are unless told otherwise, in rooms
// that are small enough to announce who comes and goes.
func (r *Room) SetPresence(told bool) { r.presence.off = !told }

// presence is what the members are still to be told of each other.
type presence struct {
	off     bool
	changed []*Member // in the order of their first change
	due     bool
}

// presencePace is how long changes gather before they are told together: a page
// that is loaded anew goes away and comes back in this time.
const presencePace = 200 * time.Millisecond

// stir notes that there is something new about a member.
func (r *Room) stir(m *Member) {
	if r.isLobby || r.presence.off || m.stirred || len(r.members) > r.srv.opts.AnnounceLimit {
		return
	}
	m.stirred = true
	r.presence.changed = append(r.presence.changed, m)
	if !r.presence.due {
		r.presence.due = true
		r.alarm(presencePace, entry{kind: entryPresence})
	}
}

type presenceBody struct {
	Clients []memberItem `json:"clients"`
}

// tellPresence tells of the members about whom there is something new.
func (r *Room) tellPresence() {
	changed := r.presence.changed
	r.presence.changed, r.presence.due = nil, false
	var page memberPage
	flush := func() {
		if len(page.items) > 0 {
			r.broadcast(protocol.ActionClientPresence, mustEncode(presenceBody{page.items}), &sendOptions{})
		}
		page = memberPage{}
	}
	for _, m := range changed {
		m.stirred = false
		if r.members[m.ID()] != m {
			continue
		}
		if !page.add(m.item()) {
			flush()
			page.add(m.item())
		}
	}
	flush()
}

// setInfo takes what a member shows of itself.
func (r *Room) setInfo(e *entry) {
	if m := r.members[e.member]; m != nil {
		m.info = e.info
		r.stir(m)
	}
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
	return memberItem{Client: m.ID(), State: state, Info: m.info}
}

// memberPage is as many members as a message may tell of.
type memberPage struct {
	items []memberItem
	size  int
}

// add reports whether there was a place.
func (p *memberPage) add(item memberItem) bool {
	size := len(item.Client) + len(item.Info) + len(`{"client":"","state":"online","info":},`)
	if len(p.items) == pageItems || len(p.items) > 0 && p.size+size > pageBytes {
		return false
	}
	p.items = append(p.items, item)
	p.size += size
	return true
}
