package simplysockettest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Clumsy sets up a room whose code fails in two ways.
func Clumsy(room *simplysocket.Room) error {
	room.OnDrop(func(*simplysocket.Member) error { return errors.New("the printer is out of paper") })
	simplysocket.On(room, "divide", func(*simplysocket.Member, simplysocket.None) error {
		zero := room.Len() - 1
		return room.Broadcast("quotient", map[string]int{"n": 1 / zero})
	})
	return nil
}

// An error that no client reads, and a panic, fail the test, unless they are expected.
func ExampleRoom_ExpectFailure() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "clumsy", Clumsy)
		ann := room.Join("ann")
		failures := room.ExpectFailure(func() {
			ann.Drop()
			ann.Resume()
			fmt.Println(ann.TrySend("divide", nil) != nil) // the client reads internal
		})
		for _, f := range failures {
			fmt.Println(f)
		}
		fmt.Println("closed:", room.Closed())
	})
	// Output:
	// true
	// the drop of ann: OnDrop: the printer is out of paper
	// "divide" by ann: panic: runtime error: integer divide by zero
	// closed: true
}
