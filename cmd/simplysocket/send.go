package main

import (
	"context"
	"errors"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// actionSendMessage is the action of a chat's messages, as the server's page
// sends them too.
const actionSendMessage = "send-message"

// chatBody is the body of actionSendMessage.
type chatBody struct {
	Message string `json:"message"`
}

// ask sends a message under the next id. The error says that nothing can be sent
// any more.
func (s *session) ask(ctx context.Context, h protocol.Header, body any) error {
	raw, err := protocol.MarshalObject(body)
	if err != nil {
		return err
	}
	if err := s.pace.Wait(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.lastID++
	h.ID = s.lastID
	joins := ""
	switch h.Action {
	case protocol.ActionJoinRoom:
		if !slices.Contains(s.rooms, h.Target) {
			joins = h.Target
		}
		s.forget(h.Target)
		s.rooms = append(s.rooms, h.Target)
	case protocol.ActionLeaveRoom:
		s.forget(h.Target)
	}
	s.pending[h.ID] = joins
	s.mu.Unlock()
	return s.conn.WriteText(protocol.AppendEnvelope(nil, &h, raw))
}

// raw sends text as it is. If it has an id, later ones must be larger, and it is
// answered.
func (s *session) raw(ctx context.Context, text string) error {
	if err := s.pace.Wait(ctx); err != nil {
		return err
	}
	env, err := protocol.Parse([]byte(text))
	var bad *protocol.ParseError
	if errors.As(err, &bad) {
		env.ID = bad.ID
	}
	if env.ID != 0 {
		s.mu.Lock()
		s.lastID = max(s.lastID, env.ID)
		s.pending[env.ID] = ""
		s.mu.Unlock()
	}
	return s.conn.WriteText([]byte(text))
}
