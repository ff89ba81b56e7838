package simplysocket

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Errors that the package returns to Go callers; compare with [errors.Is].
var (
	// ErrServerClosed is returned after Shutdown was called.
	ErrServerClosed = errors.New("simplysocket: server closed")
	// ErrRoomClosed is returned if a room is not open, or closed before it handled what
	// was sent to it.
	ErrRoomClosed = errors.New("simplysocket: room is not open")
	// ErrMailboxFull is returned if the queue of a room is full. Try again later.
	ErrMailboxFull = errors.New("simplysocket: mailbox is full")
	// ErrClientGone is returned for a client that has left the server.
	ErrClientGone = errors.New("simplysocket: client is gone")
	// ErrInTurn is returned by [RoomRef.Call] with a room's own Context, because it would
	// deadlock, directly or through a cycle of rooms.
	ErrInTurn = errors.New("simplysocket: a turn must not wait for a room")
	// ErrBadName is returned for a name that is not valid for a room or a sender.
	ErrBadName = errors.New("simplysocket: not a valid name")
	// ErrBadAction is returned for an action that is not valid or is reserved by the
	// protocol.
	ErrBadAction = errors.New("simplysocket: not a valid action")
	// ErrInfoTooLarge is returned for a profile of more than 1 KiB.
	ErrInfoTooLarge = errors.New("simplysocket: info is too large")
	// ErrTooManyRooms is returned if a client is in as many rooms as it may be in.
	ErrTooManyRooms = errors.New("simplysocket: client is in too many rooms")
	// ErrInterrupted is the error of a task whose process ended before the task did; see
	// [NewTask].
	ErrInterrupted = errors.New("simplysocket: the task was interrupted")
	// ErrStateNewer is why a room does not open: one of its values was stored by a later
	// version of the program. The error that wraps it says which. Nothing is overwritten.
	ErrStateNewer = room.ErrNewer
	// ErrStateCorrupt is why a room does not open: one of its values does not decode into
	// the type that the setup declares. The error that wraps it says which. Nothing is
	// overwritten.
	ErrStateCorrupt = room.ErrCorrupt
)

// Error is an error that the peer may see: a code for programs and a message for people.
// If a handler returns an Error, it goes to the client whose message is being handled.
// Every other error is logged and goes out as `internal`.
type Error struct {
	Code    protocol.Code
	Message string
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf returns an [*Error]. Applications may define codes of their own: 1 to 64
// characters of a to z, 0 to 9 and '-'. Errorf panics for any other code.
func Errorf(code protocol.Code, format string, args ...any) error {
	return newError(code, format, args...)
}

// OptionError is a field of [Options] with a value that is not valid.
type OptionError struct {
	Field  string // as in Options
	Reason string
}

// Error names the field and says what is wrong with it.
func (e *OptionError) Error() string {
	return fmt.Sprintf("simplysocket: Options.%s %s", e.Field, e.Reason)
}

func newError(code protocol.Code, format string, args ...any) *Error {
	if !protocol.ValidCode(string(code)) {
		panic(fmt.Sprintf("simplysocket: error code %q is not made of [a-z0-9-]{1,64}", code))
	}
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// publicError returns what a client may know of err, and whether err has more
// to it that should be logged. It calls no method of err, which may be the
// application's.
func publicError(err error) (public *Error, internal bool) {
	if own, ok := err.(*Error); ok { //nolint:errorlint // errors.As calls methods of the application's errors
		return own, false
	}
	known, internal := room.Public(err)
	return (*Error)(known), internal
}

func errorBody(e *Error) json.RawMessage { return room.ErrorBody((*room.Error)(e)) }

func unknownRoom(name string) *Error { return (*Error)(room.UnknownRoom(name)) }

func unknownClient(id string) *Error { return (*Error)(room.UnknownClient(id)) }

// badBody is what a client reads of a body that does not decode.
func badBody(err error) *Error {
	var public *Error
	if errors.As(err, &public) && public.sound() { // of an UnmarshalJSON of the application
		return public
	}
	return (*Error)(room.BadBody(err))
}
