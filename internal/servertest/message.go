package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Message is an envelope as a [Client] receives it.
type Message struct {
	Action         string
	Body           json.RawMessage
	IsTargetClient bool
	Target         string
	Sender         string
	Ref            uint64
	Re             string
	Room           string
	Seq            uint64
	N              uint64
	Time           int64
}

// parseMessage keeps no part of the payload.
func parseMessage(payload []byte) (Message, error) {
	env, err := protocol.ParseServer(payload)
	return Message{
		Action:         string(env.Action),
		Body:           bytes.Clone(env.Body),
		IsTargetClient: env.IsTargetClient,
		Target:         string(env.Target),
		Sender:         string(env.Sender),
		Ref:            env.Ref,
		Re:             string(env.Re),
		Room:           string(env.Room),
		Seq:            env.Seq,
		N:              env.N,
		Time:           env.Time,
	}, err
}

func (m Message) String() string {
	return fmt.Sprintf("%s to %s from %s room=%s re=%s ref=%d seq=%d %s", m.Action, m.Target, m.Sender, m.Room, m.Re, m.Ref, m.Seq, m.Body)
}

// Field returns a string field of the body, or "" if there is none.
func (m Message) Field(name string) string {
	var body map[string]any
	_ = json.Unmarshal(m.Body, &body)
	s, _ := body[name].(string)
	return s
}

// Code returns the code of an error, or "" for another message.
func (m Message) Code() string { return m.Field("code") }

// Envelope returns a message as a client sends it. With id 0 it asks for no answer. A nil
// body is an empty object.
func Envelope(id uint64, action, target string, body any) string {
	raw, err := protocol.MarshalObject(body)
	if err != nil {
		panic(err)
	}
	return string(protocol.AppendEnvelope(nil, &protocol.Header{Action: action, Target: target, ID: id}, raw))
}
