package client

import (
	"context"
	"encoding/json"
	"fmt"
)

// Send sends a message to the room and waits until the room has handled it. body encodes
// to a JSON object; nil stands for {}. A refusal is an [*Error], and so is an outcome that
// nobody knows. If the session is over, or ends meanwhile, the error is or wraps a
// [*CloseError].
//
// If the client is out of the room, nothing is sent and the error wraps [ErrOutOfRoom].
//
// If the context ends first, the message may still be handled, unless it was waiting to be
// sent; its answer is dropped.
func (r *Room) Send(ctx context.Context, action string, body any) error {
	m, err := r.newMessage(action, body)
	if err != nil {
		return err
	}
	_, err = r.conn.ask(ctx, m)
	return err
}

// SendTo is like Send for a message to a single other member.
func (r *Room) SendTo(ctx context.Context, slug, action string, body any) error {
	m, err := r.newMessage(action, body)
	if err != nil {
		return err
	}
	m.header.IsTargetClient, m.header.Target, m.header.Room = true, slug, r.name
	_, err = r.conn.ask(ctx, m)
	return err
}

// Post sends a message to the room without asking for an answer. The message is volatile:
// it is not queued while offline (the error is [ErrOffline]), and it may be lost with its
// connection. Use it for what is soon out of date, such as the position of a pointer. If
// the server refuses it, OnError runs.
func (r *Room) Post(action string, body any) error {
	m, err := r.newMessage(action, body)
	if err != nil {
		return err
	}
	m.kind = kindPost
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	return r.conn.say(m)
}

// Call sends a message to the room, as [Room.Send] does, and returns the reply:
// the body of the ack, decoded as encoding/json does.
func Call[Res any](ctx context.Context, room *Room, action string, body any) (Res, error) {
	var res Res
	m, err := room.newMessage(action, body)
	if err != nil {
		return res, err
	}
	reply, err := room.conn.ask(ctx, m)
	if err != nil {
		return res, err
	}
	if err := json.Unmarshal(reply, &res); err != nil {
		return res, fmt.Errorf("client: reply to %q: %w", action, err)
	}
	return res, nil
}
