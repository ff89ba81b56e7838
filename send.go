package simplysocket

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// SendOption changes to whom and how a message is sent.
type SendOption func(*room.Send)

func apply(send *room.Send, opts []SendOption) {
	for _, opt := range opts {
		if opt != nil {
			opt(send)
		}
	}
}

// checkSender accepts what can be the name of a client or of the server: peers show
// it, compare it and send to it.
func checkSender(from string) error {
	if from == "" {
		return nil
	}
	if err := protocol.ValidName(from); err != nil {
		return fmt.Errorf("%w: the sender: %w", ErrBadName, err)
	}
	return nil
}

// Participant is whoever has a slug: a [*Member] or a [*Client].
type Participant interface {
	// ID is the slug.
	ID() string
}

// Except leaves the given participants out. It takes a list of members as it is:
// Except(players...).
func Except[P Participant](who ...P) SendOption {
	ids := appendIDs(nil, who)
	return func(o *room.Send) { o.Except = append(o.Except, ids...) }
}

// Only sends to the given participants alone, as far as they are members. It takes a
// list of members as it is: Only(players...).
func Only[P Participant](who ...P) SendOption {
	ids := appendIDs(nil, who)
	return func(o *room.Send) {
		o.ToOnly = true
		o.Only = append(o.Only, ids...)
	}
}

func appendIDs[P Participant](ids []string, who []P) []string {
	for _, p := range who {
		ids = append(ids, p.ID())
	}
	return ids
}

// From names the participant as the sender. Without it, and for an empty slug, the
// sender is the server. What cannot be a slug is not sent: the error is [ErrBadName].
func From(who Participant) SendOption {
	return func(o *room.Send) { o.From = who.ID() }
}

// Volatile marks a message that may be lost: it is given up when an outbox is
// full, nobody is told, and it is not replayed.
func Volatile() SendOption {
	return func(o *room.Send) { o.Volatile = true }
}

// Conflate lets the message replace a waiting one of the same room and key, in
// the outbox of whoever reads slower than the room speaks: the newest wins.
// That is no loss and is not told.
func Conflate(key string) SendOption {
	return func(o *room.Send) { o.Key = key }
}

// WithOverflow sets what happens to this message when an outbox is full, in
// place of what [Room.SetOverflow] said.
func WithOverflow(policy Overflow) SendOption {
	return func(o *room.Send) { o.Overflow = policy.policy() }
}

// Overflow says what happens to a broadcast that does not fit a member's full
// outbox. A slow member never delays another, whatever the policy.
type Overflow uint8

const (
	// OverflowDisconnect, the default, closes the connection with 4008, which tells
	// the client to come back.
	OverflowDisconnect Overflow = iota
	// OverflowDropOldest gives up the oldest waiting messages of the room. Each run of
	// dropped messages is told by one `gap` in its place.
	OverflowDropOldest
	// OverflowDropNewest gives up the new message; told by `gap` likewise.
	OverflowDropNewest
	// OverflowConflate lets each message replace the waiting one of its key: the
	// one given with [Conflate], otherwise its action and sender. If the
	// outbox is full even so, the connection is closed with 4008.
	OverflowConflate
)

func (o Overflow) policy() room.Overflow { return room.OverflowDisconnect + room.Overflow(o) }

// encodeBody returns v as a JSON object.
func encodeBody(v any) (json.RawMessage, error) { return appendBody(nil, v) }

func appendBody(dst []byte, v any) (body json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil { // of a MarshalJSON of the application
			body, err = nil, fmt.Errorf("simplysocket: message body: %w", room.NewPanic(p))
		}
	}()
	body, err = protocol.AppendObject(dst, v)
	if err != nil {
		return nil, fmt.Errorf("simplysocket: message body: %w", err)
	}
	return body, nil
}

// encodeOutgoing checks the action and encodes the body of a message of the
// application.
func encodeOutgoing(action string, body any) (json.RawMessage, error) {
	return appendOutgoing(nil, action, body)
}

func appendOutgoing(dst []byte, action string, body any) (json.RawMessage, error) {
	if err := checkAction(action); err != nil {
		return nil, err
	}
	return appendBody(dst, body)
}

// encodeFrame encodes a whole message.
func encodeFrame(h *protocol.Header, body []byte) *fanout.Frame {
	return makeFrame(func(dst []byte) []byte { return protocol.AppendEnvelope(dst, h, body) })
}

// makeFrame makes a frame of the message that encode appends.
func makeFrame(encode func(dst []byte) []byte) *fanout.Frame {
	buf := envelopes.Get().(*[]byte)
	*buf = encode((*buf)[:0])
	f := fanout.NewFrame(*buf)
	if cap(*buf) <= keptEncoded {
		envelopes.Put(buf)
	}
	return f
}

var envelopes = sync.Pool{New: func() any { return new([]byte) }}

// keptEncoded is the largest buffer for what is encoded that is kept for later.
const keptEncoded = 64 << 10

// checkAction accepts the actions that an application may send: none of the
// protocol's own, which clients act on.
func checkAction(action string) error {
	if err := protocol.ValidAction(action); err != nil {
		return fmt.Errorf("%w: %w", ErrBadAction, err)
	}
	if protocol.ReservedAction(action) {
		return fmt.Errorf("%w: %q: actions that begin with $ belong to the protocol", ErrBadAction, action)
	}
	if protocol.ServerAction(action) {
		return fmt.Errorf("%w: %q belongs to the protocol; Join.Welcome and Join.Announce set what it says", ErrBadAction, action)
	}
	return nil
}

// mustEncode encodes a body of the protocol's own, which is always an object.
func mustEncode(v any) json.RawMessage {
	body, err := protocol.MarshalObject(v)
	if err != nil {
		panic(err)
	}
	return body
}
