package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

var help = []string{
	"text                         send it to the room joined last",
	"/join NAME [PASSWORD|JSON]   join a room; again: make it the one that text goes to",
	"/leave [NAME]                leave a room",
	"/to SLUG TEXT                send text to one client in a room with you",
	"/rooms                       list the rooms",
	"/members                     list who is in the room",
	"/raw JSON                    send a message as it is",
	"/quit                        leave",
}

// obey does what a line says. The error says that it was the last.
func (s *session) obey(ctx context.Context, line string) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	if line[0] != '/' {
		return s.ask(ctx, protocol.Header{Action: actionSendMessage, Target: s.room()}, chatBody{line})
	}
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "/join":
		return s.obeyJoin(ctx, rest)
	case "/leave":
		return s.obeyLeave(ctx, rest)
	case "/to":
		slug, text, _ := strings.Cut(rest, " ")
		if text = strings.TrimSpace(text); text == "" {
			return s.hint("/to SLUG TEXT")
		}
		return s.ask(ctx, protocol.Header{Action: actionSendMessage, Target: slug, IsTargetClient: true}, chatBody{text})
	case "/rooms":
		return s.ask(ctx, protocol.Header{Action: protocol.ActionListRooms}, nil)
	case "/members":
		return s.ask(ctx, protocol.Header{Action: protocol.ActionListMembers, Target: s.room()}, nil)
	case "/raw":
		if rest == "" {
			return s.hint("/raw JSON")
		}
		return s.raw(ctx, rest)
	case "/help":
		s.console.say(help...)
		return nil
	case "/quit":
		return io.EOF
	default:
		s.console.say(fmt.Sprintf("there is no command %s; /help lists them", name))
		return nil
	}
}

// hint tells how a command is written.
func (s *session) hint(form string) error {
	s.console.say("it is " + form)
	return nil
}

func (s *session) obeyJoin(ctx context.Context, rest string) error {
	name, params, _ := strings.Cut(rest, " ")
	if protocol.ValidName(name) != nil {
		return s.hint("/join NAME [PASSWORD|JSON]; a name is made of letters, digits and . _ - / : @")
	}
	params = strings.TrimSpace(params)
	var body any
	switch {
	case strings.HasPrefix(params, "{"):
		if !json.Valid([]byte(params)) {
			s.console.say("this is not a JSON object: " + params)
			return nil
		}
		body = json.RawMessage(params)
	case params != "":
		body = passwordBody{params}
	}
	return s.join(ctx, name, body)
}

// passwordBody is what a room with a password asks of whoever joins.
type passwordBody struct {
	Password string `json:"password"`
}

func (s *session) join(ctx context.Context, name string, body any) error {
	return s.ask(ctx, protocol.Header{Action: protocol.ActionJoinRoom, Target: name}, body)
}

func (s *session) obeyLeave(ctx context.Context, name string) error {
	if name == "" {
		name = s.room()
	}
	if name == "" {
		s.console.say("you are in no room but the lobby")
		return nil
	}
	return s.ask(ctx, protocol.Header{Action: protocol.ActionLeaveRoom, Target: name}, nil)
}
