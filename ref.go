package simplysocket

import (
	"context"
	"errors"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// RoomRef refers to a room by its name. It is safe anywhere and at any time,
// also for a room that is not open: what needs an open room then returns
// [ErrRoomClosed], since a reference opens no room.
type RoomRef struct {
	srv  *Server
	name string
}

// Name is the room's name.
func (ref RoomRef) Name() string { return ref.name }

// Send has the room handle a message of the server's own code, see [OnServer];
// a relay room passes it on. It waits for nothing: nil says that the message is
// in the room's mailbox. Otherwise it is [ErrRoomClosed], [ErrMailboxFull], or
// an error for what can not be sent.
func (ref RoomRef) Send(action string, body any) error {
	raw, err := encodeOutgoing(action, body)
	if err != nil {
		return err
	}
	return ref.post(&item{entry: room.Entry{Kind: room.KindServer, Action: action, Body: raw}})
}

// Call is Send and waits for the reply, which OnServerCall gives, decoded into
// reply unless that is nil. In a turn it would wait for its own end: under a
// room's Context it returns [ErrInTurn].
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

// Broadcast sends a message to the room's members, in the room's order and past
// its handlers. Its errors are those of Send.
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
