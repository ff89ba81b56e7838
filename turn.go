package simplysocket

import (
	"encoding/json"
	"errors"
	"runtime/debug"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// post puts an entry into the mailbox, and starts a turn if none is running.
func (r *Room) post(e *entry) error {
	start, err := r.mailbox.put(e)
	if start {
		r.srv.turns.Do(r)
	}
	return err
}

// run is the room's turn: it handles what waits, entry by entry, and writes
// what came of it when nothing waits any more.
func (r *Room) run() {
	returned := false
	defer func() {
		if !returned {
			r.exited()
		}
	}()
	for {
		r.beginTurn()
		for r.takeBatch() {
			r.handleBatch()
		}
		r.endTurn()
		if r.mailbox.rest() {
			break
		}
	}
	returned = true
}

func (r *Room) beginTurn() {
	if r.out == nil {
		r.out = outputs.Get().(*output)
	}
	if r.phase == phaseNew {
		r.tick()
		r.open()
	}
}

// takeBatch reports whether there is something to handle.
func (r *Room) takeBatch() bool {
	if r.batch == nil {
		r.batch = r.mailbox.take()
	}
	return r.batch != nil
}

func (r *Room) handleBatch() {
	for r.next < len(r.batch.entries) {
		e := &r.batch.entries[r.next]
		r.next++
		r.tick()
		if r.out.due(r.now, max(r.interval, flushAge)) {
			r.flush()
		}
		r.handle(e)
	}
	r.mailbox.done(r.batch)
	r.batch, r.next = nil, 0
}

// endTurn leaves nothing behind but the room's state: after it another
// goroutine may run the next turn.
func (r *Room) endTurn() {
	if len(r.members) == 0 && r.phase == phaseOpen {
		r.rest()
	}
	if r.interval > 0 && len(r.out.items) > 0 && r.phase == phaseOpen {
		r.flushLater()
		return
	}
	r.flush()
	r.out.release()
	r.out = nil
}

// exited runs when a handler has ended the turn's goroutine by runtime.Goexit:
// the room's state may be torn just as after a panic.
func (r *Room) exited() {
	p := &panicError{value: "runtime.Goexit called in a turn", stack: debug.Stack()}
	r.panicked(p)
	r.speaking = false
	if r.phase == phaseSetup {
		r.setupErr = p
	}
	if e := r.handling; e != nil {
		if r.phase < phaseClosing {
			r.revoke(r.before)
		}
		r.refuse(e, p)
		r.settle(e)
	}
	r.shut(shutTorn)
	r.srv.turns.Do(r)
}

// tick moves the room's time on. It never goes back.
func (r *Room) tick() {
	if now := time.Now(); now.After(r.now) {
		r.now = now
	}
}

// handle takes one entry through the room.
func (r *Room) handle(e *entry) {
	if r.phase == phaseClosed {
		r.redirect(e)
		return
	}
	r.handling, r.before = e, r.mark()
	reply, err := r.dispatch(e)
	if err == nil {
		r.release()
		r.accept(e, reply)
	} else {
		r.revoke(r.before)
		r.refuse(e, err)
	}
	r.settle(e)
	r.handling = nil
	if r.srv.trace.Message != nil && e.kind == entryMessage {
		info := MessageInfo{Room: r.name, Client: e.member, Action: e.action, Bytes: len(e.body), Took: time.Since(r.now), Err: err}
		r.srv.observe(func() { r.srv.trace.Message(info) })
	}
	if err != nil {
		r.noticePanic(err)
	}
	if r.torn {
		r.shut(shutTorn)
	}
}

// noticePanic has the room closed if the error is a panic: its state may be torn.
func (r *Room) noticePanic(err error) {
	var p *panicError
	if errors.As(err, &p) {
		r.panicked(p)
		r.torn = true
	}
}

// dispatch is one entry's turn. It contains the panics of the application's
// code.
func (r *Room) dispatch(e *entry) (reply json.RawMessage, err error) {
	r.speaking = true
	defer func() {
		r.speaking = false
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	switch e.kind {
	case entryMessage:
		return r.message(e)
	case entryDirect:
		return nil, r.directMessage(e)
	case entryMembers:
		return r.listMembers(e)
	case entryHistory:
		return r.tellHistory(e)
	case entryJoin:
		return nil, r.join(e)
	case entryLeave:
		return nil, r.leave(e)
	case entryServer:
		return r.serverMessage(e)
	case entryBroadcast:
		return nil, r.serverBroadcast(e)
	case entryTimer, entryTick, entryResult:
		return nil, r.clocks.fire(e)
	case entryCount:
		r.announceCount()
	case entryFlush:
		r.flushing = nil
		r.flush()
	case entryIdle:
		r.closeIdle(e)
	case entryDrop:
		r.drop(e)
	case entryResume:
		r.resume(e)
	case entryAgain:
		r.answerAgain(e)
	case entryTrim:
		r.trimHistory()
	case entryInfo:
		r.setInfo(e)
	case entryPresence:
		r.tellPresence()
	case entryClose:
		r.close(e.flags&flagShutdown != 0)
	}
	return nil, nil
}

// accept answers an entry whose output goes out. The ack is the last of it.
func (r *Room) accept(e *entry, reply json.RawMessage) {
	if e.answer != nil {
		e.answer <- answer{body: reply}
	}
	if e.id != 0 && e.kind != entryAgain {
		r.reply(e, protocol.ActionAck, reply)
	}
}

// refuse tells whoever can act on it why the entry was not accepted.
func (r *Room) refuse(e *entry, err error) {
	public, internal := publicError(err)
	heard := e.client != nil || e.answer != nil
	if (internal || !heard) && !isPanic(err) {
		r.srv.log.Error("room handler failed", "room", r.name, "client", e.member, "action", e.reAction(), "error", err)
	}
	if e.answer != nil {
		e.answer <- answer{err: err}
	}
	switch {
	case e.client == nil:
	case e.flags&flagConnect != 0: // nobody is on the server and not in its lobby
		e.client.Disconnect(protocol.CloseDisconnected, public.Error())
	default:
		r.reply(e, protocol.ActionError, errorBody(public))
	}
}

// settle tells the client how the join or leave it waits for has ended.
func (r *Room) settle(e *entry) {
	if e.pending != nil {
		e.client.settle(e.pending, r.members[e.member] != nil)
	}
}

func (r *Room) panicked(p *panicError) {
	r.srv.stats.panics.Add(1)
	r.srv.log.Error("panic in a room", "room", r.name, "panic", p.value, "stack", string(p.stack))
	if r.srv.trace.Panic != nil {
		r.srv.observe(func() { r.srv.trace.Panic(PanicInfo{Room: r.name, Value: p.value, Stack: p.stack}) })
	}
}

// flushLater has the output that waits written when the interval has passed.
func (r *Room) flushLater() {
	r.publish()
	if r.flushing == nil {
		r.flushing = r.alarm(r.interval, entry{kind: entryFlush})
	}
}
