package client

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Message is a received message.
type Message struct {
	// Action is the task.
	Action string
	// Body is a JSON object.
	Body json.RawMessage
	// Sender is the slug of the client it comes from, or the server's name.
	Sender string
	// Direct says that it was sent to this client alone.
	Direct bool
	// Seq is its position in the room's output, which only grows until the room is
	// opened again; 0 if it comes from outside any room.
	Seq uint64
	// Time is that of the room, where it stamps its messages.
	Time time.Time
}

// Decode decodes the body into v with encoding/json.
func (m *Message) Decode(v any) error {
	if err := json.Unmarshal(m.Body, v); err != nil {
		return fmt.Errorf("client: body of %q: %w", m.Action, err)
	}
	return nil
}

// newMessage copies a message out of the data it was read from.
func newMessage(env *protocol.Envelope) *Message {
	m := &Message{
		Action: string(env.Action),
		Body:   append(json.RawMessage(nil), env.Body...),
		Sender: string(env.Sender),
		Direct: env.IsTargetClient,
		Seq:    env.Seq,
	}
	if env.Time != 0 {
		m.Time = time.UnixMilli(env.Time)
	}
	return m
}

// Gap reports messages that are lost to this client: fetch the room's state again. Numbers
// may have holes, so the difference is not a count.
type Gap struct {
	// Epoch is the opening of the room that From and To count in.
	Epoch uint64
	// From and To are the first and the last number that are lost. Both are 0
	// if it is all of the epoch.
	From, To uint64
	// Direct says that the messages were for this client alone, from outside
	// any room, where numbers count for the session.
	Direct bool
}

// Whole reports whether no message of the epoch can be relied on.
func (g Gap) Whole() bool { return g.To == 0 }
