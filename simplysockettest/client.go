package simplysockettest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Client is a client of a room under test: one session of one user. It belongs to the
// goroutine of the test.
type Client struct {
	room     *Room
	id       string
	session  bool // it can resume
	identity simplysocket.Identity
	info     json.RawMessage
	body     json.RawMessage // of its join

	conn       uint64 // number of its connection
	away       bool
	cut        bool      // its connection is broken, and the room does not know
	windowEnds time.Time // while it is away
	ended      bool      // its session has
	lastID     uint64
	seen       room.Position
	inbox      []*Message // that the test has not read
	recent     []*Message // the newest that it has received
	redirects  []Redirect
	page       json.RawMessage // of the history, that it was given last
	asked      asked           // what it has asked for last

	// Of its membership.

	number  uint64 // 0: it is no member
	since   uint64
	owed    []owed
	misled  bool // the room is restored with it, and it was told that it has left
	hasLeft bool
	reason  room.LeaveReason
}

// JoinOption changes who joins a room and with what.
type JoinOption func(*Client) error

// Params is the body of the join, see [simplysocket.Join].
func Params(body any) JoinOption {
	return func(c *Client) (err error) {
		c.body, err = protocol.MarshalObject(body)
		return err
	}
}

// As sets who the client is. The default is the zero Identity, an anonymous client.
func As(identity simplysocket.Identity) JoinOption {
	return func(c *Client) error {
		c.identity = identity
		return nil
	}
}

// Info sets the client's profile, as [simplysocket.Client.SetInfo] does.
func Info(info any) JoinOption {
	return func(c *Client) error { return c.setInfo(info) }
}

// Plain makes the client one without a session: it leaves when its connection breaks.
func Plain() JoinOption {
	return func(c *Client) error {
		c.session = false
		return nil
	}
}

func (c *Client) setInfo(info any) error {
	raw, err := protocol.MarshalObject(info)
	if err == nil && len(raw) > room.MaxInfo {
		err = simplysocket.ErrInfoTooLarge
	}
	if err != nil {
		return err
	}
	if c.info = raw; len(raw) <= len("{}") {
		c.info = nil
	}
	return nil
}

// connect gives the client a new connection.
func (c *Client) connect() {
	c.room.conns++
	c.conn = c.room.conns
}

func (c *Client) arrival() *room.Arrival {
	identity := room.Identity(c.identity)
	return &room.Arrival{Identity: &identity, Info: c.info, Resumable: c.session}
}

// entry returns an entry of the client that asks for an answer.
func (c *Client) entry(kind room.Kind) room.Entry {
	c.lastID++
	return room.Entry{Kind: kind, Member: c.id, ID: c.lastID}
}

// ID returns the client's ID.
func (c *Client) ID() string { return c.id }

// IsMember reports whether the client is a member of the room, away or not.
func (c *Client) IsMember() bool { return c.number != 0 }

// Away reports whether the client's connection is broken.
func (c *Client) Away() bool { return c.away || c.cut }

// Left returns why the client is no member any more, and whether it was one.
func (c *Client) Left() (reason simplysocket.LeaveReason, left bool) {
	return simplysocket.LeaveReason(c.reason), c.hasLeft
}

// Redirect is a join of another room that the room under test has asked for with
// [simplysocket.Member.JoinRoom].
type Redirect struct {
	Room   string
	Params json.RawMessage
}

// Redirects returns which other rooms the client was made to join, in that order. The kit
// has one room and joins none of them.
func (c *Client) Redirects() []Redirect { return slices.Clone(c.redirects) }

// isConnected reports whether the client can do something with its connection.
func (c *Client) isConnected(what string) bool {
	switch {
	case c.ended:
		c.room.fatalf(": the session of %s has ended: %s", c.id, what)
	case c.away:
		c.room.fatalf(": %s is away: %s", c.id, what)
	}
	return !c.room.fatal
}

// send has the room handle a message of the client.
func (c *Client) send(kind room.Kind, action string, body any, to string) result {
	raw, ok := c.room.encode(action, body)
	if !ok {
		return result{}
	}
	return c.ask(&room.Entry{Kind: kind, Action: action, Body: raw, Target: to})
}

// ask has the room handle an entry of the client that is to be answered.
func (c *Client) ask(e *room.Entry) result {
	r := c.room
	switch {
	case !c.isConnected("it cannot ask for anything"):
		return result{}
	case r.closed:
		return result{err: unknownRoom(r.name)}
	}
	c.lastID++
	e.Member, e.ID = c.id, c.lastID
	done := r.apply(c, e)
	c.asked = asked{id: e.ID, conn: c.conn, action: e.ReAction(), result: done}
	return done
}

// unknownRoom is what a server answers for a room that is not open.
func unknownRoom(name string) error { return publicly(room.UnknownRoom(name)) }

// Send sends a message to the room, and fails the test if the room refuses it.
func (c *Client) Send(action string, body any) {
	if err := c.send(room.KindMessage, action, body, "").err; err != nil {
		c.room.fatalf(" refused %q of %s: %v", action, c.id, err)
	}
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
}

// SendRefused sends a message to the room, and fails the test unless the room refuses it
// with that code. It returns the message of the error.
func (c *Client) SendRefused(code protocol.Code, action string, body any) (message string) {
	err := c.send(room.KindMessage, action, body, "").err
	message = c.room.refusal(code, fmt.Sprintf("%q of %s", action, c.id), err)
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
	return message
}

// TrySend sends a message to the room and returns the room's error, an
// [*simplysocket.Error]. What the client reads as internal wraps the error behind it.
func (c *Client) TrySend(action string, body any) error { return c.Call(action, body, nil) }

// Call sends a message to the room and decodes the reply into reply unless that is nil.
// The error is that of TrySend, or that of decoding.
func (c *Client) Call(action string, body, reply any) error {
	done := c.send(room.KindMessage, action, body, "")
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
	return done.decode(reply)
}

// Direct sends a message to another client of the room, and fails the test if the room
// refuses it.
func (c *Client) Direct(to *Client, action string, body any) {
	if err := c.send(room.KindDirect, action, body, to.id).err; err != nil {
		c.room.fatalf(" refused %q of %s to %s: %v", action, c.id, to.id, err)
	}
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
}

// TryDirect sends a message to another client of the room and returns the room's error.
func (c *Client) TryDirect(to *Client, action string, body any) error {
	done := c.send(room.KindDirect, action, body, to.id)
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
	return done.err
}

// History asks the room for its messages before a seq, or for the newest if that is 0, and
// fails the test if the room does not show them. They are not put into the inbox.
func (c *Client) History(before uint64) []*Message {
	messages, err := c.history(before)
	if err != nil {
		c.room.fatalf(" does not show %s its history: %v", c.id, err)
	}
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
	return messages
}

func (c *Client) history(before uint64) ([]*Message, error) {
	var page struct {
		Messages []json.RawMessage `json:"messages"`
	}
	done := c.ask(&room.Entry{Kind: room.KindHistory, Body: json.RawMessage(fmt.Sprintf(`{"before":%d}`, before))})
	if done.err != nil || c.room.fatal {
		return nil, done.err
	}
	if err := json.Unmarshal(c.page, &page); err != nil {
		return nil, err
	}
	messages := make([]*Message, len(page.Messages))
	for i, raw := range page.Messages {
		messages[i] = c.room.read(raw)
	}
	return messages, nil
}

// SetInfo sets the client's profile, as [simplysocket.Client.SetInfo] does.
func (c *Client) SetInfo(info any) {
	r := c.room
	if err := c.setInfo(info); err != nil {
		r.fatalf(": the profile of %s: %v", c.id, err)
	} else if c.number != 0 {
		r.apply(c, &room.Entry{Kind: room.KindInfo, Member: c.id, Body: c.info})
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Leave leaves the room. The client can join again.
func (c *Client) Leave() {
	r := c.room
	if c.number == 0 {
		r.fatalf(": %s is no member and cannot leave", c.id)
	} else {
		c.ask(&room.Entry{Kind: room.KindLeave})
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Drop breaks the client's connection. A client with a session can resume for as long as
// the server's ResumeWindow, 30 seconds by default; see [Room.Advance].
func (c *Client) Drop() {
	r := c.room
	if c.isConnected("there is no connection to break") {
		c.drop()
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

func (c *Client) drop() {
	r := c.room
	c.away, c.cut, c.windowEnds = true, false, r.now.Add(r.limits.ResumeWindow)
	switch {
	case !c.session:
		c.expire()
		r.settle()
	case !r.closed:
		r.apply(c, &room.Entry{Kind: room.KindDrop, Member: c.id, Conn: c.conn})
	}
}

// expire ends the session of a client that has not come back.
func (c *Client) expire() {
	r := c.room
	c.ended = true
	if !r.closed {
		r.step(c, &room.Entry{Kind: room.KindLeave, Member: c.id, Reason: room.Dropped})
	}
}

// Resume gives the client a new connection. It receives what it has missed and, where the
// room has gone on without it, left-room.
func (c *Client) Resume() {
	c.comeBack(c.identity)
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
}

// ResumeAs is Resume with other claims than before. The user is that of the session.
func (c *Client) ResumeAs(identity simplysocket.Identity) {
	c.comeBack(identity)
	if c.room.inTrouble() {
		c.room.t.Helper()
		c.room.tell()
	}
}

func (c *Client) comeBack(as simplysocket.Identity) {
	r := c.room
	switch {
	case as.User != c.identity.User:
		r.fatalf(": %s is the user %q and cannot resume as %q", c.id, c.identity.User, as.User)
	case c.ended:
		r.fatalf(": the session of %s has ended: it came back after the resume window, or it has none", c.id)
	case !c.away && !c.cut:
		r.fatalf(": %s is not away", c.id)
	case !c.session:
		r.fatalf(": %s has no session and cannot resume", c.id)
	default:
		c.identity = as
		c.resume()
	}
}

func (c *Client) resume() {
	r := c.room
	c.away, c.cut = false, false
	c.connect()
	switch {
	case !r.closed:
		r.apply(c, &room.Entry{Kind: room.KindResume, Member: c.id, Conn: c.conn, Seen: c.seen, Who: c.arrival()})
	case c.seen.Epoch != 0:
		r.tellGone(c)
	}
}

// recentMessages is how many messages a failure tells of.
const recentMessages = 20

// receive takes a message as a client does: it counts, and keeps what is no answer.
func (c *Client) receive(m *Message) {
	if c.seen.Epoch != 0 {
		c.seen.Seq = max(c.seen.Seq, m.Seq)
	}
	if len(c.recent) == 2*recentMessages {
		c.recent = append(c.recent[:0], c.recent[recentMessages:]...)
	}
	c.recent = append(c.recent, m)
	switch m.Action {
	case protocol.ActionAck, protocol.ActionError:
		return
	case protocol.ActionJoinedRoom:
		var body struct{ Epoch uint64 }
		_ = json.Unmarshal(m.Body, &body) // the kit's own room has encoded it
		c.seen = room.Position{Epoch: body.Epoch, Seq: m.Seq}
	case protocol.ActionLeftRoom:
		c.seen = room.Position{}
	case protocol.ActionGap:
		var gap Gap
		_ = json.Unmarshal(m.Body, &gap)
		c.seen.Seq = max(c.seen.Seq, gap.To)
		if gap.To == 0 {
			c.seen.Seq = 0 // until `joined-room`, which names the epoch
		}
	}
	c.inbox = append(c.inbox, m)
}
