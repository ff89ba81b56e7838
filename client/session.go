package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

type helloBody struct {
	Session string               `json:"session,omitempty"`
	Rooms   map[string][2]uint64 `json:"rooms,omitempty"`
	Direct  uint64               `json:"direct,omitempty"`
}

// hello is the first message of a connection: the session to take up, and how
// much of it was received.
func (c *Conn) hello() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var hello helloBody
	if c.token != "" {
		hello = helloBody{Session: c.token, Direct: c.directs, Rooms: map[string][2]uint64{}}
		for name, r := range c.rooms {
			if r.epoch != 0 {
				hello.Rooms[name] = [2]uint64{r.epoch, r.seq}
			}
		}
	}
	body, err := protocol.MarshalObject(hello)
	if err != nil {
		panic(err) // of strings and numbers alone
	}
	return protocol.AppendEnvelope(nil, &protocol.Header{Action: protocol.ActionHello}, body)
}

type welcomeBody struct {
	Client    string `json:"client"`
	Server    string `json:"server"`
	Session   string `json:"session"`
	Resumed   bool   `json:"resumed"`
	Heartbeat int64  `json:"heartbeat"`
	Limits    Limits `json:"limits"`
}

// takeWelcome begins a connection. The lock is held.
func (c *Conn) takeWelcome(l *link, env *protocol.Envelope) error {
	if action := string(env.Action); action != protocol.ActionWelcome {
		return fmt.Errorf("%q came before welcome", action)
	}
	var w welcomeBody
	if err := json.Unmarshal(env.Body, &w); err != nil {
		return fmt.Errorf("welcome: %w", err)
	}
	if w.Client == "" {
		return errors.New("welcome names no client")
	}
	if l.over || c.end != nil {
		return nil
	}
	if w.Resumed {
		l.again = c.outbox.sentInOrder()
		for _, m := range l.again {
			m.again = true
		}
	} else {
		c.loseSession(errNotResumed)
	}
	c.begun, c.token = true, w.Session
	c.session = Session{
		Client:    w.Client,
		Server:    w.Server,
		Resumed:   w.Resumed,
		Heartbeat: time.Duration(w.Heartbeat) * time.Millisecond,
		Limits:    w.Limits,
	}
	c.setPace()
	c.link = l
	c.setState(Online)
	l.greeted, l.since, l.pace = true, time.Now(), c.pace
	l.tasks.Go(l.write)
	if heartbeat := c.session.Heartbeat; heartbeat > 0 {
		l.tasks.Go(func() { l.watch(heartbeat) })
	}
	close(l.welcomed)
	return nil
}

// setPace has the client send as fast as the server lets it, but only half as
// much at once: the rest is for what the network holds up and delivers together.
// The pace goes on over connections, as the server's count does.
func (c *Conn) setPace() {
	limit, burst := rate.Limit(c.session.Limits.MessagesPerSecond), max(1, c.session.Limits.Burst/2)
	if limit <= 0 {
		limit = rate.Inf
	}
	if c.pace == nil {
		c.pace = rate.NewLimiter(limit, burst)
		return
	}
	c.pace.SetLimit(limit)
	c.pace.SetBurst(burst)
}

// retire takes a connection that has ended off the session, and returns why it
// has.
func (l *link) retire(why error) error {
	c := l.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	l.over = true
	if l.cause != nil {
		why = l.cause
	}
	l.end = endOf(why)
	if c.link == l {
		c.link = nil
		c.outbox.takeWaiting(func(m *message) bool { return m.purpose == toSayNow })
		if c.end == nil && c.fateAfter(l.end) != end {
			c.setState(Offline)
		}
	}
	c.toSend.Broadcast()
	return why
}

var errNotResumed = errors.New("client: the server does not have the session any more")

// dropSession gives the session up before a connection that shall not take it
// up.
func (c *Conn) dropSession(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loseSession(cause)
}

// loseSession ends what belonged to the session: nobody knows what became of
// what was sent, nor what the rooms have said since. They are joined again,
// before anything else is sent. The lock is held.
func (c *Conn) loseSession(cause error) {
	if !c.begun {
		return
	}
	c.begun, c.token, c.directs = false, "", 0
	for _, m := range c.outbox.takeSent() {
		c.disown(m, unanswered(cause))
	}
	for _, m := range c.outbox.takeWaiting(func(m *message) bool {
		return m.purpose == toGetOut || m.purpose == toReenter
	}) {
		c.disown(m, nil)
	}
	rooms := slices.SortedFunc(maps.Values(c.rooms), func(a, b *Room) int {
		return cmp.Compare(a.entered, b.entered)
	})
	var joins []*message
	for _, r := range rooms {
		if r.status == joined {
			c.pushGap(r, Gap{Epoch: r.epoch})
		}
		r.epoch, r.seq = 0, 0
		switch {
		case r.status != joined && r.status != rejoining:
		case r.params == nil:
			c.remove(r, ReasonLost)
		default:
			r.status = rejoining
			joins = append(joins, r.rejoin())
		}
	}
	c.outbox.pushFront(joins)
}

// disown settles a message of a session that is lost. Out of its rooms the
// client is by that alone.
func (c *Conn) disown(m *message, err error) {
	switch m.purpose {
	case toReenter:
	case toGetOut:
		c.settle(m, nil, nil)
	default:
		c.settle(m, nil, err)
	}
}
