package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// HistoryPage is a part of a room's kept messages.
type HistoryPage struct {
	// Epoch is the opening of the room in which positions count.
	Epoch uint64
	// Messages come oldest first.
	Messages []*Message
	// Next asks for the page before this one; 0 if there is none.
	Next uint64
	// Complete says that nothing before this page is missing.
	Complete bool
}

// History returns the newest messages before the given position that the room keeps and
// shows to this client; 0 requests the newest of all. They run no handlers. Messages that
// arrive meanwhile also go to the handlers: compare [Message.Seq]. A room that shows no
// history refuses with forbidden.
func (r *Room) History(ctx context.Context, before uint64) (HistoryPage, error) {
	var query struct {
		Before uint64 `json:"before,omitempty"`
	}
	query.Before = before
	reply, err := Call[struct {
		Epoch    uint64            `json:"epoch"`
		Messages []json.RawMessage `json:"messages"`
		Next     uint64            `json:"next"`
		Complete bool              `json:"complete"`
	}](ctx, r, protocol.ActionHistory, query)
	if err != nil {
		return HistoryPage{}, err
	}
	page := HistoryPage{Epoch: reply.Epoch, Next: reply.Next, Complete: reply.Complete}
	for _, raw := range reply.Messages {
		env, err := protocol.ParseServer(raw)
		if err != nil {
			return HistoryPage{}, fmt.Errorf("client: history of %q: %w", r.name, err)
		}
		page.Messages = append(page.Messages, newMessage(&env))
	}
	return page, nil
}
