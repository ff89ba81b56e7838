//go:build linux

package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// dialect is how the clients of a server talk.
type dialect struct {
	// target is the request target of the handshake; "" is no room.
	target func(room string) string
	// subprotocol is the one that is offered.
	subprotocol string
	// hello is what a client sends once it is connected.
	hello func(room string, s *session) []string
	// welcomed, joined and returned are the texts that show that a client is admitted, is
	// in its room, and is back there.
	welcomed, joined, returned string
	// count is the text before the number of members, where a room announces it.
	count string
	// say is the text of a message.
	say func(room, action string, body []byte) []byte
	// answers maps messages that need an answer to the answer.
	answers map[string]string
	// remember takes from a text what is needed to reconnect; nil: reconnecting is not
	// possible.
	remember func(s *session, text []byte)
}

// session is what a client needs to reconnect.
type session struct {
	token string
	epoch string
	last  string // the position in the room
}

// dialects by name; a [Dialling] has one of them.
var dialects = map[string]dialect{
	"plain": {
		target:   query("/ws?room="),
		welcomed: wire.Joined,
		joined:   wire.Joined,
		say:      wire.Request,
	},
	"simplysocket": {
		target:   query("/ws?room="),
		welcomed: `{"action":"welcome"`,
		joined:   `{"action":"joined-room"`,
		count:    `{"action":"room-count","message_body":{"count":`,
		say:      wire.Request,
	},
	"simplysocket.v1": {
		target:      query("/ws?room="),
		subprotocol: "simplysocket.v1",
		hello:       helloV1,
		welcomed:    `{"action":"welcome"`,
		joined:      `{"action":"joined-room"`,
		returned:    `{"action":"welcome"`,
		count:       `{"action":"room-count","message_body":{"count":`,
		say:         wire.Request,
		remember:    rememberV1,
	},
	"centrifuge": {
		target:   func(string) string { return "/ws" },
		hello:    helloCentrifuge,
		welcomed: `"connect":{`,
		joined:   `"id":4,`,
		returned: `"id":4,`,
		say:      sayCentrifuge,
		answers:  map[string]string{"{}": "{}"},
		remember: rememberCentrifuge,
	},
	"socket.io": {
		target:   query("/socket.io/?EIO=4&transport=websocket&room="),
		hello:    helloSocketIO,
		welcomed: wire.Joined,
		joined:   wire.Joined,
		returned: "40{",
		say: func(room, action string, body []byte) []byte {
			return fmt.Appendf(nil, `42["%s",%s]`, action, wire.Request(room, action, body))
		},
		answers:  map[string]string{"2": "3"},
		remember: rememberSocketIO,
	},
}

func query(path string) func(string) string {
	return func(room string) string {
		if room == "" {
			path, _, _ := strings.Cut(path, "?room=")
			return strings.TrimSuffix(path, "&room=")
		}
		return path + url.QueryEscape(room)
	}
}

func helloV1(room string, s *session) []string {
	if s.token == "" {
		return []string{`{"action":"hello"}`}
	}
	return []string{fmt.Sprintf(`{"action":"hello","message_body":{"session":"%s","rooms":{"%s":[%s,%s]}}}`, s.token, room, s.epoch, s.last)}
}

func rememberV1(s *session, text []byte) {
	switch {
	case bytes.HasPrefix(text, []byte(`{"action":"welcome"`)):
		s.token = between(text, `"session":"`, `"`)
	case bytes.HasPrefix(text, []byte(`{"action":"joined-room"`)):
		s.epoch = between(text, `"epoch":`, `,`)
	}
	if at := bytes.LastIndex(text, []byte(`,"seq":`)); at > 0 {
		s.last = strings.TrimSuffix(string(text[at+len(`,"seq":`):]), "}")
	}
}

// helloCentrifuge has a third request, whose answer is an error: once it arrives, the
// server is done with the second. The answer to the second comes earlier, and messages
// that are sent in between get lost.
func helloCentrifuge(room string, s *session) []string {
	connect, barrier := `{"id":1,"connect":{}}`, `{"id":4,"rpc":{}}`
	switch {
	case room == "":
		return []string{connect}
	case s.epoch != "":
		return []string{connect, fmt.Sprintf(`{"id":2,"subscribe":{"channel":"%s","recover":true,"epoch":"%s","offset":%s}}`, room, s.epoch, s.last), barrier}
	default:
		return []string{connect, fmt.Sprintf(`{"id":2,"subscribe":{"channel":"%s"}}`, room), barrier}
	}
}

// sayCentrifuge publishes messages for everybody, and sends those for the server alone.
func sayCentrifuge(room, action string, body []byte) []byte {
	if action == wire.Input {
		return fmt.Appendf(nil, `{"send":{"data":%s}}`, wire.Request(room, action, body))
	}
	return fmt.Appendf(nil, `{"id":3,"publish":{"channel":"%s","data":%s}}`, room, body)
}

func rememberCentrifuge(s *session, text []byte) {
	if epoch := between(text, `"epoch":"`, `"`); epoch != "" {
		s.epoch, s.last = epoch, "0"
	}
	if at := bytes.LastIndex(text, []byte(`"offset":`)); at >= 0 {
		number := text[at+len(`"offset":`):]
		s.last = string(number[:bytes.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' })])
	}
}

func helloSocketIO(_ string, s *session) []string {
	if s.token == "" {
		return []string{"40"}
	}
	return []string{fmt.Sprintf(`40{"pid":"%s","offset":"%s"}`, s.token, s.last)}
}

func rememberSocketIO(s *session, text []byte) {
	if bytes.HasPrefix(text, []byte("40")) {
		s.token = between(text, `"pid":"`, `"`)
		return
	}
	if event, ok := bytes.CutPrefix(text, []byte("42")); ok {
		var args []json.RawMessage
		if json.Unmarshal(event, &args) == nil && len(args) > 1 {
			s.last = strings.Trim(string(args[len(args)-1]), `"`)
		}
	}
}

// between returns the text between two others; "" if they are not there.
func between(text []byte, before, after string) string {
	_, rest, ok := bytes.Cut(text, []byte(before))
	if !ok {
		return ""
	}
	found, _, _ := bytes.Cut(rest, []byte(after))
	return string(found)
}
