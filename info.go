package simplysocket

import (
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// maxInfo bounds what a client shows of itself, in bytes of JSON.
const maxInfo = 1024

// SetInfo sets what the client shows of itself to those who share a room with
// it, the lobby aside: an object of at most 1 KiB, such as a name and a colour.
// It is in the lists of members, and the members of its rooms are told of the
// change. The error is [ErrInfoTooLarge], [ErrClientGone], or that of what does
// not encode to an object; nil, or an empty object, takes it away. See also
// [Options.ClientInfo].
func (c *Client) SetInfo(info any) error {
	raw, err := encodeBody(info)
	if err != nil {
		return err
	}
	return c.setInfo(raw)
}

// routeInfo sets what a client wants to show of itself.
func (c *Client) routeInfo(env *protocol.Envelope) error {
	if !c.srv.opts.ClientInfo {
		return newError(protocol.CodeForbidden, "clients do not set what they show")
	}
	if err := c.setInfo(compact(env.Body)); err != nil {
		return err
	}
	if env.ID != 0 {
		c.sendAck(string(env.Action), env.ID, nil)
	}
	return nil
}

// setInfo takes an object; an empty one takes what was there away.
func (c *Client) setInfo(raw json.RawMessage) error {
	if len(raw) > maxInfo {
		return fmt.Errorf("%w: %d bytes", ErrInfoTooLarge, len(raw))
	}
	if len(raw) <= len("{}") {
		raw = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return ErrClientGone
	}
	c.info = raw
	for _, m := range c.rooms {
		_ = m.room.post(&item{entry: room.Entry{Kind: room.KindInfo, Member: c.id, Body: raw}}) // one that has closed shows nobody
	}
	return nil
}

// Info is what [Client.SetInfo] has set, or nil.
func (c *Client) Info() json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}
