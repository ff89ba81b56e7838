package simplysocket

import (
	"encoding/json"
	"strconv"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// terms is what `welcome` tells all clients alike.
type terms struct {
	Heartbeat int64       `json:"heartbeat"`
	Limits    termsLimits `json:"limits"`
	Features  []string    `json:"features"` // what both sides name may be used
}

type termsLimits struct {
	MessageBytes int     `json:"message_bytes"`
	Rooms        int     `json:"rooms"`
	Rate         float64 `json:"messages_per_second"`
	Burst        int     `json:"burst"`
}

func encodeTerms(o *Options) json.RawMessage {
	features := []string{}
	if o.ClientInfo {
		features = append(features, protocol.FeatureSetInfo)
	}
	return mustEncode(terms{
		Heartbeat: o.HeartbeatInterval.Milliseconds(),
		Features:  features,
		Limits: termsLimits{
			MessageBytes: o.MaxMessageBytes,
			Rooms:        o.MaxRoomsPerClient,
			Rate:         o.MessageRate,
			Burst:        o.MessageBurst,
		},
	})
}

// welcome is the first message on the connection. Its body is put together of
// parts, of which none needs escaping: encoding/json goes so deep that the
// goroutine's stack has to grow, which took 5% of the CPU time of a handshake.
func (l *link) welcome(token string, resumed bool) *fanout.Frame {
	c, s := l.client, l.srv
	body := make([]byte, 0, 128+len(s.terms))
	body = append(append(body, `{"client":"`...), c.id...)
	body = append(append(body, `","server":"`...), s.name...)
	if l.v1 {
		body = append(append(body, `","session":"`...), token...)
	}
	body = strconv.AppendBool(append(body, `","resumed":`...), resumed)
	body = append(append(body, ','), s.terms[1:]...)
	return encodeFrame(&protocol.Header{
		Action:         protocol.ActionWelcome,
		Target:         c.id,
		IsTargetClient: true,
		Sender:         s.name,
	}, body)
}
