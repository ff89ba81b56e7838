package room

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join is a client at the door: what [Hooks.Join] decides about.
type Join struct {
	*Member
	Params   json.RawMessage // the body of `join-room`
	Welcome  json.RawMessage // added to the room's state in `joined-room`; nil: the default
	Announce json.RawMessage // the announcement to the others; nil: the default
}

// join lets a client in, or returns why not.
func (m *Machine) join(e *Entry) (err error) {
	if m.joined && e.Flags&FlagCreate != 0 {
		return Errorf(protocol.CodeRoomExists, "room %q exists", m.cfg.Name)
	}
	if m.order.find(e.Member) != nil {
		return nil
	}
	if err := m.admissible(e); err != nil {
		return err
	}
	member := &Member{
		ID:        e.Member,
		Identity:  e.Who.Identity,
		Info:      e.Who.Info,
		conn:      e.Conn,
		resumable: e.Who.Resumable,
		away:      e.Flags&FlagAway != 0,
	}
	m.order.add(member)
	m.changes.member(member)
	in := false
	defer func() {
		if !in {
			m.order.remove(member)
		}
	}()
	notice := m.enter(member)
	j := &Join{Member: member, Params: e.Body}
	if err := m.hooks.Join(j); err != nil {
		return err
	}
	if !m.cfg.Lobby {
		m.announceJoin(j)
	}
	if m.cfg.Lobby && j.Welcome == nil {
		m.out.Items = slices.Delete(m.out.Items, notice, notice+1)
	} else {
		m.fillNotice(notice, j)
	}
	in = true
	m.joined, m.changed = true, true
	m.emptied = time.Time{}
	if member.away { // the announcement does not say so
		m.markPresenceChanged(member)
	}
	return nil
}

// enter yields the place of a joiner and of its `joined-room`, which comes before all
// else that the join yields but is complete only after it. It returns the item's index.
func (m *Machine) enter(member *Member) (notice int) {
	seq := m.nextSeq()
	m.emit(&Item{
		Kind: ItemEnter, Member: member.ID, Number: member.Number, Away: member.away,
		Members: m.order.live, Seq: seq - 1,
	})
	m.emit(&Item{Kind: ItemOnly, Seq: seq})
	return len(m.out.Items) - 1
}

type joinedBody struct {
	Epoch   uint64       `json:"epoch"`
	Seq     uint64       `json:"seq"`
	Count   int          `json:"count"`
	Members []memberItem `json:"members"`
	Next    uint64       `json:"next,omitempty"`
}

// words is the body of the default notices.
type words struct {
	Message string `json:"message"`
}

// fillNotice completes the `joined-room` that enter has left a place for.
func (m *Machine) fillNotice(index int, j *Join) {
	it := m.out.Items[index]
	it.Numbers = m.out.audience(j.Number)
	m.encodeJoined(&it, j)
	m.out.Items[index] = it
}

// encodeJoined encodes the `joined-room` of a member under the item's seq.
func (m *Machine) encodeJoined(it *Item, j *Join) {
	state := joinedBody{Epoch: m.cfg.Epoch, Seq: it.Seq, Count: m.order.live, Members: []memberItem{}}
	if !m.cfg.Lobby {
		state.Members, state.Next = m.membersAfter(0)
	}
	welcome := j.Welcome
	if welcome == nil && !m.cfg.Lobby {
		welcome = EncodeBody(words{"Welcome client " + j.ID})
	}
	m.encode(it, directHeader(m.cfg.Name, j.ID, protocol.ActionJoinedRoom, m.cfg.Server), joinObjects(welcome, EncodeBody(state)))
}

// joinObjects returns an object with the keys of both.
func joinObjects(a, b json.RawMessage) json.RawMessage {
	switch {
	case len(a) <= len("{}"):
		return b
	case len(b) <= len("{}"):
		return a
	}
	joined := make(json.RawMessage, 0, len(a)+len(b))
	joined = append(joined, a[:len(a)-1]...)
	joined = append(joined, ',')
	return append(joined, b[1:]...)
}

// memberNews tells the others who joined or left.
type memberNews struct {
	Client  string          `json:"client"`
	Message string          `json:"message,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	Info    json.RawMessage `json:"info,omitempty"`
}

func (m *Machine) announceJoin(j *Join) {
	if m.thinned() {
		return
	}
	said := j.Announce
	if said == nil {
		said = EncodeBody(words{"Client " + j.ID + " joined the room"})
	}
	body := joinObjects(EncodeBody(memberNews{Client: j.ID, Info: j.Info}), said)
	m.broadcast(protocol.ActionClientJoinedRoom, body, m.cfg.Server, &Send{Except: []string{j.ID}})
}

// leave ends a membership that the client, or the end of its session, wants to end.
func (m *Machine) leave(e *Entry) error {
	member := m.order.find(e.Member)
	switch {
	case member != nil:
		m.remove(member, e.Reason)
	case e.ID != 0:
		return Errorf(protocol.CodeNotAMember, "not a member of room %q", m.cfg.Name)
	}
	return nil
}

type leftBody struct {
	Reason string `json:"reason"`
}

// remove takes a member out and tells the others.
func (m *Machine) remove(member *Member, reason LeaveReason) {
	m.order.remove(member)
	m.changes.member(member)
	m.changed = true
	if m.order.live == 0 {
		m.emptied = m.now
	}
	if reason != Dropped {
		m.sendLeft(member, reason)
	}
	m.emit(&Item{Kind: ItemExit, Reason: reason, Number: member.Number, Member: member.ID, Members: m.order.live})
	if !m.cfg.Lobby && !m.thinned() {
		m.broadcast(protocol.ActionClientLeftRoom, EncodeBody(memberNews{
			Client:  member.ID,
			Message: "Client " + member.ID + " left the room",
			Reason:  reason.String(),
		}), m.cfg.Server, nil)
	}
	m.hook("OnLeave", func() error { return m.hooks.Leave(member, reason) })
}

// sendLeft tells a member that it is no member any more.
func (m *Machine) sendLeft(member *Member, reason LeaveReason) {
	if !m.cfg.Lobby {
		m.direct(member, protocol.ActionLeftRoom, EncodeBody(leftBody{reason.String()}), m.cfg.Server)
	}
}

// EncodeLeft returns the message that tells a client that it is no member of the room.
func EncodeLeft(dst []byte, server, room, client string, reason LeaveReason) []byte {
	return protocol.AppendEnvelope(dst, directHeader(room, client, protocol.ActionLeftRoom, server), EncodeBody(leftBody{reason.String()}))
}

// drop notes that a member's connection has broken.
func (m *Machine) drop(e *Entry) {
	member := m.order.find(e.Member)
	if member == nil || member.away || member.conn != e.Conn {
		return
	}
	m.setAway(member)
}

func (m *Machine) setAway(member *Member) {
	member.away = true
	m.changes.member(member)
	m.markPresenceChanged(member)
	m.emit(&Item{Kind: ItemDrop, Number: member.Number})
	m.hook("OnDrop", func() error { return m.hooks.Drop(member) })
}

// restored is the first turn of a room that was down: all its connections have broken and
// its tasks were cut off. The application hears of that first, then of each member, in
// joining order, and of each task. If it cannot go on, the reply has its error.
func (m *Machine) restored(e *Entry) error {
	if err := m.hooks.Restore(time.Duration(e.Number)); err != nil { //nolint:gosec // see Entry.Number
		return err
	}
	members := slices.Collect(m.order.all()) // the hooks may kick some
	for _, member := range members {
		if member.resumable && !member.away && m.order.has(member) {
			m.setAway(member)
		}
	}
	for _, member := range members {
		if (!member.resumable || e.Flags&FlagEnded != 0) && m.order.has(member) {
			m.remove(member, Dropped)
		}
	}
	m.tellAgain()
	for _, t := range slices.Clone(m.running) {
		if _, ok := m.takeTask(t.number); ok {
			m.hook("task "+t.name, func() error { return m.hooks.Task(t.name, t.query, nil, nil, true) })
		}
	}
	return nil
}

// resume has a member go on over another connection. What it has missed is known where
// the history is kept; only if its position is unknown does the room start it afresh.
func (m *Machine) resume(e *Entry) {
	member := m.order.find(e.Member)
	switch {
	case member == nil:
		if e.Seen.Epoch != 0 && !m.cfg.Lobby { // it does not know yet that it is no member
			m.emit(&Item{Kind: ItemGone})
		}
		return
	case member.conn >= e.Conn && !member.away:
		return // it has joined over this connection, or over a newer one
	}
	wasAway := member.away
	member.away, member.conn, member.Identity = false, e.Conn, e.Who.Identity
	m.changes.member(member)
	it := Item{Kind: ItemResume, Number: member.Number, Seen: e.Seen}
	if !m.cfg.Lobby && e.Seen.Epoch != 0 {
		it.Lost = e.Seen.Epoch != m.cfg.Epoch
		it.Restart = !it.Lost && e.Seen.Seq > m.seq
	}
	if it.Lost || it.Restart {
		it.Seq = m.nextSeq()
		m.encodeJoined(&it, &Join{Member: member})
	}
	m.emit(&it)
	if wasAway {
		m.markPresenceChanged(member)
		m.hook("OnResume", func() error { return m.hooks.Resume(member) })
	}
}

// answerAgain answers a message that was received before. Its place is after the answer
// to the message itself, and after what a resume replays.
func (m *Machine) answerAgain(e *Entry) {
	it := m.answering(e)
	it.Kind = ItemDuplicate
	m.emit(&it)
}
