package simplysockettest_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// TestRandInSetup: a setup that uses the room's randomness does so again when the room is
// restored, and does not shift what comes after it.
func TestRandInSetup(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		deck := room.Rand().Perm(10)
		simplysocket.OnCall(room, "roll", func(*simplysocket.Member, simplysocket.None) (map[string]int, error) {
			return map[string]int{"n": room.Rand().IntN(1000), "first": deck[0]}, nil
		})
		return nil
	}, kit.Forgetful())
	ann := room.Join("ann")
	for range 5 {
		if err := ann.Call("roll", nil, nil); err != nil {
			t.Error(err)
		}
	}
}
