package protocol

import "strconv"

// Code is what an `error` says to machines. Applications add their own, see
// [ValidCode].
type Code string

// The protocol's codes.
const (
	CodeBadMessage    Code = "bad-message"    // not an envelope, or a body of the wrong form
	CodeTooLarge      Code = "too-large"      // larger than a limit
	CodeUnknownAction Code = "unknown-action" // the room has no such action
	CodeUnknownRoom   Code = "unknown-room"   // no such room, or it is hidden
	CodeRoomExists    Code = "room-exists"    // it should have been new
	CodeUnknownClient Code = "unknown-client" // no such client in a room with the sender
	CodeNotAMember    Code = "not-a-member"   // the sender is not in the room
	CodeRoomFull      Code = "room-full"      // as many members as its capacity
	CodeForbidden     Code = "forbidden"      // not allowed
	CodeBadName       Code = "bad-name"       // no room can have this name
	CodeLimitExceeded Code = "limit-exceeded" // more than a client may have
	CodeRateLimited   Code = "rate-limited"   // too often; try later
	CodeBusy          Code = "busy"           // too much waits for the room; try later
	CodeStaleID       Code = "stale-id"       // the id does not grow
	CodeInternal      Code = "internal"       // the server's fault
)

// maxCode is the length of the longest code in bytes.
const maxCode = 64

// ValidCode reports whether code is made of 1 to 64 of a to z, 0 to 9 and '-'.
func ValidCode(code string) bool {
	for i := range len(code) {
		c := code[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return code != "" && len(code) <= maxCode
}

// CloseCode is the code of a close frame (RFC 6455 section 7.4).
type CloseCode uint16

// The close codes in use, and what the client does about them.
const (
	CloseNormal          CloseCode = 1000 // the client left
	CloseGoingAway       CloseCode = 1001 // the server drains: come back
	CloseProtocolError   CloseCode = 1002 // the client broke RFC 6455
	CloseUnsupported     CloseCode = 1003 // a binary message
	CloseInvalidData     CloseCode = 1007 // text that is not UTF-8, or corrupt compression
	ClosePolicy          CloseCode = 1008 // the client broke this protocol
	CloseTooLarge        CloseCode = 1009 // a message over the limit
	CloseInternal        CloseCode = 1011 // the server's fault: come back
	CloseRestart         CloseCode = 1012 // the server restarts: come back
	CloseTryLater        CloseCode = 1013 // too often just now: come back later
	CloseUnauthenticated CloseCode = 4001 // not authenticated, or revoked: come back once, with a fresh token
	CloseDisconnected    CloseCode = 4003 // disconnected by the application: stay away
	CloseTooSlow         CloseCode = 4008 // does not read what it is sent: come back
	CloseTaken           CloseCode = 4009 // a newer connection has the session: stay away
	CloseGivenUp         CloseCode = 4010 // of a client: it gives up the connection and not the session
	CloseFlooding        CloseCode = 4029 // sends too much: come back later
)

var closeNames = map[CloseCode]string{
	CloseNormal:          "normal",
	CloseGoingAway:       "going away",
	CloseProtocolError:   "protocol error",
	CloseUnsupported:     "unsupported data",
	CloseInvalidData:     "invalid data",
	ClosePolicy:          "policy violation",
	CloseTooLarge:        "message too large",
	CloseInternal:        "internal error",
	CloseRestart:         "restart",
	CloseTryLater:        "try later",
	CloseUnauthenticated: "not authenticated",
	CloseDisconnected:    "disconnected",
	CloseTooSlow:         "too slow",
	CloseTaken:           "taken by a newer connection",
	CloseGivenUp:         "given up",
	CloseFlooding:        "flooding",
}

// String returns the number and, where it is known, what it means.
func (c CloseCode) String() string {
	number := strconv.Itoa(int(c))
	if name, ok := closeNames[c]; ok {
		return number + " " + name
	}
	return number
}
