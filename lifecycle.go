package simplysocket

import (
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// open runs the setup. A room whose setup fails takes nobody in.
func (r *Room) open() error {
	r.tick()
	r.begin()
	r.phase = phaseSetup
	r.members = map[string]*Member{}
	err := r.contain(func() error {
		if err := r.setup(r); err != nil {
			return err
		}
		r.relaying = !r.handlesMessages() && !r.mute
		return r.wrapHandlers()
	})
	if err == nil {
		r.phase = phaseOpen
		r.startClocks()
		return r.release()
	}
	r.srv.log.Error("room setup failed", "room", r.name, "error", err)
	r.shut(shutTorn)
	return err
}

// contain runs code of the application that belongs to no entry. While the room
// closes, the code must not end the turn: there is nobody to finish what it began.
func (r *Room) contain(f func() error) error {
	spoke := r.speaking
	r.speaking = true
	run := guard
	if r.phase == phaseClosing {
		run = aside
	}
	err := run(f)
	r.speaking = spoke
	if p := asPanic(err); p != nil {
		r.panicked(p)
	}
	return err
}

// rest lets an empty room close after a while, at once if nobody was ever in.
func (r *Room) rest() {
	switch {
	case r.isLobby || r.idle != nil:
	case r.joined:
		if r.emptied.IsZero() {
			r.emptied = r.now
		}
		r.idle = r.alarm(r.srv.opts.EmptyRoomTimeout-r.now.Sub(r.emptied), entry{kind: entryIdle})
	case r.actor.mailbox.isEmpty():
		r.shut(shutQuietly)
	}
}

// wake keeps a room that is not empty any more from closing.
func (r *Room) wake() {
	r.emptied = time.Time{}
	if r.idle != nil {
		r.idle.stop()
		r.idle = nil
	}
}

// closeIdle closes the room, unless somebody may be about to come in.
func (r *Room) closeIdle(e *entry) {
	if r.idle == nil || r.idle.gen != e.gen {
		return
	}
	r.idle = nil
	a := r.actor
	if len(r.members) == 0 && a.next == len(a.batch.entries) && a.mailbox.isEmpty() {
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
	if r.phase >= phaseClosing {
		return
	}
	before := r.phase
	r.phase = phaseClosing
	r.actor.hide()
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
		m.client.left(r.actor, Closed)
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
}

// farewell calls the hooks of the end. A member that one of them kicks is leaving
// already.
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
		err = r.release()
	} else {
		r.revoke(before)
	}
	if err == nil {
		return
	}
	if p := asPanic(err); p != nil {
		r.torn = true
		if p.exit {
			r.unwound = p
		}
	}
	r.srv.log.Error("room hook failed", "room", r.name, "hook", name, "error", err)
}
