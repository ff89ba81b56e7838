package simplysocket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Roll is the body of "rolled".
type Roll struct {
	Eyes int       `json:"eyes"`
	At   time.Time `json:"at"`
}

// Dice sets up a room that rolls dice.
func Dice(room *simplysocket.Room) error {
	simplysocket.On(room, "roll", func(m *simplysocket.Member, _ simplysocket.None) error {
		roll := Roll{1 + room.Rand().IntN(6), room.Now()}
		return room.Broadcast("rolled", roll, simplysocket.From(m))
	})
	return nil
}

// Time and randomness come from the room, so a test with the same seed sees the same.
func ExampleRoom_Rand() {
	simplysockettest.Example(func(t testing.TB) {
		var rolls [2]Roll
		for i := range rolls {
			room := simplysockettest.Open(t, "dice", Dice, simplysockettest.Seed(7))
			anna := room.Join("anna")
			room.Advance(time.Hour)
			anna.Send("roll", nil)
			rolls[i] = simplysockettest.Expect[Roll](anna, "rolled")
		}
		fmt.Println(rolls[0] == rolls[1], rolls[0].At.Format(time.TimeOnly))
	})
	// Output: true 01:00:00
}
