package protocol

import "strings"

// The server's own actions. Clients may not send them, nor any other that
// begins with "client-".
const (
	ActionWelcome          = "welcome"
	ActionAck              = "ack"
	ActionError            = "error"
	ActionGap              = "gap"
	ActionJoinedRoom       = "joined-room"
	ActionLeftRoom         = "left-room"
	ActionRoomClosed       = "room-closed"
	ActionClientJoinedRoom = "client-joined-room"
	ActionClientLeftRoom   = "client-left-room"
	ActionClientPresence   = "client-presence"
	ActionRoomCount        = "room-count"
	ActionHeartbeat        = "heartbeat"
)

// What a client may ask of the server.
const (
	ActionHello       = "hello"
	ActionJoinRoom    = "join-room"
	ActionLeaveRoom   = "leave-room"
	ActionListRooms   = "list-rooms"
	ActionListMembers = "list-members"
	ActionHistory     = "history"
	ActionFindRoom    = "find-room"
	ActionWatchRooms  = "watch-rooms"
	ActionSetInfo     = "$set-info" // where both sides have named [FeatureSetInfo]
)

// FeatureSetInfo is the feature by which clients set what they show of themselves.
const FeatureSetInfo = "set-info"

// ServerAction reports whether only the server may send the action.
func ServerAction(action string) bool {
	switch action {
	case ActionWelcome, ActionAck, ActionError, ActionGap, ActionJoinedRoom, ActionLeftRoom,
		ActionRoomClosed, ActionRoomCount, ActionHeartbeat:
		return true
	}
	return strings.HasPrefix(action, "client-")
}

// ReservedAction reports whether the action is kept for later versions of the
// protocol.
func ReservedAction(action string) bool { return strings.HasPrefix(action, "$") }

// Subprotocol is the WebSocket subprotocol of clients that can resume a
// session. A client that offers none is served as a plain one.
const Subprotocol = "simplysocket.v1"

// BearerPrefix begins the further subprotocol value in which a page sends its
// token, in base64url. It is never chosen.
const BearerPrefix = "bearer."
