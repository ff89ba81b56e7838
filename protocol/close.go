package protocol

// KeepsSession reports whether the session of a client outlives a connection that
// ended with this code: by the client's side, which may be a proxy that reloads or a
// page that navigates, or else by the server's. 1005 is a close without a code and
// 1006 an end without a close.
func (c CloseCode) KeepsSession(byClient bool) bool {
	switch c {
	case CloseGoingAway, closeNoStatus, closeAbnormal, CloseRestart, CloseTooSlow:
		return true
	case CloseTryLater:
		return true
	case closeBadGateway, CloseGivenUp:
		return byClient
	case CloseInternal:
		return !byClient
	default:
		return false
	}
}

// Codes that stand in no constant of their own: RFC 6455 section 7.4.1 and the IANA
// registry of WebSocket close codes.
const (
	closeNoStatus   CloseCode = 1005
	closeAbnormal   CloseCode = 1006
	closeBadGateway CloseCode = 1014
)

// ApplicationCloseCode reports whether an application may close a connection with
// this code: what RFC 6455 section 7.4.2 leaves to it, apart from what this protocol
// uses, and the registered codes that say what a server's application can mean.
func ApplicationCloseCode(c CloseCode) bool {
	switch c {
	case CloseNormal, CloseGoingAway, ClosePolicy, CloseInternal, CloseRestart, CloseTryLater,
		CloseUnauthenticated, CloseDisconnected:
		return true
	default:
		return 3000 <= c && c < 4000 || 4100 <= c && c < 5000
	}
}
