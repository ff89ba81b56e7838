// Package testroom is how simplysockettest runs a room of the root without a server: no
// mailbox, no goroutine, no clock. The root fills in [New], because it alone can reach
// what a room is made of.
package testroom

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// New returns the room of that name as it is on a *simplysocket.Server, which it neither
// uses nor changes: its patterns, middleware and options apply. It is not open yet. The
// error is that of a name that opens no room.
var New func(server any, name string, log *slog.Logger) (Room, error)

// Room is a room of the root. It belongs to one goroutine.
type Room interface {
	// Limits returns what the options of the server set.
	Limits() Limits
	// Record has the machines that are opened or restored from here on note what changes, as
	// on a server with an engine. If spoiled is not nil, it is called for each state that
	// code of the application has changed before it returned an error.
	Record(spoiled func(Spoiled))
	// NoteChanges has the machines that are opened or restored from here on note what
	// changes, or not.
	NoteChanges(enabled bool)
	// Durable reports whether a server with an engine writes the room down.
	Durable() bool
	// Open opens the room, again after it has closed.
	Open(Opening) *room.Output
	// Snapshot encodes all of the room that outlives its process. The error is that of a
	// value without a JSON form.
	Snapshot() ([]byte, error)
	// Restore replaces the room by one that is made of a snapshot.
	Restore(snapshot []byte) error
	// Machine returns the machine of the room that was opened or restored last.
	Machine() *room.Machine
	// Apply takes an entry. The output is valid until the next call.
	Apply(*room.Entry) *room.Output
	// Refuse takes an entry without the code of the application.
	Refuse(*room.Entry, error) *room.Output
	// RunTask runs the function of a task. It does not touch the room and may run on
	// another goroutine.
	RunTask(name string, query json.RawMessage) (json.RawMessage, *room.Failure)
	// Failure is what an entry keeps of the error of a task.
	Failure(error) *room.Failure
	// Posted returns the next entry that somebody has sent with a RoomRef. The caller
	// passes what it has yielded to settle, which reports whether somebody has waited for
	// it; nil stands for a room that has closed.
	Posted() (e room.Entry, settle func(*room.Output) (heard bool), ok bool)
	// Surface returns what the room that was opened or restored last takes from outside.
	Surface() *Surface
	// Discard ends what the room has started outside of itself.
	Discard()
}

// Spoiled is a state that is not what it was before an error.
type Spoiled struct {
	Where       string // the name of the hook, such as OnLeave; "": what handles the entry
	State       string // its name
	Before, Now json.RawMessage
}

// Opening is what differs from one opening to the next.
type Opening struct {
	Epoch uint64
	Seed  [2]uint64
	Time  time.Time
	// Config, if it is set, is what a room was opened with before. It stands for all of the
	// others, and for what the options of the server say.
	Config *room.Config
}

// Limits are the options that matter outside of the room.
type Limits struct {
	History      room.HistoryLimits
	Resumes      bool
	ResumeWindow time.Duration
	ClientInfo   bool
}
