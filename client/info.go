package client

import (
	"context"
	"errors"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// ErrNoSetInfo is returned by [Conn.SetInfo] where the server does not let clients set
// what they show of themselves.
var ErrNoSetInfo = errors.New("simplysocket: the server does not let clients set their info")

// SetInfo sets what the members of the client's rooms see of it: an object of at most
// 1 KiB, such as a name and a color. An empty object takes it away. It belongs to the
// session: set it again when [Session] says that it is a new one. The error is
// [ErrNoSetInfo], the server's refusal, or that of [Room.Call].
func (c *Conn) SetInfo(ctx context.Context, info any) error {
	if !slices.Contains(c.Session().Features, protocol.FeatureSetInfo) {
		return ErrNoSetInfo
	}
	_, err := Call[struct{}](ctx, c.lobby, protocol.ActionSetInfo, info)
	return err
}
