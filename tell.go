package simplysocket

import (
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Tell sends a message to another room once the handler has returned nil. It arrives there as
// what [RoomRef.Send] sends: see [OnServer]. The messages of one room to another arrive in
// order, and always have a place in its mailbox. Tell opens no room: a message to a room that
// is not open, and not stored either, is logged and counted in [Stats].
//
// Between rooms that are stored, see [Options.Engine], each message arrives once, whatever
// happens to the two rooms or their process. A handler that fails has received its message.
//
// Tell returns an error if the name, the action or the body is not valid: [ErrBadName],
// [ErrBadAction], or the error of the body's encoding.
func (r *Room) Tell(name, action string, body any) error {
	r.mustTurn("Room.Tell")
	if protocol.ValidName(name) != nil {
		return ErrBadName
	}
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	r.core.Tell(name, action, raw)
	return nil
}

// tell sends what the room tells another.
func (s *stage) tell(e *room.Effect) {
	it := item{entry: room.Entry{
		Kind: room.KindTold, Target: s.actor.name, Action: e.Action, Body: e.Body,
		Seen: room.Position{Epoch: e.Epoch, Seq: e.Number},
	}}
	srv := s.actor.srv
	a := srv.rooms.find(e.Name)
	if a == nil && srv.opts.Engine != nil {
		a, _ = srv.actorFor(e.Name, 0) // it may be stored
	}
	if a == nil || a.post(&it) != nil {
		srv.undelivered(e.Name, &it.entry)
	}
}

// confirm tells the room that has told this one something that it has arrived.
func (s *stage) confirm(e *room.Effect) {
	s.actor.srv.confirmTold(e.Name, e.Epoch, e.Number)
}

func (s *Server) confirmTold(name string, epoch, number uint64) {
	if a := s.rooms.find(name); a != nil {
		_ = a.post(&item{entry: room.Entry{Kind: room.KindConfirmed, Epoch: epoch, Number: number}}) // a room that has closed keeps nothing
	}
}

// undelivered takes a message of one room to another that is neither open nor stored: it is
// lost, and is not sent again.
func (s *Server) undelivered(to string, e *room.Entry) {
	s.stats.unhandled.Add(1)
	s.log.Warn("a message of a room found the other room closed", "room", to, "from", e.Target, "action", e.Action)
	if e.Seen.Epoch != 0 {
		s.confirmTold(e.Target, e.Seen.Epoch, e.Seen.Seq)
	}
}
