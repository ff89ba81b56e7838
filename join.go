package simplysocket

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join is a client at the door of a room: what [Room.OnJoin] decides about.
type Join struct {
	// Member is the member that the client becomes if it is let in. It is
	// counted already and hears what is broadcast.
	*Member
	join *room.Join
}

// Params decodes the join's parameters, the body of `join-room`, into v as
// encoding/json does. The error has the code bad-message and can be returned
// from OnJoin as it is.
func (j *Join) Params(v any) error {
	if err := json.Unmarshal(j.join.Params, v); err != nil {
		return badBody(err)
	}
	return nil
}

// Welcome sets what `joined-room` tells the joiner beside the room's state: the
// keys of body, which encodes to an object, except epoch, seq, count, members
// and next.
func (j *Join) Welcome(body any) error {
	raw, err := encodeBody(body)
	if err != nil {
		return err
	}
	if err := checkKeys(protocol.ActionJoinedRoom, raw, "epoch", "seq", "count", "members", "next"); err != nil {
		return err
	}
	j.join.Welcome = raw
	return nil
}

// Announce sets what the others are told of the joiner beside its slug and what it
// shows of itself: the keys of body, which encodes to an object, except client and
// info. Without it they read "Client xyz joined the room". A room announces as long
// as it is small enough, see [Options.AnnounceMaxMembers], and unless
// [Room.SetPresence] says otherwise. The error is that of a body that cannot be
// sent.
func (j *Join) Announce(body any) error {
	raw, err := encodeBody(body)
	if err != nil {
		return err
	}
	if err := checkKeys(protocol.ActionClientJoinedRoom, raw, "client", "info"); err != nil {
		return err
	}
	j.join.Announce = raw
	return nil
}

// checkKeys keeps the application from setting what the protocol sets.
func checkKeys(action string, body json.RawMessage, taken ...string) error {
	for key := range protocol.Fields(body) {
		if slices.Contains(taken, key) {
			return fmt.Errorf("simplysocket: the key %q of %s belongs to the protocol", key, action)
		}
	}
	return nil
}

// LeaveReason says why a member is gone.
type LeaveReason uint8

const (
	// LeaveReasonLeft: the client left the room or the server.
	LeaveReasonLeft LeaveReason = iota
	// LeaveReasonDropped: its connection broke and it did not come back.
	LeaveReasonDropped
	// LeaveReasonKicked: the room removed it.
	LeaveReasonKicked
	// LeaveReasonClosed: the room closed.
	LeaveReasonClosed
)

// String returns the reason as it stands on the wire.
func (r LeaveReason) String() string { return room.LeaveReason(r).String() }
