package simplysocket

import (
	"context"
	"errors"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// RoomRef refers to a room by its name. It is safe to use anywhere and at any time, also
// while the room is not open: methods that need an open room then return [ErrRoomClosed],
// because a reference opens no room.
type RoomRef struct {
	srv  *Server
	name string
}

// Name returns the room's name.
func (ref RoomRef) Name() string { return ref.name }

// Send sends a message from the server's own code to the room, see [OnServer]; a relay
// room forwards it to its members. Send does not wait: nil means that the message is in
// the room's mailbox. Otherwise the error is [ErrRoomClosed], [ErrMailboxFull], or that of
// a message that cannot be sent.
func (ref RoomRef) Send(action string, body any) error {
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	return ref.post(&item{entry: room.Entry{Kind: room.KindServer, Action: action, Body: raw}})
}

// Call sends a message as Send does, waits for the reply of [OnServerCall], and decodes it
// into reply unless that is nil. In a turn, Call would wait for itself: with a room's
// Context it returns [ErrInTurn].
func (ref RoomRef) Call(ctx context.Context, action string, body, reply any) error {
	if ctx.Value(turnKey{}) != nil {
		return ErrInTurn
	}
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	answered := make(chan answer, 1)
	if err := ref.post(&item{entry: room.Entry{Kind: room.KindServer, Action: action, Body: raw}, source: source{call: answered}}); err != nil {
		return err
	}
	select {
	case a := <-answered:
		if a.err != nil || reply == nil {
			return a.err
		}
		return guard(func() error { return decodeReply(a.body, reply) })
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Broadcast sends a message to the room's members, in the room's order and without calling
// its handlers. The errors are those of Send.
func (ref RoomRef) Broadcast(action string, body any, opts ...SendOption) error {
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	var send room.Send
	apply(&send, opts)
	if err := checkSender(send.From); err != nil {
		return err
	}
	return ref.post(&item{entry: room.Entry{Kind: room.KindBroadcast, Action: action, Body: raw, Send: &send}})
}

func (ref RoomRef) post(it *item) error {
	a := ref.srv.rooms.find(ref.name)
	if a == nil {
		return ErrRoomClosed
	}
	err := a.post(it)
	if errors.Is(err, ErrMailboxFull) {
		ref.srv.stats.busy.Add(1)
	}
	return err
}
