package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Message is what a client says, and with Sender and Seq what its room hears.
type Message struct {
	Action         string `json:"action"`
	Body           Line   `json:"message_body"`
	IsTargetClient bool
	Target         string `json:"target"`
	Sender         string `json:"sender"`
	Seq            uint64 `json:"seq"`
}

// Line is the body of a Message: a number to follow it by, and a weight.
type Line struct {
	N   string `json:"n"`
	Pad string `json:"pad"`
}

const (
	actionSay   = "say"
	actionInput = "input" // is counted and not answered
)

// joinedRoom greets a client that is in its room.
var joinedRoom = []byte(`{"action":"joined-room"}`)

// readLimit is the largest message that a client may send, where a library or
// its example allows less than the largest one of a job, which is 16 KiB and
// some framing.
const readLimit = 64 << 10

// deflateFrom is the smallest message that is compressed, where the
// application has the choice.
const deflateFrom = 512

func decode(payload []byte, sender string) (*Message, error) {
	m := new(Message)
	if err := json.Unmarshal(payload, m); err != nil {
		return nil, err
	}
	m.Sender = sender
	return m, nil
}

// encode cannot fail: a Message holds nothing that JSON lacks.
func encode(m *Message) []byte {
	payload, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return payload
}

// state is what the application keeps of a room. Whoever owns the room guards
// it.
type state struct {
	seq    uint64
	inputs uint64
	ticks  uint64
}

// accept takes m into the room: it says whether the members hear of it.
func (s *state) accept(m *Message) bool {
	if m.Action == actionInput {
		s.inputs++
		return false
	}
	s.seq++
	m.Seq = s.seq
	return true
}

// tick is what the room says by itself, with a body of that many bytes.
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
