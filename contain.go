package simplysocket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// The application's code, and the values it makes, run only inside the functions
// of this file. A panic becomes a [panicError] and an error becomes a library
// value while recover still guards it: the methods of an error may panic too.

// panicError is a panic of the application's code.
type panicError struct {
	value any
	text  string // the value, formatted while recover guarded it
	exit  bool   // it was a runtime.Goexit
	stack []byte
}

func newPanic(value any) *panicError {
	return &panicError{value: value, text: fmt.Sprint(value), stack: debug.Stack()} // fmt survives methods that panic
}

func (p *panicError) Error() string { return "panic: " + p.text }

// fault is an error of the application that was examined while recover guarded
// it. Nothing outside this file calls methods of its cause.
type fault struct {
	public *Error // what the peer may know; nil: nothing
	text   string
	cause  error
}

func (f *fault) Error() string { return f.text }

// Unwrap lets the application find its own error again, in the caller of
// [RoomRef.Call] for example.
func (f *fault) Unwrap() error { return f.cause }

// guard runs code of the application. Its error is nil, an [*Error], a *fault or a
// *panicError.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanic(v)
		}
	}()
	return digest(f())
}

// aside is guard on a goroutine of its own, for code whose runtime.Goexit must not
// end the caller's; see BenchmarkTrace for what it costs.
func aside(f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := error(&panicError{text: "runtime.Goexit was called", exit: true, stack: debug.Stack()})
		defer func() { done <- err }()
		err = guard(f)
	}()
	return <-done
}

// digest takes an error of the application apart.
func digest(err error) error {
	switch known := err.(type) { //nolint:errorlint // errors.As calls methods of the application's errors
	case nil:
		return nil
	case *Error:
		if known.sound() {
			return known
		}
	case *fault, *panicError:
		return err
	}
	return examine(err)
}

func examine(err error) (f *fault) {
	defer func() {
		if v := recover(); v != nil {
			f = &fault{text: fmt.Sprintf("an error of type %T panicked: %v", err, v), cause: err}
		}
	}()
	var public *Error
	switch {
	case !errors.As(err, &public):
		return &fault{text: err.Error(), cause: err}
	case public == nil:
		return &fault{text: "a nil *simplysocket.Error was returned as an error; return nil itself", cause: err}
	case !public.sound():
		public = public.repaired()
	}
	return &fault{public: public, text: err.Error(), cause: err}
}

// maxErrorMessage bounds the message of an error on the wire, in bytes.
const maxErrorMessage = 4 << 10

// sound reports whether the error can go on the wire as it is.
func (e *Error) sound() bool {
	return e != nil && protocol.ValidCode(string(e.Code)) && len(e.Message) <= maxErrorMessage && utf8.ValidString(e.Message)
}

func (e *Error) repaired() *Error {
	sound := &Error{Code: e.Code, Message: clip(strings.ToValidUTF8(e.Message, "\ufffd"), maxErrorMessage)}
	if !protocol.ValidCode(string(sound.Code)) {
		sound.Code = protocol.CodeInternal
	}
	return sound
}

// clip cuts a valid string to at most limit bytes, between two characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// asPanic returns err if it is a contained panic, and otherwise nil. It looks into no
// error: what one wraps is the application's.
func asPanic(err error) *panicError {
	p, _ := err.(*panicError) //nolint:errorlint // errors.As calls methods of the application's errors
	return p
}

// isContained reports whether err has come through guard.
func isContained(err error) bool {
	switch err.(type) { //nolint:errorlint // errors.As calls methods of the application's errors
	case *Error, *fault, *panicError:
		return true
	default:
		return false
	}
}

// contain runs code of the application that belongs to no room.
func (s *Server) contain(what string, f func() error) error {
	err := guard(f)
	if p := asPanic(err); p != nil {
		s.panicked(what, "", p)
	}
	return err
}

// panicked counts, logs and traces a panic.
func (s *Server) panicked(where, room string, p *panicError) {
	s.stats.panics.Add(1)
	s.log.Error("panic in "+where, "room", room, "panic", p.text, "stack", string(p.stack))
	if s.trace.Panic != nil {
		s.observe(func() { s.trace.Panic(PanicInfo{Room: room, Value: p.value, Stack: p.stack}) })
	}
}

// observe calls a function of the application's Trace and waits for it. A panic in
// it is not traced again.
func (s *Server) observe(f func()) {
	if p := asPanic(aside(func() error { f(); return nil })); p != nil {
		s.stats.panics.Add(1)
		s.log.Error("panic in Trace", "panic", p.text, "stack", string(p.stack))
	}
}

// calmHandler contains the application's slog.Handler.
type calmHandler struct{ inner slog.Handler }

func (h calmHandler) Enabled(ctx context.Context, level slog.Level) (enabled bool) {
	_ = aside(func() error { enabled = h.inner.Enabled(ctx, level); return nil })
	return enabled
}

func (h calmHandler) Handle(ctx context.Context, record slog.Record) error {
	return aside(func() error { return h.inner.Handle(ctx, record) })
}

func (h calmHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func() slog.Handler { return h.inner.WithAttrs(attrs) })
}

func (h calmHandler) WithGroup(name string) slog.Handler {
	return h.with(func() slog.Handler { return h.inner.WithGroup(name) })
}

func (h calmHandler) with(derive func() slog.Handler) slog.Handler {
	_ = guard(func() error { h.inner = derive(); return nil })
	return h
}
