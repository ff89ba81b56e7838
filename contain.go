package simplysocket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// The application's code, and the values it makes, run only inside the functions of this
// file and the hooks of a room. A panic becomes a [room.Panic] and an error becomes a
// library value while recover still guards it: the methods of an error may panic too.

// guard runs code of the application. Its error is nil, a [*room.Error], a [*room.Fault] or
// a [*room.Panic].
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = room.NewPanic(v)
		}
	}()
	return digest(f())
}

// aside is guard on a separate goroutine, for code whose runtime.Goexit must not end the
// caller's; see BenchmarkTrace for the cost.
func aside(f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := error(&room.Panic{Text: "runtime.Goexit was called", Exit: true, Stack: debug.Stack()})
		defer func() { done <- err }()
		err = guard(f)
	}()
	return <-done
}

// digest converts an error of the application.
func digest(err error) error {
	switch known := err.(type) { //nolint:errorlint // errors.As calls methods of the application's errors
	case nil:
		return nil
	case *Error:
		if known.sound() {
			return (*room.Error)(known)
		}
	case *room.Error, *room.Fault, *room.Panic:
		return err
	}
	return examine(err)
}

func examine(err error) (f *room.Fault) {
	defer func() {
		if v := recover(); v != nil {
			f = &room.Fault{Text: fmt.Sprintf("an error of type %T panicked: %v", err, v), Cause: err}
		}
	}()
	var public *Error
	switch {
	case !errors.As(err, &public):
		return &room.Fault{Text: err.Error(), Cause: err}
	case public == nil:
		return &room.Fault{Text: "a nil *simplysocket.Error was returned as an error; return nil itself", Cause: err}
	case !public.sound():
		public = public.repaired()
	}
	return &room.Fault{Public: (*room.Error)(public), Text: err.Error(), Cause: err}
}

// ownError converts an error of a room to the type that applications know.
func ownError(err error) error {
	if public, ok := err.(*room.Error); ok { //nolint:errorlint // what an error wraps belongs to the application
		return (*Error)(public)
	}
	return err
}

// maxErrorMessage limits the message of an error on the wire, in bytes.
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

// isContained reports whether err has come through guard.
func isContained(err error) bool {
	switch err.(type) { //nolint:errorlint // errors.As calls methods of the application's errors
	case *Error, *room.Error, *room.Fault, *room.Panic:
		return true
	default:
		return false
	}
}

// contain runs code of the application that belongs to no room.
func (s *Server) contain(what string, f func() error) error {
	err := guard(f)
	if p := room.AsPanic(err); p != nil {
		s.panicked(what, "", p)
	}
	return err
}

// panicked counts, logs and traces a panic.
func (s *Server) panicked(where, room string, p *room.Panic) {
	s.stats.panics.Add(1)
	s.log.Error("panic in "+where, "room", room, "panic", p.Text, "stack", string(p.Stack))
	if s.trace.Panic != nil {
		s.observe(func() { s.trace.Panic(PanicInfo{Room: room, Value: p.Value, Stack: p.Stack}) })
	}
}

// observe calls a function of the application's Trace and waits for it. A panic in
// it is not traced again.
func (s *Server) observe(f func()) {
	if p := room.AsPanic(aside(func() error { f(); return nil })); p != nil {
		s.stats.panics.Add(1)
		s.log.Error("panic in Trace", "panic", p.Text, "stack", string(p.Stack))
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
