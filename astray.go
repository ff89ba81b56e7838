package simplysocket

import (
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// astray answers what came for a room that has closed or could not open.
func (a *actor) astray(it *item) {
	refusal := a.refusal(it)
	e, c := &it.entry, it.source.client
	if it.source.call != nil {
		it.source.call <- answer{err: refusal}
		return
	}
	it.source.charge.settle(0)
	if e.Kind == room.KindTold {
		if e.Seen.Epoch == 0 || !a.srv.closing.Load() && a.failed == nil { // otherwise its teller sends it again
			a.srv.undelivered(a.name, e)
		}
		return
	}
	if c == nil {
		a.lost(e)
		return
	}
	if it.source.pending != nil {
		c.settle(it.source.pending, false)
	}
	switch e.Kind {
	case room.KindResume:
		if e.Seen.Epoch != 0 {
			c.sendLeft(it.source.conn, a.name)
		}
	case room.KindDuplicate:
		c.replayAnswer(e.ID, e.Action)
	case room.KindLeave:
		if e.ID != 0 {
			c.sendAck(e.ReAction(), e.ID, nil) // it was in, and is out
		}
	case room.KindJoin:
		if e.Flags&room.FlagConnect != 0 {
			c.reject(refusal)
			return
		}
		c.sendError(wireError(refusal), e.ReAction(), e.ID)
	case room.KindMessage, room.KindDirect, room.KindMembers, room.KindHistory:
		c.sendError(wireError(refusal), e.ReAction(), e.ID)
	case room.KindDrop, room.KindInfo, room.KindServer, room.KindBroadcast, room.KindTimer, room.KindResult,
		room.KindIdle, room.KindClose, room.KindRestore, room.KindTold, room.KindConfirmed:
	}
}

// refusal is why an item finds no room.
func (a *actor) refusal(it *item) error {
	switch {
	case a.srv.closing.Load():
		return ErrServerClosed
	case it.entry.Kind == room.KindJoin && a.failed != nil:
		return a.failed
	case it.source.call != nil:
		return ErrRoomClosed
	default:
		return unknownRoom(a.name)
	}
}

// lost counts what the server's own code has sent to a room that closed first:
// its sender is not waiting for an answer.
func (a *actor) lost(e *room.Entry) {
	if e.Kind == room.KindServer || e.Kind == room.KindBroadcast {
		a.srv.stats.unhandled.Add(1)
		a.srv.log.Warn("a message of the server found its room closed", "room", a.name, "action", e.Action)
	}
}

// reject ends a client that the lobby does not take in: every client is in the lobby.
// What is the server's fault lets it come back.
func (c *Client) reject(err error) {
	public, internal := publicError(err)
	switch {
	case c.srv.closing.Load():
		c.Disconnect(protocol.CloseGoingAway, shuttingDown)
	case internal:
		c.Disconnect(protocol.CloseInternal, "the lobby is not open")
	default:
		c.Disconnect(protocol.CloseDisconnected, public.Error())
	}
}
