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

// features are the optional parts of the protocol that this client speaks.
var features = []string{protocol.FeatureSetInfo}

type helloBody struct {
	Session  string               `json:"session,omitempty"`
	Rooms    map[string][2]uint64 `json:"rooms,omitempty"`
	Direct   uint64               `json:"direct,omitempty"`
	Features []string             `json:"features"`
}

// defaultMessageBytes bounds the first hello: what a server takes by default.
const defaultMessageBytes = 64 << 10

// hello is the first message of a connection: the session to take up, and how
// much of it was received. It is no larger than the server takes: rooms that do
// not fit are noted as omitted.
func (l *link) hello() []byte {
	c := l.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" {
		return helloMessage(&helloBody{Features: features})
	}
	hello := helloBody{Session: c.token, Direct: c.directs, Rooms: map[string][2]uint64{}, Features: features}
	limit := c.session.Limits.MessageBytes
	if limit <= 0 {
		limit = defaultMessageBytes
	}
	space := limit - len(helloMessage(&hello)) - len(`"rooms":{},`)
	for _, r := range c.byImportance() {
		epoch := cmp.Or(r.epoch, r.past)
		if epoch == 0 {
			continue
		}
		position := [2]uint64{epoch, r.seq}
		entry, err := json.Marshal(map[string][2]uint64{r.name: position})
		if err != nil {
			panic(err) // of a string and numbers
		}
		if space -= len(entry) - len("{}") + len(","); space < 0 {
			l.omitted = append(l.omitted, r)
			continue
		}
		hello.Rooms[r.name] = position
	}
	return helloMessage(&hello)
}

func helloMessage(hello *helloBody) []byte {
	body, err := protocol.MarshalObject(hello)
	if err != nil {
		panic(err) // of strings and numbers alone
	}
	return protocol.AppendEnvelope(nil, &protocol.Header{Action: protocol.ActionHello}, body)
}

// byImportance returns the rooms in joining order, those first that the client can
// not join again by itself. The lock is held.
func (c *Conn) byImportance() []*Room {
	rooms := c.inOrder()
	slices.SortStableFunc(rooms, func(a, b *Room) int {
		switch {
		case (a.params == nil) == (b.params == nil):
			return 0
		case a.params == nil:
			return -1
		default:
			return 1
		}
	})
	return rooms
}

// inOrder returns the rooms in joining order. The lock is held.
func (c *Conn) inOrder() []*Room {
	return slices.SortedFunc(maps.Values(c.rooms), func(a, b *Room) int {
		return cmp.Compare(a.entered, b.entered)
	})
}

type welcomeBody struct {
	Client    string   `json:"client"`
	Server    string   `json:"server"`
	Session   string   `json:"session"`
	Resumed   bool     `json:"resumed"`
	Heartbeat float64  `json:"heartbeat"` // in milliseconds
	Limits    Limits   `json:"limits"`
	Features  []string `json:"features"`
}

// maxHeartbeat bounds what is believed of a heartbeat interval.
const maxHeartbeat = 24 * time.Hour

// heartbeat is the interval; 0 if the server promises none.
func (w *welcomeBody) heartbeat() time.Duration {
	if w.Heartbeat <= 0 {
		return 0
	}
	ms := min(w.Heartbeat, float64(maxHeartbeat.Milliseconds()))
	return max(time.Duration(ms)*time.Millisecond, time.Millisecond)
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
		c.rejoinOmitted(l)
	} else {
		c.loseSession(errNotResumed)
	}
	c.begun, c.token = true, w.Session
	c.session = Session{
		Client:    w.Client,
		Server:    w.Server,
		Resumed:   w.Resumed,
		Heartbeat: w.heartbeat(),
		Limits:    w.Limits,
		Features:  slices.DeleteFunc(w.Features, func(f string) bool { return !slices.Contains(features, f) }),
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
	l.end = closeErrorOf(why)
	if c.link == l {
		c.link = nil
		c.outbox.takeWaiting(func(m *message) bool { return m.kind == kindPost })
		if c.end == nil && c.decide(l.end) != decideStop {
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
	for _, m := range c.outbox.takeSent(every) {
		c.settleLost(m, unanswered(cause))
	}
	for _, m := range c.outbox.takeWaiting(func(m *message) bool {
		return m.kind == kindLeave || m.kind == kindRejoin || m.kind == kindList
	}) {
		c.settleLost(m, nil)
	}
	var joins []*message
	for _, r := range c.inOrder() {
		switch {
		case r.status == joining:
			r.epoch, r.seq, r.reason = 0, 0, ""
		case r.status == leaving:
			c.remove(r, LeaveReasonLeft)
		case r.params == nil:
			c.pushGap(r, Gap{Epoch: cmp.Or(r.epoch, r.past)})
			c.remove(r, LeaveReasonLost)
		default:
			joins = append(joins, c.reenter(r))
		}
	}
	c.outbox.pushFront(joins)
}

// rejoinOmitted joins rooms of a resumed session that the hello did not name. A
// room that the client is still in changes nothing and has sent what was missed;
// one that it is not in any more lets it in again, or refuses. The lock is held.
func (c *Conn) rejoinOmitted(l *link) {
	var joins []*message
	for _, r := range l.omitted {
		if c.rooms[r.name] == r && r.status == joined {
			joins = append(joins, r.rejoin())
		}
	}
	c.outbox.pushFront(joins)
}

// settleLost settles a message of a session that is lost. Out of its rooms the
// client is by that alone.
func (c *Conn) settleLost(m *message, err error) {
	switch m.kind {
	case kindRejoin:
	case kindLeave:
		c.settle(m, nil, nil)
	default:
		c.settle(m, nil, err)
	}
}
