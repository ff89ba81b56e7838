package client

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// decision is what a client does after its connection was closed.
type decision uint8

const (
	decideResume         decision = iota // comes back and takes up its session
	decideReauthenticate                 // comes back once, with a fresh token and a new session
	decideBackOff                        // comes back much later, with a new session
	decideStop                           // does not come back
)

func decideBy(code protocol.CloseCode) decision {
	switch code {
	case protocol.CloseGoingAway, protocol.CloseInternal, protocol.CloseRestart, protocol.CloseTooSlow,
		codeNone, codeAbnormal, codeTryLater, codeBadGateway:
		return decideResume
	case protocol.CloseUnauthenticated:
		return decideReauthenticate
	case protocol.CloseFlooding:
		return decideBackOff
	default:
		return decideStop
	}
}

// decide returns what the session does after a connection, or an attempt, has ended with
// an error.
func (c *Conn) decide(why error) decision {
	var closed *CloseError
	if !errors.As(why, &closed) {
		return decideResume
	}
	f := decideBy(closed.Code)
	if f == decideReauthenticate && c.opts.Token == nil {
		return decideStop // there is no fresh one
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

// backOffPause is how long a client stays away after it was disconnected for flooding.
const backOffPause = 30 * time.Second

// closeErrorOf converts the end of a connection, or of an attempt: one that was closed
// with a reason is a [*CloseError].
func closeErrorOf(err error) error {
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

// maxRetryAfter is the longest Retry-After that the client respects.
const maxRetryAfter = time.Minute

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, 3600))*time.Second, maxRetryAfter)
}
