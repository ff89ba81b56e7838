package simplysockettest

import (
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// carry notes a message to another room, which confirms it at once, or posts it to this one.
func (r *Room) carry(e *room.Effect) {
	r.told = append(r.told, Told{Room: e.Name, Action: e.Action, Body: e.Body})
	switch {
	case e.Name == r.name:
		r.queued = append(r.queued, room.Entry{
			Kind: room.KindTold, Target: r.name, Action: e.Action, Body: e.Body, Seen: room.Position{Epoch: e.Epoch, Seq: e.Number},
		})
	case e.Epoch != 0:
		r.queued = append(r.queued, room.Entry{Kind: room.KindConfirmed, Number: e.Number})
	}
}

// takeQueued handles what the room has told itself, if there is something.
func (r *Room) takeQueued() bool {
	if r.closed {
		r.queued = nil
	}
	if len(r.queued) == 0 {
		return false
	}
	e := r.queued[0]
	r.queued = r.queued[1:]
	r.step(nil, &e)
	return true
}

// Told is a message that the room under test has sent with [simplysocket.Room.Tell].
type Told struct {
	Room   string
	Action string
	Body   json.RawMessage
}

// Told returns what the room has told other rooms, in that order. The kit has no other
// rooms; what a room tells itself arrives.
func (r *Room) Told() []Told { return slices.Clone(r.told) }
