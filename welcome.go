package simplysocket

import (
	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

type welcomeBody struct {
	Client    string        `json:"client"`
	Server    string        `json:"server"`
	Session   string        `json:"session,omitempty"`
	Resumed   bool          `json:"resumed"`
	Heartbeat int64         `json:"heartbeat"`
	Limits    welcomeLimits `json:"limits"`
}

type welcomeLimits struct {
	MessageBytes int     `json:"message_bytes"`
	Rooms        int     `json:"rooms"`
	Rate         float64 `json:"messages_per_second"`
	Burst        int     `json:"burst"`
}

// welcome is the first message on the connection.
func (l *link) welcome(resumed bool) *fanout.Frame {
	c, o := l.client, &l.srv.opts
	body := welcomeBody{
		Client:    c.id,
		Server:    c.srv.name,
		Resumed:   resumed,
		Heartbeat: o.HeartbeatInterval.Milliseconds(),
		Limits: welcomeLimits{
			MessageBytes: o.MaxMessageBytes,
			Rooms:        o.MaxRoomsPerClient,
			Rate:         o.MessageRate,
			Burst:        o.MessageBurst,
		},
	}
	if l.v1 {
		body.Session = c.offer()
	}
	return encodeFrame(&protocol.Header{
		Action:         protocol.ActionWelcome,
		Target:         c.id,
		IsTargetClient: true,
		Sender:         c.srv.name,
	}, mustEncode(body))
}
