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
	acks   *acks            // nil until the first message
	others ring.Ring[asked] // answers of any other kind, in the order in which they were given
	bytes  int              // of their bodies
}

// Bounds of what a session remembers of its answers, besides plain acks.
const (
	keptAnswers     = protocol.MaxUnanswered
	keptAnswerBytes = 64 << 10
)

func (a *answers) add(answer asked) {
	if answer.reply == plainAck && a.acks != nil && a.acks.add(answer.id, answer.room) {
		return
	}
	a.push(answer)
}

func (a *answers) push(answer asked) {
	a.others.Push(answer)
	a.bytes += len(answer.reply.body)
	for a.others.Len() > keptAnswers || a.bytes > keptAnswerBytes && a.others.Len() > 1 {
		oldest := a.others.Pop()
		a.bytes -= len(oldest.reply.body)
	}
}

// receive notes that a message was received. An ack that its id pushes out of the window
// is kept as other answers are, unless the client must have read it.
func (a *answers) receive(id uint64) {
	if a.acks == nil {
		a.acks = &acks{newest: id - 1}
	}
	a.acks.advance(id, func(id uint64, room *actor) { a.push(asked{id: id, room: room, reply: plainAck}) })
}

func (a *answers) find(id uint64) (known asked, ok bool) {
	for _, known := range a.others.Backward() {
		if known.id == id {
			return *known, true
		}
	}
	if a.acks == nil {
		return asked{}, false
	}
	if room, ok := a.acks.find(id); ok {
		return asked{id: id, room: room, reply: plainAck}, true
	}
	return asked{}, false
}

// acks are the plain acks among the newest ids, a byte for each.
//
// An ack is taken in only if its id is in the newer half of the window. When a later id
// pushes it out, all ids in the newer half were received after the ack was given. If
// there are as many of them as a client may leave unanswered, it has read the ack:
// answers are read in the order in which they are given.
type acks struct {
	newest uint64           // id
	marks  [ackWindow]uint8 // by id: 1 + the index of the room, or one of the marks below
	fresh  int              // ids of the newer half that were received
	rooms  []*actor         // nil is one of them: no room
}

const (
	ackWindow = 2 * protocol.MaxUnanswered
	newerHalf = ackWindow / 2

	notReceived = 0
	received    = 255 // and not answered by a plain ack
	maxAckRooms = 32  // that the plain acks of a session come from
)

// add reports whether the ack is remembered.
func (a *acks) add(id uint64, room *actor) bool {
	if id > a.newest || id+newerHalf <= a.newest || a.marks[id%ackWindow] != received {
		return false
	}
	mark := a.markOf(room)
	if mark == notReceived {
		return false
	}
	a.marks[id%ackWindow] = mark
	return true
}

// advance notes that an id was received, and calls keep with the acks that it pushes out
// and that the client may not have read.
func (a *acks) advance(id uint64, keep func(id uint64, room *actor)) {
	if id <= a.newest {
		return // it is tried again
	}
	for next := a.newest + 1; next <= id && next <= a.newest+ackWindow; next++ {
		if a.marks[(next-newerHalf)%ackWindow] != notReceived {
			a.fresh--
		}
		slot := &a.marks[next%ackWindow]
		if mark := *slot; mark != notReceived && mark != received && a.fresh < newerHalf-1 {
			keep(next-ackWindow, a.rooms[mark-1])
		}
		*slot = notReceived
	}
	a.newest = id
	a.marks[id%ackWindow] = received
	a.fresh++
}

// markOf returns the mark of a room, or notReceived if there are too many rooms.
func (a *acks) markOf(room *actor) uint8 {
	if i := slices.Index(a.rooms, room); i >= 0 {
		return uint8(i + 1) //nolint:gosec // there are no more than maxAckRooms
	}
	if len(a.rooms) == maxAckRooms {
		a.forgetRooms()
	}
	if len(a.rooms) == maxAckRooms {
		return notReceived
	}
	a.rooms = append(a.rooms, room)
	return uint8(len(a.rooms)) //nolint:gosec // as above
}

// forgetRooms drops the rooms of which no ack is left.
func (a *acks) forgetRooms() {
	var used [maxAckRooms + 1]uint8 // the new mark of each
	rooms := make([]*actor, 0, maxAckRooms)
	for i, mark := range a.marks {
		if mark == notReceived || mark == received {
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
	if id > a.newest || id+ackWindow <= a.newest {
		return nil, false
	}
	mark := a.marks[id%ackWindow]
	if mark == notReceived || mark == received {
		return nil, false
	}
	return a.rooms[mark-1], true
}
