package client

import (
	"context"
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// RoomPage is a part of the list of rooms, by name.
type RoomPage struct {
	Rooms []RoomInfo `json:"rooms"`
	// Count is the number of all rooms that can be listed.
	Count int `json:"count"`
	// Next is where the next page begins, or "" if there is none.
	Next string `json:"next"`
}

// RoomInfo is a room in the list.
type RoomInfo struct {
	Name    string `json:"name"`
	Members int    `json:"members"`
	// Capacity is the largest number of members; 0 if there is no limit.
	Capacity int `json:"capacity"`
	// Locked says that a password is asked for.
	Locked     bool            `json:"locked"`
	Properties json.RawMessage `json:"properties"`
}

// ListRooms returns the rooms after the given name, at most a hundred; "" starts at the
// beginning.
func (c *Conn) ListRooms(ctx context.Context, after string) (RoomPage, error) {
	var query struct {
		After string `json:"after,omitempty"`
	}
	query.After = after
	return Call[RoomPage](ctx, c.lobby, protocol.ActionListRooms, query)
}

// MemberPage is a part of the list of a room's members, in joining order.
type MemberPage struct {
	Members []Member
	// Count is the number of all members.
	Count int
	// Next is where the next page begins, or 0 if there is none.
	Next uint64
}

// memberList is a MemberPage on the wire.
type memberList struct {
	Members []memberItem `json:"members"`
	Count   int          `json:"count"`
	Next    uint64       `json:"next"`
}

// ListMembers returns the members after the given number, at most a hundred; 0 starts at
// the beginning.
func (r *Room) ListMembers(ctx context.Context, after uint64) (MemberPage, error) {
	var query struct {
		After uint64 `json:"after,omitempty"`
	}
	query.After = after
	list, err := Call[memberList](ctx, r, protocol.ActionListMembers, query)
	return MemberPage{Members: membersOf(list.Members), Count: list.Count, Next: list.Next}, err
}
