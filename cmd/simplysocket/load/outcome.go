package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/client"
)

var (
	errTooMany = errors.New("too many messages are unanswered")
	errOut     = errors.New("out of the room")
)

// removedBecause is the error of a client that is no longer in its room.
func removedBecause(reason client.LeaveReason) error { return fmt.Errorf("%w: %s", errOut, reason) }

// outcomeOf returns the outcome of a message from the error of its Send, and the kind of
// failure if it is one.
func outcomeOf(err error) (outcome, Kind) {
	var answer *client.Error
	switch {
	case err == nil:
		return handled, ""
	case errors.As(err, &answer) && answer.Code == client.CodeOutcomeUnknown,
		errors.Is(err, context.Canceled):
		return unknown, Unknown
	case answer != nil:
		return refused, Refused
	default:
		return unsent, Unsent
	}
}

// codeOf is a short name for an error, one of few.
func codeOf(err error) string {
	var (
		answer *client.Error
		closed *client.CloseError
		status *client.RefusedError
	)
	switch {
	case errors.As(err, &answer):
		return string(answer.Code)
	case errors.As(err, &status):
		return fmt.Sprintf("http-%d", status.Status)
	case errors.As(err, &closed):
		return fmt.Sprintf("close-%d", closed.Code)
	case errors.Is(err, client.ErrQueueFull):
		return "queue-full"
	case errors.Is(err, errTooMany):
		return "too-many-unanswered"
	case errors.Is(err, errOut):
		return "out-of-room"
	case errors.Is(err, context.Canceled):
		return "no-answer"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	default:
		return "network"
	}
}
