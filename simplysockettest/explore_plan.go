package simplysockettest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// plan makes up the steps of one run, each by what the room is like then. Every run leaves
// out some kinds of steps, actions and clients, and does others more often: what all runs
// do alike, no run does often enough to find what needs many of one kind.
type plan struct {
	e       *explorer
	rng     *rand.Rand
	gen     *Gen
	names   []string
	user    map[string]string // by client, of those whose user has other ones
	weights [moves]int
	sum     int
	actions []*planned
	server  []*planned
	sticky  int // one in so many messages is about something else than the one before
	eager   bool
	patient bool // a room with a beat is waited for
	tabs    bool // users come back in another client while the first one is there

	taken int    // steps so far
	queue []step // what comes next
	last  step   // the newest message of a member
	ended bool
	heard map[*Client]int
}

// planned is a message that may be sent.
type planned struct {
	exploredAction
	accepted, tried int
	last            json.RawMessage
}

var defaultNames = []string{"ann", "bob", "cid", "dee", "eve", "fay"}

func newPlan(e *explorer, rng *rand.Rand) *plan {
	p := &plan{e: e, rng: rng, user: map[string]string{}, heard: map[*Client]int{}}
	everything, talk := p.oneIn(8), p.oneIn(8)
	for m, w := range usual {
		switch {
		case talk && move(m) != moveSend && move(m) != moveJoin && move(m) != moveClock && move(m) != moveTask:
			w = 0
		case move(m) == moveSend || move(m) == moveJoin || move(m) == moveResume || everything:
		case move(m) == moveClose && !p.oneIn(6), move(m) != moveClose && p.oneIn(3):
			w = 0
		case p.oneIn(5):
			w *= 4
		}
		p.weights[m] = w
		p.sum += w
	}
	p.sticky = []int{1, 1, 2, 2, 2, 3, 10, 50}[rng.IntN(8)]
	p.eager, p.tabs, p.patient = p.oneIn(2), p.oneIn(6), p.oneIn(10)
	return p
}

func (p *plan) oneIn(n int) bool { return p.rng.IntN(n) == 0 }

// begin chooses who takes part and what they send, once the run knows what the test wants.
func (p *plan) begin(r *run) {
	x := r.x
	p.names = x.names
	if len(p.names) == 0 {
		n := []int{1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 6}[p.rng.IntN(14)]
		const most = 20
		if c := p.e.capacity; c > 0 && c <= most && p.oneIn(2) {
			n = c + 1
		}
		p.names = slices.Clone(defaultNames[:min(n, len(defaultNames))])
		for len(p.names) < n {
			p.names = append(p.names, fmt.Sprintf("client%d", len(p.names)+1))
		}
	}
	p.gen = &Gen{
		rng: p.rng, room: r.room, names: p.names, strange: p.oneIn(6), heard: map[string][]any{},
		words: []string{"a", "b", "c"}[:1+p.rng.IntN(3)], span: []int{4, 4, 10}[p.rng.IntN(3)],
	}
	p.gen.learnKept(p.e.kept)
	s := &p.e.surface
	p.actions = p.choose(x, x.actions, s.Actions)
	p.server = p.choose(x, x.server, s.Server)
	if s.AnyAction && len(p.actions) == 0 {
		for _, action := range []string{"say", "do"} {
			p.actions = append(p.actions, p.made(action, nil))
		}
	}
	for _, name := range p.names[:1+p.rng.IntN(len(p.names))] {
		p.queue = append(p.queue, p.joining(x, name, name))
	}
}

// choose returns the actions that a run uses: most of those that the test has named and
// that the room handles.
func (p *plan) choose(x *Exploration, own []exploredAction, handled map[string]reflect.Type) []*planned {
	var all []*planned
	for _, a := range own {
		all = append(all, &planned{exploredAction: a})
	}
	for _, action := range slices.Sorted(maps.Keys(handled)) {
		named := slices.ContainsFunc(own, func(a exploredAction) bool { return a.action == action })
		if !named && !x.ignored[action] && !room.BelongsToProtocol(action) {
			all = append(all, p.made(action, handled[action]))
		}
	}
	if p.oneIn(3) { // all of them
		return all
	}
	kept := slices.DeleteFunc(slices.Clone(all), func(*planned) bool { return p.oneIn(4) })
	if len(kept) == 0 {
		return all
	}
	for _, a := range kept {
		if p.oneIn(4) {
			a.weight *= 4
		}
	}
	return kept
}

// made is an action with bodies of a type.
func (p *plan) made(action string, body reflect.Type) *planned {
	return &planned{exploredAction: exploredAction{action, 1, func(g *Gen) (json.RawMessage, error) {
		if body == reflect.TypeFor[simplysocket.None]() {
			return json.RawMessage("{}"), nil
		}
		return g.object(body), nil
	}}}
}

// next returns the next step.
func (p *plan) next(r *run) (s step, more bool) {
	if p.gen == nil {
		p.begin(r)
	} else {
		p.learn(r)
	}
	if p.taken++; p.taken > r.x.steps {
		return p.ending(r)
	}
	if len(p.queue) == 0 {
		p.plan(r)
	}
	if len(p.queue) == 0 {
		return step{kind: stepClock, wait: time.Second}, true
	}
	s, p.queue = p.queue[0], p.queue[1:]
	if s.kind == stepSend {
		p.last = s
	}
	return s, true
}

// learn takes note of the outcome of the newest step.
func (p *plan) learn(r *run) {
	if len(r.steps) == 0 {
		return
	}
	if s := &r.steps[len(r.steps)-1]; s.kind == stepSend && s.to == "" {
		for _, a := range p.actions {
			if a.action == s.action {
				a.tried++
				if !r.refused {
					a.accepted++
				}
			}
		}
	}
	p.gen.hear(r.reply)
	p.gen.learnWords(r.why)
	var known *Message
	for _, c := range r.room.clients {
		from := p.heard[c]
		if from > len(c.inbox) {
			from = 0
		}
		for _, m := range c.inbox[from:] {
			if m != known && !protocol.ServerAction(m.Action) {
				known = m
				p.gen.hear(m.Body)
			}
		}
		p.heard[c] = len(c.inbox)
	}
}

// plan queues what comes next.
func (p *plan) plan(r *run) {
	const attempts = 20
	for range attempts {
		n := p.rng.IntN(p.sum)
		m := move(0)
		for n >= p.weights[m] {
			n -= p.weights[m]
			m++
		}
		if p.move(r, m); len(p.queue) > 0 {
			return
		}
	}
}

// newcomer returns the client with which a user can join.
func (p *plan) newcomer(r *Room, name string) (id string, ok bool) {
	id = name
	const most = 9
	for n := 2; n < most; n++ {
		c := r.byID[id]
		switch {
		case c == nil:
			p.user[id] = name
			return id, true
		case c.ended || p.tabs && c.number != 0 && p.oneIn(2):
			id = fmt.Sprintf("%s-%d", name, n)
		default:
			return id, c.number == 0 && !c.away && !c.cut
		}
	}
	return id, false
}

func (p *plan) userOf(id string) string {
	if name, ok := p.user[id]; ok {
		return name
	}
	return id
}

func (p *plan) joining(x *Exploration, id, name string) step {
	s := step{kind: stepJoin, client: id, identity: &simplysocket.Identity{User: name}, plain: p.oneIn(25)}
	if x.identity != nil {
		identity := x.identity(p.gen, name)
		s.identity = &identity
	}
	p.gen.sender = nil
	switch {
	case x.params != nil:
		body, err := protocol.MarshalObject(x.params(p.gen))
		if err != nil {
			panic(fmt.Sprintf("the parameters of a join: %v", err)) // the run reports it
		}
		s.body = body
	case p.e.surface.Params != nil && !p.oneIn(10):
		s.body = p.gen.object(p.e.surface.Params)
	}
	return s
}

// clock returns a step in which time goes by.
func (p *plan) clock(r *Room) step {
	s := step{kind: stepClock, long: p.patient}
	around := time.Duration(p.rng.IntN(3)-1) * time.Millisecond
	switch n := p.rng.IntN(12); {
	case n < 5:
		s.until, s.wait = momentAlarm, around
	case n < 6:
		s.until, s.wait = momentIdle, around
	case n < 8:
		var away []*Client
		for _, c := range r.clients {
			if c.away && !c.ended {
				away = append(away, c)
			}
		}
		if len(away) > 0 {
			s.client, s.until, s.wait = away[p.rng.IntN(len(away))].id, momentWindow, around
			return s
		}
		fallthrough
	default:
		s.wait = []time.Duration{
			time.Millisecond, 100 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second, 31 * time.Second, time.Minute, time.Hour,
		}[min(p.rng.IntN(8), p.rng.IntN(8))]
	}
	return s
}

// task queues the end of a task.
func (p *plan) task(r *run) {
	if len(r.room.tasks) == 0 {
		return
	}
	i := p.rng.IntN(len(r.room.tasks))
	t := r.room.tasks[i]
	s := step{kind: stepTask, action: t.name}
	for _, before := range r.room.tasks[:i] {
		if before.name == t.name {
			s.nth++
		}
	}
	p.conclude(r, t, &s)
	p.add(s)
}

// conclude chooses how a task ends.
func (p *plan) conclude(r *run, t *Task, s *step) {
	end := r.x.outcomes[t.name]
	switch {
	case end != nil:
		found, err := end(p.gen, t.query)
		if s.outcome, s.body = outcomeFinish, found; err != nil {
			s.outcome, s.body = outcomeFail, json.RawMessage(err.Error())
		}
	case p.oneIn(4):
		s.outcome, s.body = outcomeFail, json.RawMessage("it was to fail")
	}
}

// ending brings a run to its end. The tasks whose outcome the test makes up end first; all
// else follows by itself.
func (p *plan) ending(r *run) (s step, more bool) {
	const most = 20
	if p.ended {
		return step{}, false
	}
	for _, t := range r.room.tasks {
		if r.x.outcomes[t.name] != nil && p.taken < r.x.steps+most {
			s := step{kind: stepTask, action: t.name}
			p.conclude(r, t, &s)
			return s, true
		}
	}
	p.ended = true
	return step{kind: stepEnd}, true
}
