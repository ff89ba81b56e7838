package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Words is the body of "say", "said" and "heard".
type Words struct {
	Text string `json:"text"`
}

// Parlor sets up a room that shows how to choose who receives a message.
func Parlor(room *simplysocket.Room) error {
	simplysocket.On(room, "say", func(m *simplysocket.Member, w Words) error {
		// To the others, in the member's name.
		if err := room.Broadcast("said", w, simplysocket.From(m), simplysocket.Except(m)); err != nil {
			return err
		}
		// To the member alone.
		return m.Send("heard", Words{"all but you"})
	})
	simplysocket.On(room, "typing", func(m *simplysocket.Member, _ simplysocket.None) error {
		// May be lost if a connection is slow.
		return room.Broadcast("typing", nil, simplysocket.From(m), simplysocket.Volatile())
	})
	return nil
}

func ExampleSendOption() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "parlor", Parlor)
		anna, bert := room.Join("anna"), room.Join("bert")
		anna.Skip()
		bert.Skip()

		anna.Send("typing", nil)
		anna.Send("say", Words{"hi"})
		for _, c := range []*simplysockettest.Client{anna, bert} {
			for _, m := range c.Messages() {
				fmt.Println(c.ID(), "receives", m, "from", m.Sender)
			}
		}
	})
	// Output:
	// anna receives typing {} from anna
	// anna receives heard {"text":"all but you"} from server
	// bert receives typing {} from anna
	// bert receives said {"text":"hi"} from anna
}
