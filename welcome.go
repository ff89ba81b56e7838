package simplysocket

import (
	"encoding/json"
	"strconv"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// serverInfo is the part of `welcome` that is the same for all clients.
type serverInfo struct {
	Heartbeat int64        `json:"heartbeat"`
	Limits    serverLimits `json:"limits"`
	Features  []string     `json:"features"` // what both sides name may be used
}

type serverLimits struct {
	MessageBytes int     `json:"message_bytes"`
	Rooms        int     `json:"rooms"`
	Rate         float64 `json:"messages_per_second"`
	Burst        int     `json:"burst"`
}

func encodeServerInfo(o *Options) json.RawMessage {
	features := []string{}
	if o.ClientInfo {
		features = append(features, protocol.FeatureSetInfo)
	}
	return room.EncodeBody(serverInfo{
		Heartbeat: o.HeartbeatInterval.Milliseconds(),
		Features:  features,
		Limits: serverLimits{
			MessageBytes: o.MaxMessageBytes,
			Rooms:        o.MaxRoomsPerClient,
			Rate:         o.MessageRate,
			Burst:        o.MessageBurst,
		},
	})
}

// welcome is the first message on the connection. Its body is assembled from parts that
// need no escaping: encoding/json would grow the goroutine's stack, which took 5% of the
// CPU time of a handshake.
func (conn *connection) welcome(token string, resumed bool) *fanout.Frame {
	c, s := conn.client, conn.srv
	body := make([]byte, 0, 128+len(s.serverInfo))
	body = append(append(body, `{"client":"`...), c.id...)
	body = append(append(body, `","server":"`...), s.name...)
	if conn.v1 {
		body = append(append(body, `","session":"`...), token...)
	}
	body = strconv.AppendBool(append(body, `","resumed":`...), resumed)
	body = append(append(body, ','), s.serverInfo[1:]...)
	return c.frame(&protocol.Header{Action: protocol.ActionWelcome}, body)
}
