package simplysocket

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Message says what to do, where it goes and who sent it. Its JSON form is the wire format
// of every message: these five keys, spelled exactly like this.
//
// Handlers made with [On] and [OnCall] never see a Message; it exists for [Room.OnMessage]
// and [Room.Deliver].
type Message struct {
	// Action is the task: 1 to 128 bytes without control characters.
	Action string `json:"action"`
	// MessageBody is the content; nil is sent as {}. Received numbers are of type
	// json.Number and keep every digit.
	MessageBody map[string]interface{} `json:"message_body"`
	// IsTargetClient says that Target is the ID of a client, not a room.
	IsTargetClient bool
	// Target is a room or, with IsTargetClient, a client.
	Target string `json:"target"`
	// Sender is the ID of the client that sent the message; the server sets it.
	Sender string `json:"sender"`
}

// MarshalJSON returns the five keys, an empty object for a nil body, and no
// HTML escapes.
func (m Message) MarshalJSON() ([]byte, error) {
	body, err := protocol.MarshalObject(m.MessageBody)
	if err != nil {
		return nil, err
	}
	return protocol.AppendEnvelope(nil, &protocol.Header{
		Action:         m.Action,
		IsTargetClient: m.IsTargetClient,
		Target:         m.Target,
		Sender:         m.Sender,
	}, body), nil
}

// UnmarshalJSON reads an envelope. Keys are matched exactly, each may appear once, and
// unknown keys are ignored; numbers become json.Number.
func (m *Message) UnmarshalJSON(data []byte) error {
	env, err := protocol.ParseServer(data)
	if err != nil {
		return err
	}
	body, err := decodeBody(env.Body)
	if err != nil {
		return err
	}
	*m = Message{
		Action:         string(env.Action),
		MessageBody:    body,
		IsTargetClient: env.IsTargetClient,
		Target:         string(env.Target),
		Sender:         string(env.Sender),
	}
	return nil
}

func decodeBody(raw []byte) (map[string]interface{}, error) {
	var body map[string]interface{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		return nil, fmt.Errorf("message_body: %w", err)
	}
	return body, nil
}
