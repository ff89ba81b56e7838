package simplysockettest

import (
	"encoding/json"
	"fmt"
	"time"
)

// Message is a message that a client has received. It is shared and must not be changed.
type Message struct {
	Action string
	Body   json.RawMessage
	Sender string    // the ID of a client, or the name of the server
	Direct bool      // it was for this client alone
	Seq    uint64    // its position in the room's output
	Time   time.Time // at which the room has sent it

	raw []byte
}

// Decode decodes the body into v.
func (m *Message) Decode(v any) error { return json.Unmarshal(m.Body, v) }

// String returns the action and the body, cut off where it is long.
func (m *Message) String() string {
	const most = 200
	if len(m.Body) > most {
		return fmt.Sprintf("%s %s... (%d bytes)", m.Action, m.Body[:most], len(m.Body))
	}
	return fmt.Sprintf("%s %s", m.Action, m.Body)
}

// Gap is the body of the message `gap`: From and To are the first and the last seq that
// the client has lost. Both are 0 if that is all it has not read of an earlier opening of
// the room.
type Gap struct {
	Epoch uint64 `json:"epoch"`
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
}
