package simplysocket

import (
	"encoding/json"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// take handles one entry in the room's turn.
func (r *Room) take(e *entry) {
	r.tick()
	r.begin()
	if r.out.due(r.now, max(r.interval, flushAge)) {
		r.flush()
	}
	r.handle(e)
}

// begin gives the turn its output.
func (r *Room) begin() {
	if r.out == nil {
		r.out = outputs.Get().(*output)
	}
}

// endTurn writes the output, unless an interval holds it back.
func (r *Room) endTurn() {
	r.begin()
	if len(r.members) == 0 && r.phase == phaseOpen {
		r.rest()
	}
	if r.interval > 0 && len(r.out.items) > 0 && r.phase == phaseOpen {
		r.flushLater()
		return
	}
	r.flush()
	if r.phase == phaseOpen {
		r.out.release()
		r.out = nil
	}
}

// exited ends a room in whose turn the goroutine has ended. It returns the error
// of a setup that did not return.
func (r *Room) exited() (setupErr error) {
	p := newPanic("runtime.Goexit called in a turn")
	r.panicked(p)
	r.speaking = false
	if r.phase == phaseSetup {
		setupErr = p
	}
	if e := r.handling; e != nil && setupErr == nil {
		if r.phase < phaseClosing {
			r.revoke(r.before)
		}
		r.refuse(e, p)
		r.settle(e)
	}
	r.shut(shutTorn)
	return setupErr
}

// tick moves the room's time on. It is the time of its opening plus what has passed
// since by the monotonic clock: it never goes back, whatever the wall clock does.
func (r *Room) tick() {
	if r.opened.IsZero() {
		r.opened = time.Now()
	}
	r.now = r.opened.Add(time.Since(r.opened))
}

// handle takes one entry through the room.
func (r *Room) handle(e *entry) {
	r.handling, r.before = e, r.mark()
	reply, err := r.dispatch(e)
	if err != nil {
		r.revoke(r.before)
	} else {
		err = r.release()
	}
	if err == nil {
		r.accept(e, reply)
	} else {
		r.refuse(e, err)
	}
	r.settle(e)
	r.handling = nil
	if r.srv.trace.Message != nil && e.kind == entryMessage {
		info := MessageInfo{Room: r.name, Client: e.member, Action: e.action, Bytes: len(e.body), Took: time.Since(r.now), Err: err}
		r.srv.observe(func() { r.srv.trace.Message(info) })
	}
	r.noticePanic(err)
	if r.torn {
		r.shut(shutTorn)
	}
}

// noticePanic has the room closed if the error is a panic: its state may be torn.
func (r *Room) noticePanic(err error) {
	if p := asPanic(err); p != nil && !r.torn {
		r.panicked(p)
		r.torn = true
	}
}

// dispatch is one entry's turn. It contains the application's code.
func (r *Room) dispatch(e *entry) (reply json.RawMessage, err error) {
	r.speaking = true
	defer func() {
		r.speaking = false
		if v := recover(); v != nil {
			err = newPanic(v)
		}
	}()
	reply, err = r.act(e)
	return reply, digest(err)
}

func (r *Room) act(e *entry) (reply json.RawMessage, err error) {
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
	case entryTimer:
		return nil, r.timeUp(e)
	case entryTick:
		r.beat(e)
	case entryResult:
		return nil, r.taskDone(e)
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
	if (internal || !heard) && asPanic(err) == nil {
		r.srv.log.Error("room handler failed", "room", r.name, "client", e.member, "action", e.reAction(), "error", err)
	}
	if e.answer != nil {
		e.answer <- answer{err: err}
	}
	switch {
	case e.client == nil:
	case e.flags&flagConnect != 0:
		e.client.turnAway(err)
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

func (r *Room) panicked(p *panicError) { r.srv.panicked("a room", r.name, p) }

// flushLater has the output that waits written when the interval has passed.
func (r *Room) flushLater() {
	r.publish()
	if r.flushing == nil {
		r.flushing = r.alarm(r.interval, entry{kind: entryFlush})
	}
}
