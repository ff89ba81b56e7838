package simplysockettest

import (
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Failure is an error of a room's code that no client reads: of a hook, a timer, a beat or
// the end of a task, or a panic.
type Failure struct {
	// Where names the hook, such as OnLeave; it is empty for what handles an entry.
	Where string
	// Entry says what the room was handling.
	Entry string
	Err   error
	// Stack is that of a panic.
	Stack []byte
}

// String describes the failure in one line.
func (f Failure) String() string {
	if f.Where == "" {
		return fmt.Sprintf("%s: %v", f.Entry, f.Err)
	}
	return fmt.Sprintf("%s: %s: %v", f.Entry, f.Where, f.Err)
}

// ExpectFailure calls f, in which failures of the room's code do not fail the test, and
// returns them. There must be one.
func (r *Room) ExpectFailure(f func()) []Failure {
	r.expecting, r.failures = true, nil
	f()
	r.expecting = false
	if len(r.failures) == 0 {
		r.errorf(": a failure was expected, and there was none")
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return r.failures
}

func (r *Room) fail(f Failure) {
	switch {
	case r.expecting:
		r.failures = append(r.failures, f)
	case f.Stack != nil:
		r.errorf(": %s\n%s", f, f.Stack)
	default:
		r.errorf(": %s", f)
	}
}

// report takes note of the failures of an entry.
func (r *Room) report(e *room.Entry, out *room.Output) {
	for i := range out.Failures {
		f := &out.Failures[i]
		failure := Failure{Where: f.Where, Entry: r.describe(e), Err: f.Err}
		if p := room.AsPanic(f.Err); p != nil {
			failure.Stack = p.Stack
		}
		r.fail(failure)
	}
	if err := out.Reply.Err; err != nil && room.AsPanic(err) == nil && (e.Kind == room.KindTimer || e.Kind == room.KindResult || e.Kind == room.KindTold) {
		r.fail(Failure{Entry: r.describe(e), Err: err})
	}
}

// describe says what an entry is, with what only the kit knows of it.
func (r *Room) describe(e *room.Entry) string {
	switch e.Kind {
	case room.KindTimer:
		return r.alarm
	case room.KindResult:
		return fmt.Sprintf("the end of the task %q", e.Action)
	case room.KindTold:
		return fmt.Sprintf("%q by room %s", e.Action, e.Target)
	case room.KindBroadcast:
		return fmt.Sprintf("%q by the server", e.Action)
	case room.KindLeave:
		return "the leave of " + e.Member
	case room.KindMembers, room.KindHistory, room.KindInfo, room.KindDuplicate:
		return "a request of " + e.Member
	default:
		return testroom.Describe(e)
	}
}

// refusal checks that something was refused with a code, and returns the message.
func (r *Room) refusal(code protocol.Code, what string, err error) (message string) {
	var public *simplysocket.Error
	switch {
	case r.fatal: // there is no answer
	case err == nil:
		r.fatalf(" accepted %s, but should have refused it with %q", what, code)
	case !errors.As(err, &public) || public.Code != code:
		r.fatalf(" refused %s with %q, but should have done so with %q", what, err, code)
	default:
		message = public.Message
	}
	return message
}

// internalError is what a client reads as internal, with the error behind it.
type internalError struct {
	public *simplysocket.Error
	cause  error
}

func (e *internalError) Error() string { return string(e.public.Code) + ": " + e.cause.Error() }

func (e *internalError) Unwrap() []error { return []error{e.public, e.cause} }

// stackOf returns the stack of a panic, on a line of its own.
func stackOf(err error) string {
	var p *room.Panic
	if errors.As(err, &p) {
		return "\n" + string(p.Stack)
	}
	return ""
}

// publicly returns the error of an entry as a client reads it.
func publicly(err error) error {
	if err == nil {
		return nil
	}
	known, internal := room.Public(err)
	public := (*simplysocket.Error)(known)
	if internal {
		return &internalError{public, err}
	}
	return public
}
