package client

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// fate is what a client does after its connection was closed.
type fate uint8

const (
	resume  fate = iota // comes back and takes up its session
	renew               // comes back once, with a fresh token and a new session
	retreat             // comes back much later, with a new session
	end                 // does not come back
)

func fateOf(code protocol.CloseCode) fate {
	switch code {
	case protocol.CloseGoingAway, protocol.CloseInternal, protocol.CloseRestart, protocol.CloseTooSlow,
		codeNone, codeAbnormal, codeTryLater, codeBadGateway:
		return resume
	case protocol.CloseUnauthenticated:
		return renew
	case protocol.CloseFlooding:
		return retreat
	default:
		return end
	}
}

// fateAfter is what the session does after a connection, or an attempt, that
// ended so.
func (c *Conn) fateAfter(why error) fate {
	var closed *CloseError
	if !errors.As(why, &closed) {
		return resume
	}
	f := fateOf(closed.Code)
	if f == renew && c.opts.Token == nil {
		return end // there is no fresh one
	}
	return f
}

// Codes of RFC 6455 and the IANA registry that a proxy may send instead of the
// server.
const (
	codeNone       protocol.CloseCode = 1005 // a close frame without a code
	codeAbnormal   protocol.CloseCode = 1006 // not allowed in a close frame, and sent all the same
	codeTryLater   protocol.CloseCode = 1013
	codeBadGateway protocol.CloseCode = 1014
)

// retreatPause is how long a client stays away that was told it floods.
const retreatPause = 30 * time.Second

// endOf gives the end of a connection, or of an attempt, the form in which it
// is decided about: what was closed for a reason is a [*CloseError].
func endOf(err error) error {
	var closed *socket.CloseError
	if errors.As(err, &closed) {
		return &CloseError{Code: protocol.CloseCode(closed.Code), Reason: closed.Reason}
	}
	var refused *socket.DialError
	if errors.As(err, &refused) {
		if refused.Status == http.StatusUnauthorized {
			return &CloseError{Code: protocol.CloseUnauthenticated, Reason: refused.Body}
		}
		return &RefusedError{Status: refused.Status, Message: refused.Body, RetryAfter: retryAfter(refused.Header)}
	}
	return err
}

// maxRetryAfter bounds what is believed of a Retry-After.
const maxRetryAfter = time.Minute

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, 3600))*time.Second, maxRetryAfter)
}
