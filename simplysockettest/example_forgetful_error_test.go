package simplysockettest_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Purse is a state.
type Purse struct {
	Coins int `json:"coins"`
}

// Gamble sets up a room that changes its state too early.
func Gamble(room *simplysocket.Room) error {
	purse := simplysocket.NewState(room, "purse", Purse{6})
	simplysocket.On(room, "double", func(*simplysocket.Member, simplysocket.None) error {
		purse.Coins *= 2
		if purse.Coins > 10 {
			return simplysocket.Errorf("too-many", "at most 10")
		}
		return nil
	})
	return nil
}

// An error takes back what was sent and set, but not what was done to a state.
func ExampleForgetful_error() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "gamble", Gamble, simplysockettest.Forgetful())
		room.Join("ann").SendRefused("too-many", "double", nil)
	})
	// Output: room "gamble" keeps what failed: entry 2, "double" by ann: state "purse" was {"coins":6}, and is {"coins":12} after the error, which does not undo it. Check first, change afterwards. If it is to change, name it with KeptOnError.
}
