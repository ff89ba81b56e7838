package simplysockettest

import (
	"encoding/json"
	"errors"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// asked is what a client has asked for last.
type asked struct {
	id     uint64
	conn   uint64 // the connection over which it was sent last
	action string
	result result
}

// answer is what the client was answered.
func (a *asked) answer() (action string, body json.RawMessage) {
	var public *simplysocket.Error
	if errors.As(a.result.err, &public) {
		return protocol.ActionError, room.ErrorBody((*room.Error)(public))
	}
	return protocol.ActionAck, a.result.body
}

// Cut breaks the client's connection, and the room does not notice: what it sends to the
// client is lost on its way. Messages of the client still arrive, but it reads no answer.
// That ends with [Client.Drop], when the room notices, or with [Client.Resume], when the
// client is back first. Either way, the client gets what was lost when it resumes.
func (c *Client) Cut() {
	r := c.room
	switch {
	case !c.isConnected("there is no connection to break"):
	case c.cut:
		r.fatalf(": the connection of %s is broken already", c.id)
	default:
		c.cut = true
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
}

// Resend sends the client's last message again under the same number, as a client does that
// has resumed and has not read the answer. The server knows the message: it gives the
// answer again, and the room's code does not run. The error is that of the first answer.
func (c *Client) Resend() error {
	r := c.room
	if c.isConnected("it cannot send again") && !c.canResend() {
		r.fatalf(": %s has nothing to send again over this connection", c.id)
	}
	var err error
	if !r.fatal {
		err = c.resend()
	}
	if r.inTrouble() {
		r.t.Helper()
		r.tell()
	}
	return err
}

// canResend reports whether the client has a new connection since it has asked.
func (c *Client) canResend() bool {
	return c.asked.id != 0 && c.asked.conn != c.conn && !c.room.closed
}

func (c *Client) resend() error {
	c.asked.conn = c.conn
	c.room.apply(c, &room.Entry{Kind: room.KindDuplicate, Member: c.id, ID: c.asked.id, Action: c.asked.action})
	return c.asked.result.err
}
