package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

var help = []string{
	"text                         send it to the room joined last",
	"/join NAME [PASSWORD|JSON]   join a room; again: make it the one that text goes to",
	"/leave [NAME]                leave a room",
	"/to SLUG TEXT                send text to one client that shares a room with you",
	"/rooms                       list the rooms",
	"/members                     list who is in the room",
	"/raw ACTION [JSON]           send any message to the room joined last",
	"/quit                        leave",
}

// actionSendMessage is the action of chat messages, the same as on the server's page.
const actionSendMessage = "send-message"

// chatBody is the body of actionSendMessage.
type chatBody struct {
	Message string `json:"message"`
}

// passwordBody is the body of a join with a password.
type passwordBody struct {
	Password string `json:"password"`
}

// obey runs the command or sends the text in a line, and reports whether more lines may
// follow.
func (s *session) obey(line string) bool {
	if strings.TrimSpace(line) == "" {
		return true
	}
	if line[0] != '/' {
		s.send(s.room(), actionSendMessage, chatBody{line})
		return true
	}
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "/join":
		s.obeyJoin(rest)
	case "/leave":
		s.obeyLeave(rest)
	case "/to":
		s.obeyTo(rest)
	case "/rooms":
		s.send("", protocol.ActionListRooms, nil)
	case "/members":
		s.send(s.room(), protocol.ActionListMembers, nil)
	case "/raw":
		s.obeyRaw(rest)
	case "/help":
		s.console.say(help...)
	case "/quit":
		return false
	default:
		s.console.say(fmt.Sprintf("there is no command %s; /help lists them", name))
	}
	return true
}

func (s *session) obeyJoin(rest string) {
	name, params, _ := strings.Cut(rest, " ")
	params = strings.TrimSpace(params)
	switch {
	case protocol.ValidName(name) != nil:
		s.hint("/join NAME [PASSWORD|JSON]; a name is made of letters, digits and . _ - / : @")
	case params == "":
		s.join(name, nil)
	case !strings.HasPrefix(params, "{"):
		s.join(name, passwordBody{params})
	case s.object(params):
		s.join(name, json.RawMessage(params))
	}
}

func (s *session) obeyLeave(name string) {
	if name == "" {
		name = s.room()
	}
	if name == "" {
		s.console.say("you are in no room but the lobby")
		return
	}
	s.leave(name)
}

func (s *session) obeyTo(rest string) {
	id, text, _ := strings.Cut(rest, " ")
	if text = strings.TrimSpace(text); text == "" {
		s.hint("/to SLUG TEXT")
		return
	}
	s.sendTo(id, actionSendMessage, chatBody{text})
}

func (s *session) obeyRaw(rest string) {
	action, body, _ := strings.Cut(rest, " ")
	body = strings.TrimSpace(body)
	switch {
	case action == "":
		s.hint("/raw ACTION [JSON]")
	case body == "":
		s.send(s.room(), action, nil)
	case s.object(body):
		s.send(s.room(), action, json.RawMessage(body))
	}
}

// hint says how a command is written.
func (s *session) hint(form string) { s.console.say("it is " + form) }

// object reports whether the text is a JSON object, and says so if it is not.
func (s *session) object(text string) bool {
	if strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
		return true
	}
	s.console.say("this is not a JSON object: " + text)
	return false
}
