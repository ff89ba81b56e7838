package simplysockettest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Lap is the state of a race, and the body of "lap".
type Lap struct {
	Lap int `json:"lap"`
}

// Race sets up a room that counts laps and says for how long it was away.
func Race(room *simplysocket.Room) error {
	lap := simplysocket.NewState(room, "lap", Lap{})
	simplysocket.On(room, "lap", func(*simplysocket.Member, simplysocket.None) error {
		lap.Lap++
		return room.Broadcast("lap", *lap)
	})
	room.OnRestore(func(down time.Duration) error {
		return room.Broadcast("paused", map[string]string{"for": down.String()})
	})
	return nil
}

// Crash ends the process of the room and starts it again.
func ExampleRoom_Crash() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "race", Race)
		ann := room.Join("ann")
		ann.Send("lap", nil)
		ann.Skip()

		room.Crash(time.Minute)
		fmt.Println("is ann away:", ann.Away())
		ann.Resume()
		ann.Send("lap", nil)
		for _, m := range ann.Messages() {
			fmt.Println(m)
		}
	})
	// Output:
	// is ann away: true
	// paused {"for":"1m0s"}
	// lap {"lap":2}
}
