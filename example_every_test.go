package simplysocket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Positions is what a race looks like.
type Positions struct {
	Beat int `json:"beat"`
}

// Race sets up a game that sends its state with every tick.
func Race(room *simplysocket.Room) error {
	now := simplysocket.NewState(room, "positions", Positions{})
	room.Every(50*time.Millisecond, func() error {
		if room.Len() == 0 {
			return nil
		}
		now.Beat++
		return room.Broadcast("positions", *now, simplysocket.Conflate("positions"))
	})
	return nil
}

// A game sends its state with every tick.
func ExampleRoom_Every() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "race", Race)
		anna := room.Join("anna")
		room.Advance(time.Second)
		fmt.Println(simplysockettest.ExpectLast[Positions](anna, "positions").Beat)
	})
	// Output: 20
}
