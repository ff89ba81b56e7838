package client_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
)

// TestKeysOfTheApplication: keys that a room adds to the protocol's are separate from
// those, even if they differ only in case.
func TestKeysOfTheApplication(t *testing.T) {
	for _, words := range []any{
		struct{ Members []string }{[]string{"Anna"}},
		map[string]any{"Seq": "first", "EPOCH": -1, "Count": "many"},
		map[string]any{"state": 3},
		map[string]any{"state": "away"},
		map[string]any{"count": "three", "reason": 7},
		map[string]any{"Client": "Anna", "Info": "x"},
	} {
		t.Run(fmt.Sprintf("%+v", words), func(t *testing.T) {
			h := inMemory(t, func(s *simplysocket.Server) {
				s.HandleRoom("r", func(r *simplysocket.Room) error {
					r.OnJoin(func(j *simplysocket.Join) error {
						_ = j.Welcome(words) // some belong to the protocol: the default stays
						return j.Announce(words)
					})
					return nil
				})
			})
			anna, bert := h.connect(client.Options{}), h.connect(client.Options{})
			hers := join(t, anna, "r", nil)
			join(t, bert, "r", nil)
			until(t, "the second member", func() bool { return len(hers.Members()) == 2 })
			if m := hers.Members()[1]; m.ID != bert.ID() || m.Away || m.Info != nil || hers.Count() != 2 {
				t.Errorf("got %+v of %d, want %s online", m, hers.Count(), bert.ID())
			}
			if state := anna.State(); state != client.Online {
				t.Errorf("the client is %v: %v", state, anna.Err())
			}
		})
	}
}
