package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// incoming is a received message.
type incoming struct {
	env  *protocol.Envelope
	self string // our ID
}

// text is the message as JSON.
func (m *incoming) text() []byte {
	return protocol.AppendEnvelope(nil, &protocol.Header{
		Action:         string(m.env.Action),
		IsTargetClient: m.env.IsTargetClient,
		Target:         string(m.env.Target),
		Sender:         string(m.env.Sender),
		Ref:            m.env.Ref,
		Re:             string(m.env.Re),
		Room:           string(m.env.Room),
		Seq:            m.env.Seq,
		N:              m.env.N,
		Time:           m.env.Time,
	}, m.env.Body)
}

// details are the bodies of the protocol's messages and of send-message.
type details struct {
	Message string `json:"message"`
	Resumed bool   `json:"resumed"`
	Count   int    `json:"count"`
	Rooms   []struct {
		Name    string `json:"name"`
		Members int    `json:"members"`
		Locked  bool   `json:"locked"`
	} `json:"rooms"`
	Members []struct {
		Client string `json:"client"`
	} `json:"members"`
}

// lines says in words what the message means. Some messages need no words, and what the
// session reports itself is not repeated.
func (m *incoming) lines() []string {
	var d details
	if err := json.Unmarshal(m.env.Body, &d); err != nil {
		return []string{m.place() + m.other()}
	}
	switch action := string(m.env.Action); action {
	case protocol.ActionError, protocol.ActionGap, protocol.ActionLeftRoom, protocol.ActionRoomClosed:
		return nil
	case protocol.ActionWelcome:
		if d.Resumed {
			return nil
		}
		return []string{"You are client " + m.self + ". /help says what you can do."}
	case protocol.ActionAck:
		return m.reply(&d)
	default:
		return []string{m.place() + m.sentence(action, &d)}
	}
}

// sentence is what a message says about its room or its sender.
func (m *incoming) sentence(action string, d *details) string {
	switch {
	case action == protocol.ActionRoomCount:
		return fmt.Sprintf("%d are here.", d.Count)
	case d.Message == "":
		return m.other()
	case action == protocol.ActionJoinedRoom:
		return fmt.Sprintf("%s (%d here)", d.Message, d.Count)
	case protocol.ServerAction(action):
		return d.Message // "Client xyz joined the room"
	case action == actionSendMessage:
		return m.sender() + ": " + d.Message
	}
	return m.other()
}

// reply is what an ack says besides that all went well.
func (m *incoming) reply(d *details) []string {
	var lines []string
	switch string(m.env.Re) {
	case protocol.ActionListRooms:
		lines = append(lines, fmt.Sprintf("%d rooms", d.Count))
		for _, room := range d.Rooms {
			line := fmt.Sprintf("  %s (%d here)", room.Name, room.Members)
			if room.Locked {
				line += ", with a password"
			}
			lines = append(lines, line)
		}
		lines = append(lines, rest(d.Count-len(d.Rooms))...)
	case protocol.ActionListMembers:
		lines = append(lines, fmt.Sprintf("%s%d here", m.place(), d.Count))
		for _, member := range d.Members {
			lines = append(lines, "  "+member.Client)
		}
		lines = append(lines, rest(d.Count-len(d.Members))...)
	default:
		if !bytes.Equal(m.env.Body, []byte("{}")) {
			lines = append(lines, fmt.Sprintf("%s: %s", m.env.Re, m.env.Body))
		}
	}
	return lines
}

// rest says how many entries the list leaves out.
func rest(n int) []string {
	if n <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("  and %d more", n)}
}

// other is any other message.
func (m *incoming) other() string {
	return fmt.Sprintf("%s: %s %s", m.sender(), m.env.Action, m.env.Body)
}

// place is the room of the message in brackets.
func (m *incoming) place() string {
	room := m.env.Room
	if !m.env.IsTargetClient {
		room = m.env.Target
	}
	if len(room) == 0 {
		return ""
	}
	return fmt.Sprintf("[%s] ", room)
}

// sender is as much of the ID as is needed to tell people apart.
func (m *incoming) sender() string {
	const enough = 4
	id := []rune(string(m.env.Sender))
	switch {
	case string(id) == m.self:
		return "you"
	case len(id) > 2*enough:
		id = append(id[:enough:enough], '…')
	}
	if m.env.IsTargetClient && len(m.env.Room) > 0 {
		return string(id) + " to you"
	}
	return string(id)
}
