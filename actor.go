package simplysocket

import (
	"sync/atomic"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// actor is a room's name and inbox. Rooms open under the name one after the other,
// all in the actor's turns. A room that closes leaves what waits to the next one:
// so nothing is reordered, and no setup runs before the last OnClose has returned.
type actor struct {
	srv     *Server
	name    string
	isLobby bool
	mailbox mailbox
	info    atomic.Pointer[roomInfo] // what listings tell

	// Of the turn.

	room   *Room // nil: none is open
	batch  *slab // what the turn has taken from the mailbox
	next   int   // the first of it that was not begun
	failed error // of the setup, for those who waited for it
}

func (s *Server) newActor(name string) *actor {
	a := &actor{srv: s, name: name, mailbox: mailbox{
		maxEntries: s.opts.MailboxMessages,
		maxBytes:   s.opts.MailboxBytes,
	}}
	a.hide()
	return a
}

// show sets what listings tell.
func (a *actor) show(info *roomInfo) {
	a.info.Store(info)
	a.srv.roomList.changes.Add(1)
}

// hide takes the room out of the listings, as if it did not exist.
func (a *actor) hide() { a.show(&roomInfo{name: a.name, hidden: true}) }

// post puts an entry into the mailbox, and starts a turn if none is running.
func (a *actor) post(e *entry) error {
	start, err := a.mailbox.put(e)
	if start {
		a.srv.turns.Do(a)
	}
	return err
}

// run is the actor's turn: it handles what waits, entry by entry, and writes
// what came of it when nothing waits any more.
func (a *actor) run() {
	returned := false
	defer func() {
		if !returned {
			a.exited()
		}
	}()
	a.sweep() // after a turn that was cut off
	for {
		for a.takeBatch() {
			a.handleBatch()
		}
		a.endTurn()
		if a.ends() || a.mailbox.rest() {
			break
		}
	}
	returned = true
}

// takeBatch reports whether there is something to handle.
func (a *actor) takeBatch() bool {
	if a.batch == nil {
		a.batch, a.failed = a.mailbox.take(), nil
	}
	return a.batch != nil
}

func (a *actor) handleBatch() {
	for a.next < len(a.batch.entries) {
		e := &a.batch.entries[a.next]
		a.next++
		a.handle(e)
	}
	a.mailbox.done(a.batch)
	a.batch, a.next = nil, 0
}

// handle takes one entry to the room it is for.
func (a *actor) handle(e *entry) {
	switch {
	case e.opening != 0 && (a.room == nil || a.room.stream.epoch != e.opening):
		return // of a room that has closed
	case a.room == nil && !a.opensFor(e):
		a.astray(e)
		return
	}
	a.room.take(e)
	a.sweep()
}

// opensFor opens a room for a join, if it may.
func (a *actor) opensFor(e *entry) bool {
	if e.kind != entryJoin || a.failed != nil || e.flags&flagExisting != 0 || a.srv.closing.Load() {
		return false
	}
	setup, params, err := a.srv.setupFor(a.name)
	if err != nil {
		a.failed = err
		return false
	}
	a.room = a.srv.newRoom(a, setup, params)
	a.room.handling = e
	a.failed = a.room.open()
	return !a.letGo()
}

// sweep lets go of a room that has closed. The lobby opens again at once.
func (a *actor) sweep() {
	closed := a.letGo()
	for closed && a.isLobby && !a.srv.closing.Load() {
		closed = a.readmit()
	}
}

// letGo reports whether the room has closed.
func (a *actor) letGo() bool {
	r := a.room
	if r == nil || r.phase != phaseClosed {
		return false
	}
	r.out.flush(r) // the answer to what has closed it
	r.out.release()
	r.out, a.room = nil, nil
	a.hide()
	return true
}

// readmit opens the lobby with all clients in it, and reports whether it closed
// once more. They enter before what waits: their own messages stand behind.
func (a *actor) readmit() (closed bool) {
	for c := range a.srv.clients.all() {
		e := c.arrival()
		switch {
		case e == nil:
		case a.room == nil && !a.opensFor(e):
			a.astray(e)
		default:
			a.room.take(e)
			if a.letGo() {
				return true
			}
		}
	}
	return false
}

// endTurn leaves nothing behind but the room's state: after it another
// goroutine may run the next turn.
func (a *actor) endTurn() {
	if a.room != nil {
		a.room.endTurn()
		a.sweep()
	}
}

// ends takes an actor without a room off the server, unless something waits. The
// lobby stays until the server closes.
func (a *actor) ends() bool {
	if a.room != nil || a.isLobby && !a.srv.closing.Load() || !a.mailbox.closeIfEmpty() {
		return false
	}
	a.srv.rooms.remove(a)
	a.srv.openRooms.leave(a)
	if !a.isLobby {
		a.srv.roomCount.Add(-1)
	}
	return true
}

// exited runs when code of the application has ended the turn's goroutine by
// runtime.Goexit: the room's state may be torn just as after a panic. Another
// goroutine lets the room go and goes on with what waits: a lobby that opens again
// runs code of the application, which may end that goroutine as well.
func (a *actor) exited() {
	defer a.srv.turns.Do(a)
	r := a.room
	if r == nil {
		return
	}
	e := r.handling
	if a.failed = r.exited(); a.failed != nil {
		a.astray(e)
	}
}

// astray answers what came for a room that has closed or could not open.
func (a *actor) astray(e *entry) {
	refusal := a.refusal(e)
	if e.answer != nil {
		e.answer <- answer{err: refusal}
		return
	}
	c := e.client
	if c == nil {
		a.lost(e)
		return
	}
	if e.pending != nil {
		c.settle(e.pending, false)
	}
	switch e.kind {
	case entryResume:
		if e.seen[0] != 0 {
			e.link.out.Replay([]*fanout.Frame{c.leftFrame(a.name, Closed)})
		}
	case entryAgain:
		c.answerAgain(e.id, e.action)
	case entryLeave:
		if e.id != 0 {
			c.sendAck(e.reAction(), e.id, nil) // it was in, and is out
		}
	case entryJoin:
		if e.flags&flagConnect != 0 {
			c.turnAway(refusal)
			return
		}
		c.sendError(wireError(refusal), e.reAction(), e.id)
	case entryMessage, entryDirect, entryMembers, entryHistory:
		c.sendError(wireError(refusal), e.reAction(), e.id)
	case entryDrop, entryInfo, entryServer, entryBroadcast, entryTimer, entryResult, entryTick, entryCount,
		entryFlush, entryIdle, entryClose, entryTrim, entryPresence:
	}
}

// refusal is why an entry finds no room.
func (a *actor) refusal(e *entry) error {
	switch {
	case a.srv.closing.Load():
		return ErrServerClosed
	case e.kind == entryJoin && a.failed != nil:
		return a.failed
	case e.answer != nil:
		return ErrRoomClosed
	default:
		return unknownRoom(a.name)
	}
}

// lost counts what the server's own code has sent to a room that closed first:
// its sender is not waiting for an answer.
func (a *actor) lost(e *entry) {
	if e.kind == entryServer || e.kind == entryBroadcast {
		a.srv.stats.unhandled.Add(1)
		a.srv.log.Warn("a message of the server found its room closed", "room", a.name, "action", e.action)
	}
}

// turnAway ends a client that the lobby does not take in: nobody is on the server
// and not in its lobby. What is the server's fault lets it come back.
func (c *Client) turnAway(err error) {
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
