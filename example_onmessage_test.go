package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Echo sets up a room that sends each message back to its sender alone.
func Echo(room *simplysocket.Room) error {
	room.OnMessage(func(m *simplysocket.Member, msg *simplysocket.Message) error {
		msg.IsTargetClient, msg.Target = true, m.ID()
		return room.Deliver(msg)
	})
	return nil
}

// OnMessage handles every action without a handler of its own. Deliver sends a Message to
// its target: to all members, or to one.
func ExampleRoom_OnMessage() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "echo", Echo)
		anna, bert := room.Join("anna"), room.Join("bert")
		anna.Skip() // the welcome, and the news of bert

		anna.Send("count", map[string]int{"n": 9007199254740993})
		for _, m := range anna.Messages() {
			fmt.Println(m, "from", m.Sender)
		}
		simplysockettest.ExpectNone(bert, "count")
	})
	// Output: count {"n":9007199254740993} from anna
}
