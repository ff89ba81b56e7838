package simplysocket

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Join is a client that asks to join: what [Room.OnJoin] decides about.
type Join struct {
	// Member is the member that the client becomes if it is admitted. It already counts as
	// a member and receives broadcasts.
	*Member
	join *room.Join
}

// Params decodes the body of `join-room` into v with encoding/json. OnJoin can return its
// error, which has the code bad-message, as it is.
func (j *Join) Params(v any) error {
	if s := j.room.srv.surface; s != nil {
		s.NoteParams(v)
	}
	if err := json.Unmarshal(j.join.Params, v); err != nil {
		return badBody(err)
	}
	return nil
}

// Welcome sets what `joined-room` tells the joining client besides the room's state: the
// keys of body, which encodes to an object, except epoch, seq, count, members and next.
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

// Announce sets what the others are told about the joining client besides its ID and
// profile: the keys of body, which encodes to an object, except client and info. The
// default is "Client xyz joined the room". Rooms with more than
// [Options.AnnounceMaxMembers] members announce nobody, nor do rooms after
// [Room.SetPresence] with false. Announce returns an error if the body cannot be sent.
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

// checkKeys refuses keys that the protocol sets.
func checkKeys(action string, body json.RawMessage, taken ...string) error {
	for key := range protocol.Fields(body) {
		if slices.Contains(taken, key) {
			return fmt.Errorf("simplysocket: the key %q of %s belongs to the protocol", key, action)
		}
	}
	return nil
}

// LeaveReason says why a member left.
type LeaveReason uint8

const (
	// LeaveReasonLeft: the client left the room or the server.
	LeaveReasonLeft LeaveReason = iota
	// LeaveReasonDropped: its connection broke and it did not return in time.
	LeaveReasonDropped
	// LeaveReasonKicked: the room removed it.
	LeaveReasonKicked
	// LeaveReasonClosed: the room closed.
	LeaveReasonClosed
)

// String returns the reason as it appears on the wire.
func (r LeaveReason) String() string { return room.LeaveReason(r).String() }
