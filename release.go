package simplysocket

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// stage releases the parts of one opening of a room, one after the other. It owns what is
// outside the room: the fan-out group, the history and the members' clients.
type stage struct {
	actor      *actor
	epoch      uint64 // of the room
	group      fanout.Group
	seats      []seat // in joining order, which is that of their numbers
	emptySeats int
	resumable  int // members that can resume
	history    room.History[*fanout.Frame]
	trim       *time.Timer
	items      []fanout.Item // what is written next; only while a part is released
}

// config is what the messages of the stage itself need to know of the room.
func (s *stage) config() *room.Config {
	return &room.Config{Name: s.actor.name, Server: s.actor.srv.name, Epoch: s.epoch}
}

var itemBuffers = sync.Pool{New: func() any { return new([]fanout.Item) }}

// seat is the place of a member.
type seat struct {
	number uint64
	member *subscriber // nil: the seat is empty
}

// subscriber is a member, as its node sees it.
type subscriber struct {
	fanout.Subscriber
	client    *Client // nil: its session has ended with another process
	resumable bool
	since     uint64 // seq after which it is entitled to the room's output
}

// run releases a part. The listings come first: a client that learns of a change finds it
// in them.
func (s *stage) run(p *part) {
	buffer := itemBuffers.Get().(*[]fanout.Item)
	s.items = *buffer
	defer func() {
		*buffer, s.items = s.items, nil
		itemBuffers.Put(buffer)
	}()
	if p.info != nil {
		s.actor.show(p.info)
	}
	for i := range p.replies {
		s.reply(&p.replies[i])
	}
	for i := range p.steps {
		s.take(p, &p.steps[i])
	}
	s.write()
	if p.trim {
		s.trimHistory(p.now)
	}
	for i := range p.effects {
		s.perform(p.room, &p.effects[i])
	}
	if p.dismiss {
		s.dismiss()
	}
}

// reply tells the source of an entry how it ended.
func (s *stage) reply(r *reply) {
	o := &r.source
	if r.reply.BadGuess {
		s.actor.srv.passwordAttempts.failed(r.network)
	}
	o.charge.settle(r.deliveries)
	if o.call != nil {
		o.call <- answer{body: r.reply.Body, err: ownError(r.reply.Err)}
	}
	if r.connecting && r.reply.Err != nil {
		o.client.reject(ownError(r.reply.Err))
	}
	if o.pending != nil {
		o.client.settle(o.pending, r.reply.IsMember)
	}
}

// take takes one step.
func (s *stage) take(p *part, st *step) {
	switch st.Kind {
	case room.ItemAll, room.ItemExcept, room.ItemOnly:
		s.takeFrame(p, st)
	case room.ItemEnter:
		s.enter(st)
	case room.ItemExit:
		s.exit(p, st)
	case room.ItemDrop:
		if m := s.find(st.Number); m != nil && m.Outlet != nil {
			s.items = append(s.items, fanout.Item{Kind: fanout.Exit, Subscribers: []*fanout.Subscriber{&m.Subscriber}})
		}
	case room.ItemResume:
		s.resume(p, st)
	case room.ItemPage:
		s.page(st)
	case room.ItemDuplicate:
		s.answerAgain(st)
	case room.ItemGone:
		st.client.sendLeft(st.conn, s.actor.name)
	}
}

// takeFrame sends a frame and, if somebody could want it later, keeps it.
func (s *stage) takeFrame(p *part, st *step) {
	if st.Answer && st.ID != 0 {
		st.client.remember(st.ID, st.Action, st.Body)
	}
	s.keep(p, st)
	s.send(st)
}

// send adds the frame of a step to what is written next.
func (s *stage) send(st *step) {
	it := fanout.Item{Kind: fanout.All, Frame: st.frame}
	if st.Kind != room.ItemAll {
		it.Kind = fanout.Except
		if st.Kind == room.ItemOnly {
			it.Kind = fanout.Only
		}
		it.Subscribers = s.subscribers(st)
	}
	s.items = append(s.items, it)
}

// subscribers returns the audience of a step.
func (s *stage) subscribers(st *step) []*fanout.Subscriber {
	audience := make([]*fanout.Subscriber, 0, len(st.Numbers))
	for _, number := range st.Numbers {
		if number == 0 {
			audience = append(audience, &fanout.Subscriber{Outlet: st.client.connection.Load().out})
		} else if m := s.find(number); m != nil && m.Outlet != nil {
			audience = append(audience, &m.Subscriber)
		}
	}
	return audience
}

// write writes what was gathered to the members.
func (s *stage) write() {
	if len(s.items) == 0 {
		return
	}
	delivered := s.group.Write(s.items)
	s.actor.srv.stats.deliveries.Add(uint64(delivered)) //nolint:gosec // a count
	clear(s.items)
	s.items = s.items[:0]
}

// frame makes the frame of an item.
func (s *stage) frame(it *room.Item, payload []byte) *fanout.Frame {
	f := fanout.NewFrame(payload)
	f.Seq, f.Key = it.Seq, it.Key
	if it.Ordered {
		f.Stream = s
	}
	switch {
	case it.Silent:
		f.Policy = fanout.DropSilently
	case it.Overflow == room.OverflowDropOldest:
		f.Policy = fanout.DropOldest
	case it.Overflow == room.OverflowDropNewest:
		f.Policy = fanout.DropNewest
	}
	return f
}

// Gap implements [fanout.Stream].
func (s *stage) Gap(member string, first, last uint64) *fanout.Frame {
	return makeFrame(func(dst []byte) []byte { return s.config().EncodeGap(dst, member, s.epoch, first, last) })
}

func (s *stage) find(number uint64) *subscriber {
	if i := s.indexOf(number); i < len(s.seats) && s.seats[i].number == number {
		return s.seats[i].member
	}
	return nil
}

func (s *stage) indexOf(number uint64) int {
	return sort.Search(len(s.seats), func(i int) bool { return s.seats[i].number >= number })
}

func (s *stage) members() int { return len(s.seats) - s.emptySeats }

// enter gives a member its seat.
func (s *stage) enter(st *step) {
	m := &subscriber{client: st.client, resumable: st.client.session != nil, since: st.Seq, Subscriber: fanout.Subscriber{Outlet: st.conn.out}}
	s.seats = append(s.seats, seat{st.Number, m})
	if m.resumable {
		s.resumable++
	}
	if !st.Away {
		s.items = append(s.items, fanout.Item{Kind: fanout.Enter, Subscribers: []*fanout.Subscriber{&m.Subscriber}})
	}
	srv := s.actor.srv
	srv.stats.joins.Add(1)
	if srv.trace.Join != nil {
		info := JoinInfo{Room: s.actor.name, Client: st.Member, Members: st.Members}
		srv.observe(func() { srv.trace.Join(info) })
	}
}

// exit takes a member's seat away.
func (s *stage) exit(p *part, st *step) {
	i := s.indexOf(st.Number)
	m := s.seats[i].member
	if m.Outlet != nil {
		s.items = append(s.items, fanout.Item{Kind: fanout.Exit, Subscribers: []*fanout.Subscriber{&m.Subscriber}})
	}
	s.seats[i].member = nil
	if s.emptySeats++; s.emptySeats > len(s.seats)/2 {
		s.seats = slices.DeleteFunc(s.seats, func(seat seat) bool { return seat.member == nil })
		s.seats, s.emptySeats = slices.Clip(s.seats), 0
	}
	if m.resumable {
		s.resumable--
	}
	if !s.keepsFrames(p) {
		s.forgetHistory()
	}
	if m.client != nil && (st.Reason == room.Kicked || st.Reason == room.Closed) {
		m.client.left(s.actor, LeaveReason(st.Reason))
	}
	srv := s.actor.srv
	srv.stats.leaves.Add(1)
	if srv.trace.Leave != nil {
		info := LeaveInfo{Room: s.actor.name, Client: st.Member, Reason: LeaveReason(st.Reason), Members: st.Members}
		srv.observe(func() { srv.trace.Leave(info) })
	}
}

// resume moves a member to another connection and sends what it has missed.
func (s *stage) resume(p *part, st *step) {
	m := s.find(st.Number)
	s.items = append(s.items, fanout.Item{Kind: fanout.Exit, Subscribers: []*fanout.Subscriber{&m.Subscriber}})
	s.write()
	m.Outlet = st.conn.out
	replay := s.history.Resume(&st.Item, m.since)
	m.Outlet.Replay(s.framesOf(&replay, m, st))
	s.items = append(s.items, fanout.Item{Kind: fanout.Enter, Subscribers: []*fanout.Subscriber{&m.Subscriber}})
	if replay.Restart {
		m.since = st.Seq - 1
		notice := step{Item: room.Item{Kind: room.ItemOnly, Seq: st.Seq, Notice: true, Numbers: []uint64{st.Number}}, frame: st.frame}
		s.keep(p, &notice)
		s.send(&notice)
	}
}

// framesOf returns the frames of a replay.
func (s *stage) framesOf(replay *room.Replay[*fanout.Frame], m *subscriber, st *step) (frames []*fanout.Frame) {
	if replay.Lost {
		frames = append(frames, makeFrame(func(dst []byte) []byte { return s.config().EncodeGap(dst, m.client.id, st.Seen.Epoch, 0, 0) }))
	}
	if replay.To > 0 {
		frames = append(frames, s.Gap(m.client.id, replay.From, replay.To))
	}
	for _, k := range replay.Frames {
		frames = append(frames, k.Frame)
	}
	return frames
}

// page answers a member with a page of the history.
func (s *stage) page(st *step) {
	body := s.history.Page(s.epoch, &st.Item, s.find(st.Number).since, (*fanout.Frame).Payload)
	st.client.remember(st.ID, protocol.ActionAck, body)
	s.answer(st, protocol.ActionAck, body)
}

// answerAgain repeats the answer to a message that was received before.
func (s *stage) answerAgain(st *step) {
	known, ok := st.client.session.recall(st.ID)
	if !ok || known.reply == nil {
		st.client.replayAnswer(st.ID, st.Re)
		return
	}
	s.answer(st, known.reply.action, known.reply.body)
}

// answer sends an answer whose body the room does not know.
func (s *stage) answer(st *step, action string, body []byte) {
	st.Kind = room.ItemOnly
	st.frame = makeFrame(func(dst []byte) []byte { return s.config().EncodeAnswer(dst, &st.Item, action, body) })
	st.frame.Seq, st.frame.Policy = st.Seq, fanout.DropSilently
	s.send(st)
}

// keepsFrames reports whether there is somebody who could want a frame later.
func (s *stage) keepsFrames(p *part) bool {
	return s.members() > 0 && (s.resumable > 0 || p.shows)
}

// keep puts a frame into the history.
func (s *stage) keep(p *part, st *step) {
	if !s.keepsFrames(p) || s.actor.isLobby && !st.Silent {
		s.history.Pass(&st.Item)
		return
	}
	o := &s.actor.srv.opts
	s.history.Take(&st.Item, st.frame, st.frame.Len(), p.now, &room.HistoryLimits{Messages: o.HistoryMessages, Bytes: o.HistoryBytes})
	if s.trim == nil && s.history.Len() > 0 {
		s.trim = s.actor.after(o.HistoryAge, signalTrim)
	}
}

// trimHistory forgets what is too old.
func (s *stage) trimHistory(now time.Time) {
	s.stopTrimming()
	if next, ok := s.history.Trim(now, s.actor.srv.opts.HistoryAge); ok {
		s.trim = s.actor.after(next.Sub(now), signalTrim)
	}
}

func (s *stage) forgetHistory() {
	s.stopTrimming()
	s.history.Forget()
}

func (s *stage) stopTrimming() {
	if s.trim != nil {
		s.trim.Stop()
		s.trim = nil
	}
}

// perform carries out an effect that the room has asked for.
func (s *stage) perform(r *Room, e *effect) {
	switch e.Kind {
	case room.EffectTask:
		r.runTask(e.task, &e.Effect, s.epoch)
	case room.EffectTell:
		s.tell(&e.Effect)
	case room.EffectConfirm:
		s.confirm(&e.Effect)
	case room.EffectJoin:
		c := s.actor.srv.clients.find(e.Member)
		if c == nil {
			return
		}
		if err := c.join(joinRequest{room: e.Name, body: e.Body}); err != nil {
			c.sendError(wireError(err), protocol.ActionJoinRoom, 0)
		}
	}
}
