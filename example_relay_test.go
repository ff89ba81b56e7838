package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Post is the body of a message that the room passes on.
type Post struct {
	Text string `json:"text"`
}

// A relay room forwards every message to all members, welcomes new members and announces
// them to the others. A server without HandleRoom opens a relay room for every name.
func ExampleRelay() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "chat", simplysocket.Relay)
		anna, bert := room.Join("anna"), room.Join("bert")
		bert.Send("send-message", Post{"hi"})

		for _, m := range anna.Messages() {
			var body struct{ Message, Text string }
			if err := m.Decode(&body); err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%s from %s: %s%s\n", m.Action, m.Sender, body.Message, body.Text)
		}
	})
	// Output:
	// joined-room from server: Welcome client anna
	// client-joined-room from server: Client bert joined the room
	// send-message from bert: hi
}
