package simplysocket

import (
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/ring"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// asked is a message that was received.
type asked struct {
	id    uint64
	room  *actor    // that answers it; nil: no room does
	reply *answered // nil: it is not answered yet
}

// answered is the final answer to a message: an ack or an error.
type answered struct {
	action string
	body   json.RawMessage
}

// plainAck is the answer to most messages.
var plainAck = &answered{action: protocol.ActionAck}

// answers are the newest that a session was given. A client has at most
// [protocol.MaxUnanswered] messages without an answer and reads answers in the order in
// which they were given, so whatever it has not read yet is among them.
type answers struct {
	acks   acks
	others ring.Ring[asked] // answers of any other kind, in the order in which they were given
	bytes  int              // of their bodies
}

// Bounds of what a session remembers of its answers, besides plain acks.
const (
	keptAnswers     = protocol.MaxUnanswered
	keptAnswerBytes = 64 << 10
)

func (a *answers) add(answer asked) {
	if answer.reply == plainAck && a.acks.add(answer.id, answer.room) {
		return
	}
	a.others.Push(answer)
	a.bytes += len(answer.reply.body)
	for a.others.Len() > keptAnswers || a.bytes > keptAnswerBytes && a.others.Len() > 1 {
		oldest := a.others.Pop()
		a.bytes -= len(oldest.reply.body)
	}
}

func (a *answers) find(id uint64) (known asked, ok bool) {
	for _, known := range a.others.Backward() {
		if known.id == id {
			return *known, true
		}
	}
	if room, ok := a.acks.find(id); ok {
		return asked{id: id, room: room, reply: plainAck}, true
	}
	return asked{}, false
}

// acks are the plain acks among the newest ids, a byte for each. An ack is remembered for
// ackWindow ids. It is taken in only within the newer half of them: after that, a
// client that has not read it can send no more than the other half.
type acks struct {
	newest uint64            // id
	marks  *[ackWindow]uint8 // by id: 1 + the index of the room; 0: no plain ack
	rooms  []*actor          // nil is one of them: no room
}

const ackWindow = 2 * protocol.MaxUnanswered

// add reports whether the ack is remembered.
func (a *acks) add(id uint64, room *actor) bool {
	if a.marks == nil {
		a.marks = new([ackWindow]uint8)
		a.newest = id
	}
	a.advance(id)
	if id+ackWindow/2 <= a.newest {
		return false
	}
	mark := a.markOf(room)
	if mark == 0 {
		return false
	}
	a.marks[id%ackWindow] = mark
	return true
}

// advance forgets the acks that id pushes out.
func (a *acks) advance(id uint64) {
	if id <= a.newest {
		return
	}
	from := a.newest + 1
	if id-a.newest > ackWindow {
		from = id - ackWindow + 1
	}
	for next := from; next <= id; next++ {
		a.marks[next%ackWindow] = 0
	}
	a.newest = id
}

// markOf returns the mark of a room, or 0 if there are too many rooms.
func (a *acks) markOf(room *actor) uint8 {
	if i := slices.Index(a.rooms, room); i >= 0 {
		return uint8(i + 1) //nolint:gosec // there are no more than maxAckRooms
	}
	if len(a.rooms) == maxAckRooms {
		a.forgetRooms()
	}
	if len(a.rooms) == maxAckRooms {
		return 0
	}
	a.rooms = append(a.rooms, room)
	return uint8(len(a.rooms)) //nolint:gosec // as above
}

// maxAckRooms bounds the rooms that a session's plain acks come from.
const maxAckRooms = 32

// forgetRooms drops the rooms of which no ack is left.
func (a *acks) forgetRooms() {
	var used [maxAckRooms + 1]uint8 // the new mark of each
	rooms := make([]*actor, 0, maxAckRooms)
	for i, mark := range a.marks {
		if mark == 0 {
			continue
		}
		if used[mark] == 0 {
			rooms = append(rooms, a.rooms[mark-1])
			used[mark] = uint8(len(rooms)) //nolint:gosec // there are no more than maxAckRooms
		}
		a.marks[i] = used[mark]
	}
	a.rooms = rooms
}

func (a *acks) find(id uint64) (room *actor, ok bool) {
	if a.marks == nil || id > a.newest || id+ackWindow <= a.newest {
		return nil, false
	}
	mark := a.marks[id%ackWindow]
	if mark == 0 {
		return nil, false
	}
	return a.rooms[mark-1], true
}
