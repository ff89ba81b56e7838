package simplysocket

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join is a client at the door of a room: what [Room.OnJoin] decides about.
type Join struct {
	// Member is the member that the client becomes if it is let in. It is
	// counted already and hears what is broadcast.
	*Member
	params   json.RawMessage
	welcome  json.RawMessage // nil: the default
	announce json.RawMessage // nil: the default
}

// Params decodes the join's parameters, the body of `join-room`, into v as
// encoding/json does. The error has the code bad-message and can be returned
// from OnJoin as it is.
func (j *Join) Params(v any) error {
	if err := json.Unmarshal(j.params, v); err != nil {
		return badBody(err)
	}
	return nil
}

// Welcome sets what `joined-room` tells the joiner beside the room's state: the
// keys of body, which encodes to an object, except epoch, seq, count, members
// and next.
func (j *Join) Welcome(body any) error {
	raw, err := encodeBody(body)
	if err != nil {
		return err
	}
	if err := checkKeys(protocol.ActionJoinedRoom, raw, "epoch", "seq", "count", "members", "next"); err != nil {
		return err
	}
	j.welcome = raw
	return nil
}

// Announce sets what the others are told of the joiner beside its slug and what it
// shows of itself: the keys of body, which encodes to an object, except client and
// info. Without it they read "Client xyz joined the room". A room announces as long
// as it is small enough, see [Options.AnnounceLimit], and unless
// [Room.SetPresence] says otherwise. The error is that of a body that cannot be
// sent.
func (j *Join) Announce(body any) error {
	raw, err := encodeBody(body)
	if err != nil {
		return err
	}
	if err := checkKeys(protocol.ActionClientJoinedRoom, raw, "client", "info"); err != nil {
		return err
	}
	j.announce = raw
	return nil
}

// checkKeys keeps the application from setting what the protocol sets.
func checkKeys(action string, body json.RawMessage, taken ...string) error {
	for key := range protocol.Fields(body) {
		if slices.Contains(taken, key) {
			return fmt.Errorf("simplysocket: the key %q of %s belongs to the protocol", key, action)
		}
	}
	return nil
}

// words is the body of the default notices.
type words struct {
	Message string `json:"message"`
}

// memberNews tells the others who came or went.
type memberNews struct {
	Client  string          `json:"client"`
	Message string          `json:"message,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	Info    json.RawMessage `json:"info,omitempty"`
}

// join lets a client in, or returns why not.
func (r *Room) join(e *entry) (err error) {
	if r.joined && e.flags&flagCreate != 0 {
		return newError(protocol.CodeRoomExists, "room %q exists", r.name)
	}
	if r.members[e.member] != nil {
		return nil
	}
	before := r.access
	if err := r.admissible(e); err != nil {
		return err
	}
	link := e.client.link.Load()
	m := &Member{
		room:     r,
		client:   e.client,
		identity: e.client.identity.Load(),
		info:     e.info,
		away:     e.flags&flagAway != 0 && link == e.link, // otherwise it has come back since
		port:     fanout.Port{Outlet: link.out},
	}
	r.members[m.ID()] = m
	r.order.add(m)
	in := false
	defer func() {
		if !in {
			delete(r.members, m.ID())
			r.order.remove(m)
			r.access = before
		}
	}()
	if !m.away {
		r.emit(fanout.Item{Kind: fanout.Enter, Ports: []*fanout.Port{&m.port}})
	}

	j := &Join{Member: m, params: e.body}
	notice := r.reserveNotice()
	if r.onJoin != nil {
		if err := r.onJoin(j); err != nil {
			return err
		}
	}
	if !r.isLobby {
		r.announceJoin(j)
	}
	if !r.isLobby || j.welcome != nil {
		r.fillNotice(notice, j)
	}
	in = true
	r.joined, r.dirty = true, true
	r.wake()
	m.since = notice.seq - 1
	if m.away { // the announcement does not say so
		r.stir(m)
	}
	if m.client.session != nil {
		r.sessions++
	}
	r.srv.stats.joins.Add(1)
	if r.srv.trace.Join != nil {
		info := JoinInfo{Room: r.name, Client: m.ID(), Members: len(r.members)}
		r.srv.observe(func() { r.srv.trace.Join(info) })
	}
	return nil
}

// admissible checks what must hold before the application is asked.
func (r *Room) admissible(e *entry) error {
	if !r.joined && r.plain && !r.isLobby {
		if err := r.configure(e.body); err != nil {
			return err
		}
	} else if r.locked {
		if err := r.checkPassword(e); err != nil {
			return err
		}
	}
	if r.capacity > 0 && len(r.members) >= r.capacity {
		return newError(protocol.CodeRoomFull, "room %q is full", r.name)
	}
	return nil
}

// notice is the place of a joiner's `joined-room`. It comes before all else that
// the join yields, but is complete only after it.
type notice struct {
	item int
	seq  uint64
}

func (r *Room) reserveNotice() notice {
	r.seq++
	r.emit(fanout.Item{Kind: fanout.Only})
	return notice{item: len(r.out.items) - 1, seq: r.seq}
}

type joinedBody struct {
	Epoch   uint64       `json:"epoch"`
	Seq     uint64       `json:"seq"`
	Count   int          `json:"count"`
	Members []memberItem `json:"members"`
	Next    uint64       `json:"next,omitempty"`
}

func (r *Room) fillNotice(n notice, j *Join) {
	state := joinedBody{Epoch: r.stream.epoch, Seq: n.seq, Count: len(r.members), Members: []memberItem{}}
	if !r.isLobby {
		state.Members, state.Next = r.membersAfter(0)
	}
	welcome := j.welcome
	if welcome == nil && !r.isLobby {
		welcome = mustEncode(words{"Welcome client " + j.ID()})
	}
	h := r.directHeader(j.ID(), protocol.ActionJoinedRoom, r.srv.name)
	h.Seq = n.seq
	f := r.encode(h, joinObjects(welcome, mustEncode(state)))
	f.Seq = n.seq
	r.out.items[n.item] = fanout.Item{Kind: fanout.Only, Frame: f, Ports: []*fanout.Port{&j.port}}
	r.out.bytes += f.Len()
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

func (r *Room) announceJoin(j *Join) {
	if r.thinned() {
		return
	}
	said := j.announce
	if said == nil {
		said = mustEncode(words{"Client " + j.ID() + " joined the room"})
	}
	r.broadcast(protocol.ActionClientJoinedRoom, joinObjects(mustEncode(memberNews{Client: j.ID(), Info: j.info}), said), &sendOptions{except: []string{j.ID()}})
}

// LeaveReason says why a member is gone.
type LeaveReason uint8

const (
	// Left: the client left the room or the server.
	Left LeaveReason = iota
	// Dropped: its connection broke and it did not come back.
	Dropped
	// Kicked: the room removed it.
	Kicked
	// Closed: the room closed.
	Closed
)

// String returns the reason as it stands on the wire.
func (r LeaveReason) String() string {
	switch r {
	case Left:
		return "left"
	case Dropped:
		return "dropped"
	case Kicked:
		return "kicked"
	default:
		return "closed"
	}
}

// leave handles the end of a membership that the client or its connection
// wants.
func (r *Room) leave(e *entry) error {
	m := r.members[e.member]
	if m == nil {
		if e.id != 0 {
			return newError(protocol.CodeNotAMember, "not a member of room %q", r.name)
		}
		return nil
	}
	r.remove(m, e.reason)
	return nil
}

type leftBody struct {
	Reason string `json:"reason"`
}

// remove takes a member out and has the others told.
func (r *Room) remove(m *Member, reason LeaveReason) {
	delete(r.members, m.ID())
	r.order.remove(m)
	r.dirty = true
	if reason != Dropped {
		r.tellLeft(m, reason)
	}
	r.emit(fanout.Item{Kind: fanout.Exit, Ports: []*fanout.Port{&m.port}})
	r.forgetMember(m)
	if reason == Kicked {
		m.client.left(r.actor, Kicked)
	}
	r.countLeave(m, reason)
	if !r.isLobby {
		r.announceLeave(m, reason)
	}
	if r.onLeave != nil {
		r.hook("OnLeave", func() error { return r.onLeave(m, reason) })
	}
}

// tellLeft tells a member that it is not one any more.
func (r *Room) tellLeft(m *Member, reason LeaveReason) {
	if !r.isLobby {
		r.direct(m, protocol.ActionLeftRoom, mustEncode(leftBody{reason.String()}), r.srv.name)
	}
}

func (r *Room) countLeave(m *Member, reason LeaveReason) {
	r.srv.stats.leaves.Add(1)
	if r.srv.trace.Leave != nil {
		info := LeaveInfo{Room: r.name, Client: m.ID(), Reason: reason, Members: len(r.members)}
		r.srv.observe(func() { r.srv.trace.Leave(info) })
	}
}

func (r *Room) announceLeave(m *Member, reason LeaveReason) {
	if r.thinned() {
		return
	}
	r.broadcast(protocol.ActionClientLeftRoom, mustEncode(memberNews{
		Client:  m.ID(),
		Message: "Client " + m.ID() + " left the room",
		Reason:  reason.String(),
	}), &sendOptions{})
}

// thinned reports whether the room announces no single coming and going. One that
// is too large has the count announced, at most once a second.
func (r *Room) thinned() bool {
	switch {
	case r.presence.off:
		return true
	case len(r.members) <= r.srv.opts.AnnounceLimit:
		return false
	}
	if !r.counting {
		r.counting = true
		r.alarm(time.Second, entry{kind: entryCount})
	}
	return true
}

type countBody struct {
	Count int `json:"count"`
}

func (r *Room) announceCount() {
	r.counting = false
	r.broadcast(protocol.ActionRoomCount, mustEncode(countBody{len(r.members)}), &sendOptions{})
}
