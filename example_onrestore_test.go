package simplysocket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Voyage is the state of a ship.
type Voyage struct {
	Passengers int           `json:"passengers"`
	Delay      time.Duration `json:"delay"`
}

// Ship sets up a room that goes on after the end of its process.
func Ship(room *simplysocket.Room) error {
	voyage := simplysocket.NewState(room, "voyage", Voyage{})
	room.OnJoin(func(j *simplysocket.Join) error {
		voyage.Passengers++
		return j.Welcome(*voyage)
	})
	room.OnRestore(func(down time.Duration) error {
		if down > 24*time.Hour {
			return simplysocket.Errorf("stranded", "the coast guard has to look at it") // it stays closed
		}
		voyage.Delay += down
		return nil
	})
	return nil
}

// A room whose server has an engine outlives its process. The test ends the process and
// starts it again.
func ExampleRoom_OnRestore() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "ship/argo", Ship)
		room.Join("anna")

		room.Crash(time.Hour)
		bert := room.Join("bert")
		voyage := simplysockettest.Expect[Voyage](bert, "joined-room")
		fmt.Println(voyage.Passengers, "passengers,", voyage.Delay, "late")

		fmt.Println(room.CrashRefused(48 * time.Hour))
	})
	// Output:
	// 2 passengers, 1h0m0s late
	// stranded: the coast guard has to look at it
}
