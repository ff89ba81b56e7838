package simplysocket

import (
	"encoding/json"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// entryKind is what kind of thing happened to a room.
type entryKind uint8

const (
	entryMessage   entryKind = iota + 1 // a member's message to the room
	entryDirect                         // a member's message to another member
	entryMembers                        // a member asks for the list of members
	entryHistory                        // a member asks for what was said
	entryJoin                           // a client asks to be let in
	entryLeave                          // a member leaves or has lost its session
	entryServer                         // the server's own code sends to the room
	entryBroadcast                      // the server's own code sends to the members
	entryTimer                          // a named timer has run out
	entryResult                         // a named task has ended
	entryTick                           // an Every is due
	entryCount                          // the thinned announcement is due
	entryFlush                          // the flush interval has passed
	entryIdle                           // the room may have been empty for long enough
	entryClose                          // the server closes the room
	entryDrop                           // a member's connection has broken
	entryResume                         // it has come back over another
	entryAgain                          // a message that was received before
	entryTrim                           // the history may have grown old
	entryInfo                           // a member shows something else of itself
	entryPresence                       // changes of members are to be told
)

// entry is one thing that happens to a room. All but the last group of fields
// can be encoded: a turn is a function of the room's state and its entries.
type entry struct {
	kind    entryKind
	member  string // slug of the client it comes from; empty for the server
	id      uint64 // the client's id of it; 0 asks for no answer
	action  string
	body    json.RawMessage
	target  string       // direct: the other member. timer, task, tick: its name
	options *sendOptions // broadcast
	flags   entryFlags
	gen     uint64 // timer, tick: which setting of it ran out
	opening uint64 // epoch of the only opening of the room that it is for; 0: any
	reason  LeaveReason
	failed  *taskError // result: what the task returned as its error

	client  *Client
	link    *link           // join, drop, resume: the connection
	seen    [2]uint64       // resume: epoch and seq that the client has seen
	info    json.RawMessage // join, info: what the client shows of itself
	pending *membership
	answer  chan<- answer // where RoomRef.Call waits
}

// entryFlags are the yes-or-no properties of an entry.
type entryFlags uint8

const (
	// flagConnect: the join of the lobby which comes with connecting. It always
	// has a place, because the number of clients is bounded elsewhere.
	flagConnect entryFlags = 1 << iota
	// flagCreate and flagExisting: the join must open the room, or must not.
	flagCreate
	flagExisting
	// flagShutdown: the room closes because the server does.
	flagShutdown
	// flagAway: the session of the client that joins waits for a connection.
	flagAway
)

// answer is what RoomRef.Call gets.
type answer struct {
	body json.RawMessage
	err  error
}

// size is what the entry counts for in its mailbox's bytes.
func (e *entry) size() int { return len(e.body) + len(e.action) + entryOverhead }

// entryOverhead is about what an entry takes beside its body.
const entryOverhead = 256

// bounded reports whether a full mailbox may refuse the entry. What ends a
// membership, or what the room itself has asked for, always has a place.
func (e *entry) bounded() bool {
	switch e.kind {
	case entryMessage, entryDirect, entryMembers, entryHistory, entryServer, entryBroadcast:
		return true
	case entryJoin:
		return e.flags&flagConnect == 0
	case entryLeave, entryTimer, entryResult, entryTick, entryCount, entryFlush, entryIdle, entryClose, entryDrop,
		entryResume, entryAgain, entryTrim, entryInfo, entryPresence:
	}
	return false
}

// reAction is the action that answers to the entry name in `re`.
func (e *entry) reAction() string {
	switch e.kind {
	case entryJoin:
		return protocol.ActionJoinRoom
	case entryLeave:
		return protocol.ActionLeaveRoom
	case entryMembers:
		return protocol.ActionListMembers
	case entryHistory:
		return protocol.ActionHistory
	case entryMessage, entryDirect, entryServer, entryBroadcast, entryTimer, entryResult, entryTick, entryCount, entryFlush,
		entryIdle, entryClose, entryDrop, entryResume, entryAgain, entryTrim, entryInfo, entryPresence:
	}
	return e.action
}
