package simplysockettest

import (
	"encoding/json"
	"fmt"
	"time"
)

// move is what a plan chooses among: one step or several.
type move uint8

const (
	moveJoin move = iota
	moveLeave
	moveDrop
	moveCut
	moveResume
	moveResend
	moveSend
	moveServer
	moveDirect
	moveInfo
	moveClock
	moveTask
	moveClose
	moveCrash
	moveBounce   // a connection breaks and comes back, perhaps often
	moveRejoin   // a member leaves and joins
	moveBurst    // members do the same, one right after the other
	moveLostAck  // a message whose answer is lost
	moveDeadline // something happens right before or after an alarm
	moveEmpty    // all members leave, and come back
	moves
)

// usual are the weights of the moves that are not changed by a run.
var usual = [moves]int{
	moveJoin: 8, moveLeave: 3, moveDrop: 5, moveCut: 2, moveResume: 12, moveResend: 6, moveSend: 45, moveServer: 4,
	moveDirect: 3, moveInfo: 1, moveClock: 10, moveTask: 14, moveClose: 1, moveCrash: 3, moveBounce: 4, moveRejoin: 2,
	moveBurst: 6, moveLostAck: 3, moveDeadline: 5, moveEmpty: 1,
}

// move queues the steps of a move, if there is sense in it.
func (p *plan) move(r *run, m move) {
	x := r.x
	switch m {
	case moveJoin:
		name := p.names[p.rng.IntN(len(p.names))]
		if id, ok := p.newcomer(r.room, name); ok {
			p.add(p.joining(x, id, name))
		}
	case moveLeave:
		p.of(r, stepLeave)
	case moveDrop:
		p.of(r, stepDrop)
	case moveCut:
		p.of(r, stepCut)
	case moveResume:
		if c := p.anyone(r, func(c *Client) bool { return (c.away || c.cut) && !c.ended }); c != nil {
			p.add(step{kind: stepResume, client: c.id})
			p.follow(r, c)
		}
	case moveResend:
		if c := p.anyone(r, (*Client).canResend); c != nil {
			p.add(step{kind: stepResend, client: c.id})
		}
	case moveSend:
		if c := p.speaker(r); c != nil {
			p.say(r, c)
		}
	case moveServer:
		if len(p.server) > 0 {
			a := p.pick(p.server)
			p.add(step{kind: stepServer, action: a.action, body: p.body(a, nil)})
		}
	case moveDirect:
		p.direct(r)
	case moveInfo:
		if c := p.anyone(r, isOnline); c != nil {
			p.add(step{kind: stepInfo, client: c.id, body: json.RawMessage(p.gen.Pick("{}", `{"name":"a"}`))})
		}
	case moveClock:
		p.add(p.clock(r.room))
	case moveTask:
		p.task(r)
	case moveClose:
		p.add(step{kind: stepClose})
	case moveCrash:
		p.add(step{kind: stepCrash, wait: []time.Duration{0, time.Second, time.Minute}[p.rng.IntN(3)]})
	default:
		p.pattern(r, m)
	}
}

// pattern queues steps that belong together.
func (p *plan) pattern(r *run, m move) {
	c := p.speaker(r)
	if c == nil {
		return
	}
	as := func(kind stepKind) { p.add(step{kind: kind, client: c.id}) }
	switch m {
	case moveBounce:
		for range 1 + p.rng.IntN(3) {
			as([]stepKind{stepDrop, stepDrop, stepCut}[p.rng.IntN(3)])
			if p.oneIn(3) {
				p.add(p.clock(r.room))
			}
			as(stepResume)
		}
		p.follow(r, c)
	case moveRejoin:
		as(stepLeave)
		if p.oneIn(3) {
			p.add(p.clock(r.room))
		}
		p.add(p.joining(r.x, c.id, p.userOf(c.id)))
		p.follow(r, c)
	case moveBurst:
		p.say(r, c)
		for range 1 + p.rng.IntN(3) {
			again := p.queue[len(p.queue)-1]
			if other := p.anyone(r, isOnline); other != nil {
				again.client = other.id
			}
			p.add(again)
		}
	case moveLostAck:
		as(stepCut)
		p.say(r, c)
		if p.oneIn(2) {
			as(stepDrop)
		}
		if p.oneIn(3) {
			p.add(p.clock(r.room))
		}
		sent := p.queue[1]
		as(stepResume)
		if p.oneIn(3) { // a client that does not number what it sends
			p.add(sent)
			return
		}
		as(stepResend)
	case moveDeadline:
		p.add(step{kind: stepClock, until: momentAlarm, wait: time.Duration(p.rng.IntN(3)-1) * time.Millisecond})
		if p.oneIn(3) {
			as(stepDrop)
			p.add(step{kind: stepClock, until: momentAlarm})
			as(stepResume)
			return
		}
		p.say(r, c)
		p.add(step{kind: stepClock, wait: time.Millisecond})
	case moveEmpty:
		kind := []stepKind{stepLeave, stepDrop}[p.rng.IntN(2)]
		for _, seat := range r.room.seats {
			p.add(step{kind: kind, client: seat.id})
		}
		if p.oneIn(2) {
			p.add(step{kind: stepClock, client: c.id, until: momentWindow, wait: time.Duration(p.rng.IntN(2)) * time.Millisecond})
		}
		if p.oneIn(2) {
			p.add(step{kind: stepClock, until: momentIdle, wait: time.Duration(p.rng.IntN(2)) * time.Millisecond})
		}
		as(stepResume)
		p.add(p.joining(r.x, c.id, p.userOf(c.id)))
	default:
	}
}

func (p *plan) add(s step) { p.queue = append(p.queue, s) }

// of queues a step of a member that is there.
func (p *plan) of(r *run, kind stepKind) {
	if c := p.anyone(r, isOnline); c != nil {
		p.add(step{kind: kind, client: c.id})
	}
}

func isOnline(c *Client) bool { return c.number != 0 && !c.away && !c.cut }

// anyone returns a client for which something holds, or nil.
func (p *plan) anyone(r *run, is func(*Client) bool) *Client {
	var found []*Client
	for _, c := range r.room.clients {
		if is(c) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[p.rng.IntN(len(found))]
}

// speaker returns a member that says something: often the one that has spoken last.
func (p *plan) speaker(r *run) *Client {
	if c := r.room.byID[p.last.client]; c != nil && isOnline(c) && p.oneIn(3) {
		return c
	}
	return p.anyone(r, isOnline)
}

// follow mostly has a client say something right after something has happened to it.
func (p *plan) follow(r *run, c *Client) {
	if !p.oneIn(3) {
		p.say(r, c)
	}
}

// say queues a message.
func (p *plan) say(r *run, c *Client) {
	switch {
	case p.last.kind == stepSend && !p.oneIn(p.sticky):
		s := p.last
		s.client = c.id
		if p.oneIn(2) {
			if a := p.known(s.action); a != nil {
				s.body = p.body(a, c)
			}
		}
		p.add(s)
	case len(p.actions) > 0:
		a := p.pick(p.actions)
		p.add(step{kind: stepSend, client: c.id, action: a.action, body: p.body(a, c)})
	default:
		p.add(step{kind: stepSend, client: c.id, action: "say", body: p.gen.anyObject()})
	}
}

func (p *plan) known(action string) *planned {
	for _, a := range p.actions {
		if a.action == action {
			return a
		}
	}
	return nil
}

// pick returns one of the actions. An eager run prefers those that the room accepts.
func (p *plan) pick(among []*planned) *planned {
	const unit = 16
	weight := func(a *planned) int {
		if p.eager {
			return max(a.weight, 1) * unit * (a.accepted + 2) / (a.tried + 2)
		}
		return max(a.weight, 1) * unit
	}
	sum := 0
	for _, a := range among {
		sum += weight(a)
	}
	n := p.rng.IntN(max(sum, 1))
	for _, a := range among {
		if n -= weight(a); n < 0 {
			return a
		}
	}
	return among[0]
}

// body makes up the body of a message, often the same as before.
func (p *plan) body(a *planned, sender *Client) json.RawMessage {
	if a.last != nil && p.oneIn(5) {
		return a.last
	}
	p.gen.sender = sender
	body, err := a.body(p.gen)
	if err != nil {
		panic(fmt.Sprintf("the body of %q: %v", a.action, err)) // the run reports it
	}
	a.last = body
	return body
}

func (p *plan) direct(r *run) {
	if !p.e.surface.Direct {
		return
	}
	from := p.speaker(r)
	to := p.anyone(r, func(c *Client) bool { return c.number != 0 && c != from })
	if from == nil || to == nil {
		return
	}
	s := step{kind: stepSend, client: from.id, to: to.id, action: "say", body: p.gen.anyObject()}
	if len(p.actions) > 0 {
		a := p.pick(p.actions)
		s.action, s.body = a.action, p.body(a, from)
	}
	p.add(s)
}
