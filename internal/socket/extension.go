package socket

import (
	"github.com/gobwas/httphead"
)

// The extension of RFC 7692 and its parameters.
const (
	permessageDeflate       = "permessage-deflate"
	serverNoContextTakeover = "server_no_context_takeover"
	clientNoContextTakeover = "client_no_context_takeover"
	serverMaxWindowBits     = "server_max_window_bits"
	clientMaxWindowBits     = "client_max_window_bits"
)

// acceptor answers a client's offers of permessage-deflate (RFC 7692 section
// 7.1): the first that it can meet.
type acceptor struct {
	enabled  bool
	takeover bool // may the client keep its window?

	accepted     bool
	peerTakeover bool
}

// accept returns the answer to one offer, or the zero Option to decline.
func (a *acceptor) accept(offer httphead.Option) (answer httphead.Option) {
	if !a.enabled || a.accepted || string(offer.Name) != permessageDeflate {
		return answer
	}
	fine, clientNo, serverBits := true, false, false
	offer.Parameters.ForEach(func(key, value []byte) bool {
		switch string(key) {
		case serverNoContextTakeover:
			fine = len(value) == 0
		case clientNoContextTakeover:
			fine, clientNo = len(value) == 0, true
		case serverMaxWindowBits:
			// compress/flate knows no smaller window.
			fine, serverBits = string(value) == "15", true
		case clientMaxWindowBits:
			fine = len(value) == 0 || windowBits(string(value))
		default:
			fine = false
		}
		return fine
	})
	if !fine {
		return answer
	}
	a.accepted = true
	a.peerTakeover = a.takeover && !clientNo
	answer.Name = []byte(permessageDeflate)
	// The server's own promise: each of its messages stands alone.
	answer.Parameters.Set([]byte(serverNoContextTakeover), nil)
	if !a.peerTakeover {
		answer.Parameters.Set([]byte(clientNoContextTakeover), nil)
	}
	if serverBits {
		answer.Parameters.Set([]byte(serverMaxWindowBits), []byte("15"))
	}
	return answer
}

func windowBits(value string) bool {
	switch value {
	case "8", "9", "10", "11", "12", "13", "14", "15":
		return true
	default:
		return false
	}
}
