package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Message is what a client sends; with Sender and Seq, it is what its room receives.
type Message struct {
	Action         string `json:"action"`
	Body           Line   `json:"message_body"`
	IsTargetClient bool
	Target         string `json:"target"`
	Sender         string `json:"sender"`
	Seq            uint64 `json:"seq"`
}

// Line is the body of a Message: a number to track it by, and padding.
type Line struct {
	N   string `json:"n"`
	Pad string `json:"pad"`
}

const (
	actionSay   = "say"
	actionInput = "input" // counted, but not answered
)

// joinedRoom greets a client that is in its room.
var joinedRoom = []byte(`{"action":"joined-room"}`)

// readLimit is the largest message that a client may send. It is set where the default of
// a library or its example is below the largest message of a job, which is 16 KiB and
// some framing.
const readLimit = 64 << 10

// deflateFrom is the smallest message to compress, if the application has the choice.
const deflateFrom = 512

func decode(payload []byte, sender string) (*Message, error) {
	m := new(Message)
	if err := json.Unmarshal(payload, m); err != nil {
		return nil, err
	}
	m.Sender = sender
	return m, nil
}

// encode cannot fail: a Message holds nothing that JSON cannot represent.
func encode(m *Message) []byte {
	payload, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return payload
}

// state is what the application keeps for a room. The owner of the room guards it.
type state struct {
	seq    uint64
	inputs uint64
	ticks  uint64
}

// accept handles m, and reports whether the members receive it.
func (s *state) accept(m *Message) bool {
	if m.Action == actionInput {
		s.inputs++
		return false
	}
	s.seq++
	m.Seq = s.seq
	return true
}

// tick is the message that the room sends by itself, with a body of that many bytes.
func (s *state) tick(body int) *Message {
	empty := len(`{"n":"00000000","pad":""}`)
	m := &Message{
		Action: actionSay,
		Body:   Line{N: fmt.Sprintf("%08d", s.ticks), Pad: strings.Repeat("x", max(0, body-empty))},
		Sender: "server",
	}
	s.ticks++
	s.accept(m)
	return m
}
