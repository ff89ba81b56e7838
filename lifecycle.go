package simplysocket

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// open runs the setup. A room whose setup fails takes nobody in.
func (r *Room) open() {
	r.phase = phaseSetup
	r.members = map[string]*Member{}
	err := r.contain(func() error {
		if err := r.setup(r); err != nil {
			return err
		}
		r.relaying = !r.handlesMessages()
		r.wrapHandlers()
		return nil
	})
	if err == nil {
		r.phase = phaseOpen
		r.startClocks()
		r.release()
		return
	}
	r.setupErr = err
	r.srv.log.Error("room setup failed", "room", r.name, "error", err)
	r.shut(shutTorn)
}

// contain runs code of the application that belongs to no entry.
func (r *Room) contain(f func() error) (err error) {
	spoke := r.speaking
	r.speaking = true
	defer func() {
		r.speaking = spoke
		if v := recover(); v != nil {
			p := &panicError{value: v, stack: debug.Stack()}
			r.panicked(p)
			err = p
		}
	}()
	return f()
}

// rest lets an empty room close after a while, at once if nobody was ever in.
func (r *Room) rest() {
	if r.isLobby || r.idle != nil {
		return
	}
	if !r.joined {
		if r.mailbox.closeIfEmpty() {
			r.shut(shutQuietly)
		}
		return
	}
	if r.emptied.IsZero() {
		r.emptied = r.now
	}
	r.idle = r.alarm(r.srv.opts.EmptyRoomTimeout-r.now.Sub(r.emptied), entry{kind: entryIdle})
}

// wake keeps a room that is not empty any more from closing.
func (r *Room) wake() {
	r.emptied = time.Time{}
	if r.idle != nil {
		r.idle.stop()
		r.idle = nil
	}
}

func (r *Room) closeIdle(e *entry) {
	if r.idle == nil || r.idle.gen != e.gen {
		return
	}
	r.idle = nil
	if len(r.members) == 0 && r.next == len(r.batch.entries) && r.mailbox.closeIfEmpty() {
		r.close(false)
	}
}

// close ends the room in good order.
func (r *Room) close(shutdown bool) {
	if r.phase != phaseOpen {
		return
	}
	how := shutInOrder
	if shutdown {
		how = shutQuietly
	}
	r.shut(how)
}

// The ways in which a room ends.
type shutting uint8

const (
	shutInOrder shutting = iota // members leave, and are told
	shutQuietly                 // members leave; their connections end as well
	shutTorn                    // the state may be torn: no OnLeave; members are told
)

func (r *Room) shut(how shutting) {
	if r.phase == phaseClosed {
		return
	}
	before := r.phase
	r.phase = phaseClosing
	r.info.Store(&roomInfo{name: r.name, hidden: true}) // as if it did not exist
	r.out.after = nil
	if before == phaseOpen {
		r.farewell(how)
	}
	told := before >= phaseOpen && how != shutQuietly
	if told {
		r.broadcast(protocol.ActionRoomClosed, nil, &sendOptions{})
	}
	for m := range r.order.all() {
		if told {
			r.tellLeft(m, Closed)
		}
		r.emit(fanout.Item{Kind: fanout.Exit, Ports: []*fanout.Port{&m.port}})
		m.client.left(r, Closed)
		m.handOver()
		delete(r.members, m.ID())
		r.countLeave(m, Closed)
	}
	r.order, r.presence = roster{}, presence{}
	r.forgetHistory()
	r.stopClocks()
	r.wake()
	if r.flushing != nil {
		r.flushing.stop()
	}
	if r.cancel != nil {
		r.cancel()
	}
	r.out.flush(r)
	r.phase = phaseClosed
	r.srv.rooms.remove(r)
	if left := r.mailbox.close(); left != nil {
		for i := range left.entries {
			r.redirect(&left.entries[i])
		}
		r.mailbox.done(left)
	}
	r.srv.openRooms.leave(r)
}

// farewell calls the hooks of the end.
func (r *Room) farewell(how shutting) {
	if how != shutTorn && r.onLeave != nil {
		for m := range r.order.all() {
			r.hook("OnLeave", func() error { return r.onLeave(m, Closed) })
		}
	}
	if r.onClose != nil {
		r.hook("OnClose", func() error { r.onClose(); return nil })
	}
}

// hook runs a hook whose failing can not stop what it is told of: its output is
// revoked and the error is logged.
func (r *Room) hook(name string, f func() error) {
	before := r.mark()
	err := r.contain(f)
	if err == nil {
		r.release()
		return
	}
	r.revoke(before)
	r.torn = r.torn || isPanic(err)
	r.srv.log.Error("room hook failed", "room", r.name, "hook", name, "error", err)
}

// redirect takes an entry that reached the room too late to where it would have
// gone a moment later: a join opens the room anew, and what its client has sent
// behind it follows.
func (r *Room) redirect(e *entry) {
	if e.answer != nil {
		e.answer <- answer{err: ErrRoomClosed}
		return
	}
	if e.client == nil {
		return
	}
	if e.pending != nil {
		e.client.settle(e.pending, false)
	}
	switch e.kind {
	case entryDrop, entryInfo:
	case entryResume:
		e.link.out.Replay([]*fanout.Frame{e.client.leftFrame(r.name, Closed)})
	case entryAgain:
		e.client.answerAgain(e.id, e.action)
	case entryJoin:
		err := r.setupErr
		if err == nil {
			err = e.client.join(joinRequest{room: r.name, body: e.body, id: e.id, flags: e.flags})
		}
		if err != nil {
			e.client.sendError(wireError(err), e.reAction(), e.id)
		}
	case entryLeave:
		if err := e.client.leave(r.name, e.id); err != nil && e.id != 0 {
			e.client.sendAck(e.reAction(), e.id, nil) // it was in, and is out
		}
	default:
		err := error(unknownRoom(r.name))
		if next := e.client.roomOf([]byte(r.name)); next != nil && next != r {
			err = e.client.post(next, e)
		}
		if err != nil {
			e.client.sendError(wireError(err), e.reAction(), e.id)
		}
	}
}

// panicError is a panic of the application's code.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func isPanic(err error) bool {
	var p *panicError
	return errors.As(err, &p)
}
