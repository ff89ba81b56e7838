package client

import (
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// look requests the members of a room whose members are not fully known: messages from it
// are missing, or it was too large to announce them. The caller holds the lock.
func (c *Conn) look(r *Room) {
	r.gaps++
	if !r.looking && r.status == joined {
		c.askMembers(r)
	}
}

// askMembers replaces the members by the answer, which has its place among the room's
// messages. The caller holds the lock.
func (c *Conn) askMembers(r *Room) {
	gaps := r.gaps
	m := &message{
		header: protocol.Header{Action: protocol.ActionListMembers, Target: r.name},
		room:   r,
		kind:   kindList,
	}
	m.settled = func(reply json.RawMessage, err error) error {
		r.looking = false
		var list memberList
		switch {
		case r.status != joined || c.end != nil:
		case hasCode(err, protocol.CodeBusy, protocol.CodeRateLimited):
			c.later(func() { c.look(r) })
		case err != nil:
			c.log.Warn("the members could not be listed after a gap", "room", r.name, "error", err)
		case m.again || r.gaps != gaps: // it tells of an earlier time
			c.askMembers(r)
		case json.Unmarshal(reply, &list) != nil:
			c.log.Warn("the list of members cannot be read", "room", r.name)
		default:
			r.setMembers(list.Members, list.Count)
		}
		return err
	}
	r.looking = true
	c.pushOut(m)
}

// setMembers replaces the known members. The caller holds the lock.
func (r *Room) setMembers(items []memberItem, count int) {
	r.count, r.members, r.stale = count, membersOf(items), false
	members := membersOf(items)
	r.conn.push(event{room: r, call: func() { r.tellMembers(members) }})
}
