package simplysockettest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// step is one thing that happens in a run. It is taken in any room: what makes no sense
// there, such as the resume of a client that is not away, is left out.
type step struct {
	kind     stepKind
	client   string
	to       string // send: the other member; "": the room
	action   string // or the name of the task
	body     json.RawMessage
	identity *simplysocket.Identity // join; nil: anonymous
	plain    bool                   // join: without a session
	until    moment                 // clock
	wait     time.Duration          // clock: after that moment; crash: how long the room is down
	nth      int                    // task: among those of that name
	outcome  outcome
	long     bool // clock: much may happen meanwhile
}

type stepKind uint8

const (
	stepJoin stepKind = iota + 1
	stepLeave
	stepDrop
	stepCut
	stepResume
	stepResend
	stepSend
	stepServer
	stepInfo
	stepClock
	stepTask
	stepClose
	stepCrash
	stepEnd // what was begun ends, and what must hold finally is checked
)

// moment is what a clock step waits for.
type moment uint8

const (
	momentNow    moment = iota
	momentAlarm         // a timer, a beat or news of members is due
	momentWindow        // the session of the client ends
	momentIdle          // the empty room ends
)

// outcome is how a task ends.
type outcome uint8

const (
	outcomeRun outcome = iota
	outcomeFinish
	outcomeFail
)

// How much may happen in one clock step: a room may have a beat of 1 ms.
const (
	mostEvents     = 100
	mostEventsLong = 1200 // 1 minute of a beat of 50 ms
)

func (s *step) String() string {
	switch {
	case s == nil:
		return "its setup"
	case s.action != "":
		return fmt.Sprintf("%q of %s with %s", s.action, s.client, s.body)
	default:
		return fmt.Sprintf("a step of %s", s.client)
	}
}

// do takes a step, and returns it as a line of a test. It reports whether there was sense
// in it.
func (r *run) do(s *step) (l line, taken bool) {
	c := r.room.byID[s.client]
	switch s.kind {
	case stepJoin:
		return r.join(s, c)
	case stepSend:
		return r.send(s, c)
	case stepServer:
		return r.serve(s)
	case stepClock:
		return r.wait(s, c)
	case stepTask:
		return r.endTask(s)
	case stepClose:
		if r.room.closed {
			return line{}, false
		}
		r.room.apply(nil, &room.Entry{Kind: room.KindClose})
		return line{text: "room.Close()"}, true
	case stepCrash:
		if r.room.closed || !r.room.room.Durable() || r.room.config().Lobby { // it would just be lost
			return line{}, false
		}
		if err := r.room.crash(s.wait); err != nil {
			r.room.fatalf(" could not be restored: %v", err)
		}
		return line{text: fmt.Sprintf("room.Crash(%s)", durationCode(s.wait))}, true
	default:
		return r.connection(s, c)
	}
}

// connection takes a step that has to do with a client's connection or membership.
func (r *run) connection(s *step, c *Client) (l line, taken bool) {
	if c == nil || c.ended {
		return line{}, false
	}
	online := !c.away && !c.cut
	is := func(call string) (line, bool) { return line{client: s.client, text: call}, true }
	switch {
	case s.kind == stepLeave && c.number != 0 && online:
		r.answered("the leave of "+c.id, c.ask(&room.Entry{Kind: room.KindLeave}))
		return is("Leave()")
	case s.kind == stepDrop && c.number != 0 && !c.away:
		c.drop()
		return is("Drop()")
	case s.kind == stepCut && c.number != 0 && online && c.session:
		c.cut = true
		return is("Cut()")
	case s.kind == stepResume && !online && c.session:
		c.resume()
		return is("Resume()")
	case s.kind == stepResend && online && c.number != 0 && c.canResend():
		_ = c.resend() // the answer was seen before
		return line{client: s.client, text: "Resend()", ignore: true}, true
	case s.kind == stepInfo && c.number != 0 && online:
		_ = c.setInfo(s.body) // it is small
		r.room.apply(c, &room.Entry{Kind: room.KindInfo, Member: c.id, Body: c.info})
		return is("SetInfo(" + bodyCode(s.body) + ")")
	default:
		return line{}, false
	}
}

func (r *run) join(s *step, c *Client) (l line, taken bool) {
	if c != nil && (c.number != 0 || c.ended || c.away || c.cut) {
		return line{}, false
	}
	var opts []JoinOption
	code := fmt.Sprintf("%q", s.client)
	if len(s.body) > len("{}") {
		opts = append(opts, Params(s.body))
		code += ", simplysockettest.Params(" + bodyCode(s.body) + ")"
	}
	if s.identity != nil {
		opts = append(opts, As(*s.identity))
		code += ", simplysockettest.As(" + identityCode(s.identity) + ")"
	}
	if s.plain {
		opts = append(opts, Plain())
		code += ", simplysockettest.Plain()"
	}
	l = line{joins: s.client, text: "room.Join(" + code + ")", try: "room.TryJoin(" + code + ")"}
	_, err := r.room.join(s.client, opts)
	if err != nil {
		l.refused = err.Error()
	}
	r.answered("the join of "+s.client, result{err: err})
	return l, true
}

func (r *run) send(s *step, c *Client) (l line, taken bool) {
	if c == nil || c.number == 0 || c.away || c.ended || r.room.closed {
		return line{}, false
	}
	e := room.Entry{Kind: room.KindMessage, Action: s.action, Body: s.body}
	name, args := "Send", fmt.Sprintf("(%q, %s)", s.action, bodyCode(s.body))
	what := fmt.Sprintf("%q of %s", s.action, s.client)
	if s.to != "" {
		other := r.room.byID[s.to]
		if other == nil || other == c || other.number == 0 {
			return line{}, false
		}
		e.Kind, e.Target = room.KindDirect, s.to
		name, args = "Direct", fmt.Sprintf("(%s, %q, %s)", identifier(s.to), s.action, bodyCode(s.body))
	}
	l = line{client: s.client, other: s.to, text: name + args, try: "Try" + name + args}
	done := c.ask(&e)
	if done.err != nil {
		l.refused = done.err.Error()
	}
	r.answered(what, done)
	return l, true
}

func (r *run) serve(s *step) (l line, taken bool) {
	if r.room.closed {
		return line{}, false
	}
	done := r.room.apply(nil, &room.Entry{Kind: room.KindServer, Action: s.action, Body: s.body})
	l = line{
		text: fmt.Sprintf("room.Send(%q, %s)", s.action, bodyCode(s.body)),
		try:  fmt.Sprintf("room.Call(%q, %s, nil)", s.action, bodyCode(s.body)),
	}
	if done.err != nil {
		l.refused = done.err.Error()
	}
	r.answered(fmt.Sprintf("%q of the server", s.action), done)
	return l, true
}

// wait lets time go by.
func (r *run) wait(s *step, c *Client) (l line, taken bool) {
	k := r.room
	at, ok := k.now, true
	switch s.until {
	case momentAlarm:
		at, ok = k.nextAlarm()
	case momentWindow:
		if ok = c != nil && c.away && !c.ended; ok {
			at = c.windowEnds
		}
	case momentIdle:
		if ok = !k.closed && k.joined; ok {
			at, ok = k.room.Machine().IdleAt()
		}
	default:
	}
	d := at.Add(s.wait).Sub(k.now)
	if !ok || d <= 0 {
		return line{}, false
	}
	before := k.now
	k.advance(d, s.most())
	return line{text: fmt.Sprintf("room.Advance(%s)", durationCode(k.now.Sub(before)))}, true
}

// endTask ends a task.
func (r *run) endTask(s *step) (l line, taken bool) {
	var t *Task
	place, same := 0, 0
	for i, pending := range r.room.tasks {
		if pending.name == s.action && same <= s.nth {
			t, place = pending, i
			same++
		}
	}
	if t == nil {
		return line{}, false
	}
	code := fmt.Sprintf("room.Task(%q)", s.action)
	if same > 1 {
		code = fmt.Sprintf("room.Tasks()[%d]", place)
	}
	failed := false
	switch s.outcome {
	case outcomeFinish:
		t.end(s.body, nil)
		code += ".Finish(" + bodyCode(s.body) + ")"
	case outcomeFail:
		t.end(nil, r.room.room.Failure(errors.New(string(s.body))))
		code += fmt.Sprintf(".Fail(errors.New(%q))", s.body)
		failed = true
	default:
		failed = t.run() != nil
		code += ".Run()"
	}
	if failed { // its end may pass that on
		kept := r.room.failures[:0]
		for _, f := range r.room.failures {
			if f.Stack != nil || f.Entry != fmt.Sprintf("the end of the task %q", s.action) {
				kept = append(kept, f)
			}
		}
		r.room.failures = kept
	}
	return line{text: code}, true
}

// most is how much may happen while time goes by.
func (s *step) most() int {
	if s.long {
		return mostEventsLong
	}
	return mostEvents
}

// answered judges the answer to a message.
func (r *run) answered(what string, done result) {
	if r.reply, r.refused = done.body, done.err != nil; r.refused {
		r.why = done.err.Error()
	}
	r.judge(what, done.err)
}

// judge finds an error that only the log would tell.
func (r *run) judge(what string, err error) {
	var internal *internalError
	if !errors.As(err, &internal) {
		return
	}
	var p *room.Panic
	if errors.As(err, &p) {
		r.find("panic at "+siteOf(p.Stack), "%s: panic: %s at %s", what, p.Text, siteOf(p.Stack))
		return
	}
	r.find("internal for "+withoutNames(what), "the room answers %s with an error that is not for clients: %v", what, err)
}
