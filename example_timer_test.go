package simplysocket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Round is the body of "start-round" and "time-up".
type Round struct {
	No int `json:"no"`
}

// Quiz sets up a room in which a round takes half a minute.
func Quiz(room *simplysocket.Room) error {
	timeUp := simplysocket.NewTimer(room, "time-up", func(round Round) error {
		return room.Broadcast("time-up", round)
	})
	simplysocket.On(room, "start-round", func(_ *simplysocket.Member, round Round) error {
		timeUp.Set(30*time.Second, round)
		return nil
	})
	return nil
}

// A timer calls the room back, in its turn, with the value that it was set with.
func ExampleNewTimer() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "quiz", Quiz)
		anna := room.Join("anna")
		anna.Send("start-round", Round{3})

		room.Advance(29 * time.Second) // takes no time
		simplysockettest.ExpectNone(anna, "time-up")
		room.Advance(time.Second)
		fmt.Println("round", simplysockettest.Expect[Round](anna, "time-up").No)
	})
	// Output: round 3
}
