package simplysockettest_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Chess sets up a room of two, who take turns.
func Chess(room *simplysocket.Room) error {
	room.SetCapacity(2)
	last := simplysocket.NewState(room, "last", "")
	simplysocket.On(room, "move", func(m *simplysocket.Member, _ simplysocket.None) error {
		if m.ID() == *last {
			return simplysocket.Errorf("not-your-turn", "wait for the other")
		}
		*last = m.ID()
		return nil
	})
	return nil
}

// A message or a join that is refused fails the test, unless the test says that it is.
func ExampleClient_SendRefused() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "chess/1", Chess)
		ann := room.Join("ann")
		room.Join("bob")
		ann.Send("move", nil)
		fmt.Println(ann.SendRefused("not-your-turn", "move", nil))
		fmt.Println(room.JoinRefused("room-full", "cid"))
	})
	// Output:
	// wait for the other
	// room "chess/1" is full
}
