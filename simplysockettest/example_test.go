package simplysockettest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Round is the body of "round-started" and "round-ended".
type Round struct {
	Number int `json:"number"`
}

// Game sets up a room in which a round takes ten seconds.
func Game(room *simplysocket.Room) error {
	timeUp := simplysocket.NewTimer(room, "time-up", func(r Round) error {
		return room.Broadcast("round-ended", r)
	})
	simplysocket.On(room, "start-the-game", func(*simplysocket.Member, simplysocket.None) error {
		round := Round{Number: 1}
		timeUp.Set(10*time.Second, round)
		return room.Broadcast("round-started", round)
	})
	return nil
}

// A room and its test. In a test, t is that of func TestGame(t *testing.T).
func Example() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "game/1", Game)
		ann, bob := room.Join("ann"), room.Join("bob")

		ann.Send("start-the-game", nil)
		simplysockettest.Expect(bob, "round-started", func(r Round) bool { return r.Number == 1 })

		ann.Drop()
		room.Advance(11 * time.Second) // takes no time
		ann.Resume()
		simplysockettest.Expect(ann, "round-ended", func(r Round) bool { return r.Number == 1 })

		fmt.Println("passed at", room.Now().Format(time.TimeOnly))
	})
	// Output: passed at 00:00:11
}
