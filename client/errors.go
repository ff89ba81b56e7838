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

// CodeOutcomeUnknown is the code of a message whose session ended after it was
// sent and before its answer came, or whose answer the server does not know any
// more. It may have been handled or not. The error wraps why.
const CodeOutcomeUnknown protocol.Code = "outcome-unknown"

// Error says that a message was not handled: by a code for machines and a
// message for people. All but [CodeOutcomeUnknown] come from the server, or say
// what it would.
type Error struct {
	Code    protocol.Code
	Message string
	cause   error
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap returns what lies behind the error, if that is known.
func (e *Error) Unwrap() error { return e.cause }

// RemovedError is returned by Join when the room let the client in and removed it
// before Join returned, or when the client left from a callback meanwhile. It
// wraps [ErrOutOfRoom].
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

// unanswered is what becomes of a message whose session ends.
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

// CloseError says why a connection was closed, and for good if it is what
// [Conn.Err] returns.
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

// RefusedError is a handshake that the server has answered with an HTTP status.
type RefusedError struct {
	Status     int
	Message    string        // the beginning of the response's body
	RetryAfter time.Duration // what the server asked for; 0 if nothing
}

// Error says what the server answered.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("client: the server refused the connection: %d %s", e.Status, e.Message)
}

// OptionError names a field of [Options] with an invalid value.
type OptionError struct {
	Field  string // as in Options
	Reason string
}

// Error names the field and says what is wrong with it.
func (e *OptionError) Error() string {
	return fmt.Sprintf("client: Options.%s %s", e.Field, e.Reason)
}
