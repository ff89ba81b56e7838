package main

import (
	"context"
	"errors"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// ask sends a request to the server and waits for the answer. Without a connection it
// waits for the next one.
type ask func(context.Context) error

// ask queues a request after the earlier ones.
func (s *session) ask(a ask) {
	select {
	case s.asks <- a:
	case <-s.conn.Done():
	}
}

// work sends one request after the other. It prints errors; messages that answer a
// request are shown as they come.
func (s *session) work(ctx context.Context) {
	defer close(s.settled)
	for {
		select {
		case a, more := <-s.asks:
			if !more {
				return
			}
			s.report(ctx, a(ctx))
		case <-s.conn.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// report shows an answer. The end of the session is reported elsewhere.
func (s *session) report(ctx context.Context, err error) {
	select {
	case s.answered <- struct{}{}:
	default:
	}
	var over *client.CloseError
	if err != nil && !errors.As(err, &over) && ctx.Err() == nil {
		s.fail(err)
	}
}

// fail reports the error of a request.
func (s *session) fail(err error) {
	s.errors.Add(1)
	s.console.say("error " + err.Error())
}

// join joins a room.
func (s *session) join(name string, params any) {
	chosen := &seat{name}
	s.choose(chosen)
	s.ask(func(ctx context.Context) error {
		room, err := s.conn.Join(ctx, name, params, s.attend(chosen))
		if err != nil {
			s.giveUp(func(other *seat) bool { return other == chosen })
			return err
		}
		s.joined[name] = room
		return nil
	})
}

// leave leaves a room.
func (s *session) leave(name string) {
	s.giveUp(func(other *seat) bool { return other.room == name })
	s.ask(func(ctx context.Context) error {
		room, err := s.in(name)
		if err != nil {
			return err
		}
		delete(s.joined, name)
		return room.Leave(ctx)
	})
}

// send sends a message to a room; "" is the lobby.
func (s *session) send(name, action string, body any) {
	s.ask(func(ctx context.Context) error {
		room, err := s.in(name)
		if err != nil {
			return err
		}
		return room.Send(ctx, action, body)
	})
}

// sendTo sends a message to a client that shares any room with us.
func (s *session) sendTo(id, action string, body any) {
	s.ask(func(ctx context.Context) error {
		return s.conn.Lobby().SendTo(ctx, id, action, body)
	})
}

// in returns the room of that name. Only this goroutine knows that a join was refused:
// the lines that were typed for that room after the join must not go elsewhere.
func (s *session) in(name string) (*client.Room, error) {
	if name == "" {
		return s.conn.Lobby(), nil
	}
	room := s.joined[name]
	if room == nil {
		return nil, &client.Error{Code: protocol.CodeNotAMember, Message: "not a member of room " + name}
	}
	return room, nil
}
