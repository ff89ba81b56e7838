package simplysocket

import (
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// SetInfo sets the client's public profile, visible to members of every room it is in
// except the lobby: an object of at most 1 KiB, such as a name and a color. Lists of
// members contain it, and the members of the client's rooms learn of the change. The error
// is [ErrInfoTooLarge], [ErrClientGone], or that of a value that does not encode to an
// object; nil or an empty object removes the profile. See also [Options.ClientInfo].
func (c *Client) SetInfo(info any) error {
	raw, err := encodeBody(info)
	if err != nil {
		return err
	}
	return c.setInfo(raw)
}

// routeInfo sets the profile that a client has sent.
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

// setInfo sets the profile; an empty object removes it.
func (c *Client) setInfo(raw json.RawMessage) error {
	if len(raw) > room.MaxInfo {
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

// Info returns the profile that was set with [Client.SetInfo], or nil.
func (c *Client) Info() json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}
