package client

import (
	"context"
	"errors"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// ErrNoSetInfo is returned by [Conn.SetInfo] if the server does not let clients set their
// profile.
var ErrNoSetInfo = errors.New("simplysocket: the server does not let clients set their info")

// SetInfo sets the client's public profile, visible to members of its rooms: an object of
// at most 1 KiB, such as a name and a color. An empty object removes it. The profile
// belongs to the session: set it again when [Session] says that the session is new. The
// error is [ErrNoSetInfo], the server's refusal, or that of [Room.Send].
func (c *Conn) SetInfo(ctx context.Context, info any) error {
	if !slices.Contains(c.Session().Features, protocol.FeatureSetInfo) {
		return ErrNoSetInfo
	}
	_, err := Call[struct{}](ctx, c.lobby, protocol.ActionSetInfo, info)
	return err
}
