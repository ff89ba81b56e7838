package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Match is the state of a game of two teams.
type Match struct {
	Red  int `json:"red"`
	Blue int `json:"blue"`
}

// Goal is the body of "goal".
type Goal struct {
	Team string `json:"team"`
}

// Football sets up a room that keeps the score of a match.
func Football(room *simplysocket.Room) error {
	match := simplysocket.NewState(room, "match", Match{})
	simplysocket.On(room, "goal", func(_ *simplysocket.Member, goal Goal) error {
		switch goal.Team { // an error does not undo a change: check first
		case "red":
			match.Red++
		case "blue":
			match.Blue++
		default:
			return simplysocket.Errorf("unknown-team", "red or blue")
		}
		return room.Broadcast("score", *match)
	})
	return nil
}

// A state is written down after each turn that has changed it, and restored with the room.
// The test runs with Forgetful, which restores the room before each message.
func ExampleNewState() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "match/1", Football, simplysockettest.Forgetful())
		anna := room.Join("anna")
		anna.Send("goal", Goal{"red"})
		anna.SendRefused("unknown-team", "goal", Goal{"green"})
		anna.Send("goal", Goal{"red"})

		fmt.Printf("%+v\n", simplysockettest.ExpectLast[Match](anna, "score"))
	})
	// Output: {Red:2 Blue:0}
}
