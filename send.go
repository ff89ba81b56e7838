package simplysocket

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// SendOption changes the audience of a message or how it is sent.
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

// Participant has an ID: a [*Member] or a [*Client].
type Participant interface {
	// ID returns the public name.
	ID() string
}

// Except excludes the given participants. It accepts a list: Except(players...).
func Except[P Participant](who ...P) SendOption {
	ids := appendIDs(nil, who)
	return func(o *room.Send) { o.Except = append(o.Except, ids...) }
}

// Only sends to the given participants, as far as they are members. It accepts a list:
// Only(players...).
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

// From sets the sender. Without it, and for an empty ID, the sender is the server. If the
// ID cannot be a name, the message is not sent and the error is [ErrBadName].
func From(who Participant) SendOption {
	return func(o *room.Send) { o.From = who.ID() }
}

// Volatile marks a message that may be lost: it is dropped without notice if an outbox is
// full, and it is not replayed.
func Volatile() SendOption {
	return func(o *room.Send) { o.Volatile = true }
}

// Conflate lets the message replace an older message of the same room and key that still
// waits in an outbox: a member that reads slowly gets the newest. This is not a loss and
// is not reported.
func Conflate(key string) SendOption {
	return func(o *room.Send) { o.Key = key }
}

// WithOverflow sets what happens to this message if an outbox is full. It overrides
// [Room.SetOverflow].
func WithOverflow(policy Overflow) SendOption {
	return func(o *room.Send) { o.Overflow = policy.policy() }
}

// Overflow says what happens to a broadcast that does not fit a member's full outbox.
// Under every policy, a slow member delays nobody else.
type Overflow uint8

const (
	// OverflowDisconnect, the default, closes the connection with 4008, which tells the
	// client to return.
	OverflowDisconnect Overflow = iota
	// OverflowDropOldest drops the oldest waiting messages of the room. One `gap` reports
	// each run of dropped messages, in their place.
	OverflowDropOldest
	// OverflowDropNewest drops the new message. A `gap` reports it in the same way.
	OverflowDropNewest
	// OverflowConflate lets each message replace an older waiting message of the same key:
	// the key of [Conflate], otherwise the action and sender. If the outbox is full even
	// so, the connection is closed with 4008.
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
