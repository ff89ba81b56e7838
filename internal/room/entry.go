package room

import (
	"encoding/json"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Kind is what kind of thing happened to a room.
type Kind uint8

// The kinds of an [Entry]. Their numbers are part of the encoding.
const (
	KindMessage   Kind = iota + 1 // a member's message to the room
	KindDirect                    // a member's message to another member
	KindMembers                   // a member asks for the list of members
	KindHistory                   // a member asks for earlier messages
	KindJoin                      // a client asks to be let in
	KindLeave                     // a member leaves, or its session has ended
	KindDrop                      // a member's connection has broken
	KindResume                    // a member is back over another connection
	KindDuplicate                 // a message that was received before
	KindInfo                      // a member has set its profile
	KindServer                    // the server's own code sends to the room
	KindBroadcast                 // the server's own code sends to the members
	KindTimer                     // an alarm is due: see Machine.Due
	KindResult                    // a task has ended
	KindIdle                      // the room has been empty for long enough: see Machine.IdleAt
	KindClose                     // the server closes the room
	KindRestore                   // the room was restored, and none of its connections and tasks is left
	KindTold                      // another room tells it something
	KindConfirmed                 // another room has heard what this one has told
)

// Entry is one thing that happens to a room. It is complete: applying it needs nothing
// but the state of the room. Every field can be encoded, see [AppendEntry].
type Entry struct {
	Kind   Kind
	Flags  Flags
	Reason LeaveReason // leave
	Pos    uint64      // position in the room's log, from 1
	Time   time.Time   // room time at which it was taken; it never goes back
	Member string      // ID of the client it comes from; empty for the server
	ID     uint64      // the client's number for it; 0 asks for no answer
	Action string
	Body   json.RawMessage
	Target string   // direct: the other member; told: the other room
	Epoch  uint64   // the only opening of the room that it is for; 0: any
	Number uint64   // timer, result, confirmed: of the alarm, the task, the message; restore: the downtime in nanoseconds
	Conn   uint64   // join, drop, resume: number of the connection
	Seen   Position // resume: what the client has seen last; told: the opening of the other room, and its number there
	Who    *Arrival // join, resume
	Send   *Send    // broadcast
	Failed *Failure // result: why the task failed
}

// Flags are the yes-or-no properties of an [Entry].
type Flags uint8

// The flags of an [Entry]. Their numbers are part of the encoding.
const (
	// FlagConnect marks the join of the lobby that comes with connecting. It always has
	// a place in the mailbox, because the number of clients is limited elsewhere.
	FlagConnect Flags = 1 << iota
	// FlagCreate and FlagExisting: the join must open the room, or must not.
	FlagCreate
	FlagExisting
	// FlagShutdown: the room closes because the server does.
	FlagShutdown
	// FlagAway: the joining client has no connection at the moment.
	FlagAway
	// FlagEnded: the sessions of the restored room's members have ended, too.
	FlagEnded
)

// Position is a place in a room's output: a seq, and the epoch it counts in.
type Position struct{ Epoch, Seq uint64 }

// Arrival is what the server knows of a client that joins or resumes. It is decided at
// the door: nothing of it is looked up again while the entry is applied.
type Arrival struct {
	Identity  *Identity       // nil: the zero Identity. It must not be changed
	Info      json.RawMessage // the client's profile
	Resumable bool            // the session can outlive its connection
	Network   string          // where it comes from, for limits on passwords
	Attempts  int             // join: wrong passwords that its network has tried lately
}

// Identity is who a client is.
type Identity struct {
	User   string         `json:"user,omitempty"`
	Claims map[string]any `json:"claims,omitzero"`
}

// Send says who gets a message and how it is sent.
type Send struct {
	Only     []string // IDs; used if ToOnly is set
	Except   []string
	ToOnly   bool
	Volatile bool // may be lost without notice, and is not kept
	From     string
	Key      string // replaces a waiting message of the same key
	Overflow Overflow
}

// Overflow says what happens to a message that does not fit a member's outbox.
type Overflow uint8

// The policies. OverflowDefault is that of the room.
const (
	OverflowDefault Overflow = iota
	OverflowDisconnect
	OverflowDropOldest
	OverflowDropNewest
	OverflowConflate
)

// LeaveReason says why a member left.
type LeaveReason uint8

// The reasons.
const (
	Left    LeaveReason = iota // the client left the room or the server
	Dropped                    // its connection broke and it did not return
	Kicked                     // the room removed it
	Closed                     // the room closed
)

// String returns the reason as it appears on the wire.
func (r LeaveReason) String() string {
	switch r {
	case Left:
		return "left"
	case Dropped:
		return "dropped"
	case Kicked:
		return "kicked"
	default:
		return "closed"
	}
}

// Failure is what an entry keeps of a task's error. An empty Code is an error that no
// client may see.
type Failure struct {
	Code    protocol.Code
	Message string
}

// ReAction is the action that answers to the entry name in `re`.
func (e *Entry) ReAction() string {
	switch e.Kind {
	case KindJoin:
		return protocol.ActionJoinRoom
	case KindLeave:
		return protocol.ActionLeaveRoom
	case KindMembers:
		return protocol.ActionListMembers
	case KindHistory:
		return protocol.ActionHistory
	case KindMessage, KindDirect, KindDrop, KindResume, KindDuplicate, KindInfo, KindServer, KindBroadcast,
		KindTimer, KindResult, KindIdle, KindClose, KindRestore, KindTold, KindConfirmed:
	}
	return e.Action
}

// Bounded reports whether a full mailbox may refuse the entry. What ends a membership,
// or what the room itself has asked for, always has a place.
func (e *Entry) Bounded() bool {
	switch e.Kind {
	case KindMessage, KindDirect, KindMembers, KindHistory, KindServer, KindBroadcast:
		return true
	case KindJoin:
		return e.Flags&FlagConnect == 0
	case KindLeave, KindDrop, KindResume, KindDuplicate, KindInfo, KindTimer, KindResult, KindIdle, KindClose, KindRestore,
		KindTold, KindConfirmed:
	}
	return false
}
