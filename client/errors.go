package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Errors that are not the server's answer; compare with [errors.Is].
var (
	// ErrOffline is returned for what is not to wait while there is no
	// connection.
	ErrOffline = errors.New("client: not connected")
	// ErrQueueFull is returned when as much waits to be sent as
	// [Options.QueueMessages] and [Options.QueueBytes] allow.
	ErrQueueFull = errors.New("client: too much waits to be sent")
	// ErrRoomBusy is returned by Join while another Join or Leave of the same
	// room is under way.
	ErrRoomBusy = errors.New("client: the room is being joined or left")
	// ErrOutOfRoom is wrapped by the errors of a [Room] that this client is not
	// in: its Join has not begun, it was left, or the client was removed. The
	// object stays dead; Join returns a new one.
	ErrOutOfRoom = errors.New("client: not in the room; join it to get a new Room")
	// ErrNoSubprotocol is returned by a server that does not speak
	// simplysocket.v1.
	ErrNoSubprotocol = errors.New("client: the server does not speak " + protocol.Subprotocol)
)

// CodeOutcomeUnknown is the code of a message whose session ended after it was sent and
// before its answer arrived, or whose answer the server no longer knows. The message may
// or may not have been handled. The error wraps the reason.
const CodeOutcomeUnknown protocol.Code = "outcome-unknown"

// Error says that a message was not handled: a code for programs and a message for people.
// All codes except [CodeOutcomeUnknown] come from the server, or are those that the server
// would use.
type Error struct {
	Code    protocol.Code
	Message string
	cause   error
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap returns the cause of the error, if it is known.
func (e *Error) Unwrap() error { return e.cause }

// RemovedError is returned by Join if the room admitted the client and removed it before
// Join returned, or if the client left from a callback meanwhile. It wraps [ErrOutOfRoom].
type RemovedError struct {
	Room   string
	Reason LeaveReason
}

// Error names the room and says why the client is out of it.
func (e *RemovedError) Error() string {
	return fmt.Sprintf("client: joined room %q and was out of it at once: %s", e.Room, e.Reason)
}

// Unwrap returns [ErrOutOfRoom].
func (e *RemovedError) Unwrap() error { return ErrOutOfRoom }

func outcomeUnknown(message string, cause error) *Error {
	return &Error{Code: CodeOutcomeUnknown, Message: message, cause: cause}
}

// unanswered is the error of a message whose session ends.
func unanswered(cause error) *Error {
	return outcomeUnknown("the session ended before the answer came", cause)
}

// readError reads the body of an `error`.
func readError(body []byte) *Error {
	var e struct {
		Code    protocol.Code `json:"code"`
		Message string        `json:"message"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return &Error{Code: protocol.CodeInternal, Message: "the server sent an error that cannot be read", cause: err}
	}
	return &Error{Code: e.Code, Message: e.Message}
}

// hasCode reports whether err is an [*Error] with one of the codes.
func hasCode(err error, codes ...protocol.Code) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code == code {
			return true
		}
	}
	return false
}

// CloseError says why a connection was closed. From [Conn.Err], it says why the session is
// over.
type CloseError struct {
	Code   protocol.CloseCode
	Reason string
}

// Error returns code and reason.
func (e *CloseError) Error() string {
	text := "client: connection closed: " + e.Code.String()
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// RefusedError is a handshake that the server answered with an HTTP status.
type RefusedError struct {
	Status     int
	Message    string        // the beginning of the response's body
	RetryAfter time.Duration // what the server asked for; 0 if nothing
}

// Error says what the server answered.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("client: the server refused the connection: %d %s", e.Status, e.Message)
}

// OptionError is a field of [Options] with a value that is not valid.
type OptionError struct {
	Field  string // as in Options
	Reason string
}

// Error names the field and says what is wrong with it.
func (e *OptionError) Error() string {
	return fmt.Sprintf("client: Options.%s %s", e.Field, e.Reason)
}
