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

// agreement is what a handshake comes to about permessage-deflate.
type agreement struct {
	answer       string // as a header; "": no compression
	peerTakeover bool   // the client keeps its window
}

// negotiate agrees to the first of a client's offers that it can meet (RFC 7692
// section 7.1), and reports whether they are well-formed. With takeover the client
// may keep its window.
func negotiate(headers []string, takeover bool) (a agreement, ok bool) {
	for _, header := range headers {
		offers, ok := httphead.ParseOptions([]byte(header), nil)
		if !ok {
			return agreement{}, false
		}
		for _, offer := range offers {
			if a := accept(offer, takeover); a.answer != "" {
				return a, true
			}
		}
	}
	return agreement{}, true
}

// accept agrees to an offer or declines it.
func accept(offer httphead.Option, takeover bool) (a agreement) {
	if string(offer.Name) != permessageDeflate {
		return a
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
		return a
	}
	// The server's own promise: each of its messages stands alone.
	a.answer = permessageDeflate + "; " + serverNoContextTakeover
	a.peerTakeover = takeover && !clientNo
	if !a.peerTakeover {
		a.answer += "; " + clientNoContextTakeover
	}
	if serverBits {
		a.answer += "; " + serverMaxWindowBits + "=15"
	}
	return a
}

func windowBits(value string) bool {
	switch value {
	case "8", "9", "10", "11", "12", "13", "14", "15":
		return true
	default:
		return false
	}
}
