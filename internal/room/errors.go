package room

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Error is an error that the peer may know.
type Error struct {
	Code    protocol.Code
	Message string
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf returns an [*Error].
func Errorf(code protocol.Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Fault is an error of the application. Its text was taken while recover guarded its
// methods, so nothing in the library calls them again.
type Fault struct {
	Public *Error // what the peer may know; nil: nothing
	Text   string
	Cause  error
}

// Error returns the text.
func (f *Fault) Error() string { return f.Text }

// Unwrap lets the application find its own error again.
func (f *Fault) Unwrap() error { return f.Cause }

// Panic is a panic or a runtime.Goexit of the application's code.
type Panic struct {
	Value any
	Text  string // the value, formatted while recover guarded it
	Exit  bool   // it was a runtime.Goexit
	Stack []byte
}

// NewPanic describes a panic. It is called where recover returned the value.
func NewPanic(value any) *Panic {
	return &Panic{Value: value, Text: fmt.Sprint(value), Stack: debug.Stack()} // fmt survives methods that panic
}

// Error returns the panic's text.
func (p *Panic) Error() string { return "panic: " + p.Text }

// AsPanic returns err if it is a [*Panic], and otherwise nil. It looks into no error:
// what an error wraps belongs to the application.
func AsPanic(err error) *Panic {
	p, _ := err.(*Panic) //nolint:errorlint // errors.As calls methods of the application's errors
	return p
}

// Public returns what a peer may know of err, and whether there is more to it that
// belongs in a log. It calls no method of an error of the application.
func Public(err error) (public *Error, internal bool) {
	switch err := err.(type) { //nolint:errorlint // errors.As calls methods of the application's errors
	case *Error:
		return err, false
	case *Fault:
		if err.Public != nil {
			return err.Public, false
		}
	}
	return &Error{Code: protocol.CodeInternal, Message: "the room could not handle this"}, true
}

// guard runs a hook. A panic in it becomes a [*Panic].
func guard(hook func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = NewPanic(v)
		}
	}()
	return hook()
}

// ErrorBody is the body of an `error`.
func ErrorBody(e *Error) json.RawMessage {
	return EncodeBody(struct {
		Code    protocol.Code `json:"code"`
		Message string        `json:"message"`
	}{e.Code, e.Message})
}

// EncodeBody encodes a body of the protocol's own, which is always an object.
func EncodeBody(v any) json.RawMessage {
	body, err := protocol.MarshalObject(v)
	if err != nil {
		panic(err)
	}
	return body
}
