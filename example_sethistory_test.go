package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Headline is the body of "publish" and "published".
type Headline struct {
	Text string `json:"text"`
}

// News sets up a room whose members may read what was said before they came.
func News(room *simplysocket.Room) error {
	room.SetHistory(simplysocket.HistoryAll)
	room.SetPresence(false) // nobody is told who comes and goes
	simplysocket.On(room, "publish", func(m *simplysocket.Member, h Headline) error {
		return room.Broadcast("published", h, simplysocket.From(m))
	})
	return nil
}

// SetHistory lets members ask for messages that they have not seen.
func ExampleRoom_SetHistory() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "news", News)
		anna := room.Join("anna")
		anna.Send("publish", Headline{"it rains"})
		anna.Send("publish", Headline{"the sun is out"})

		bert := room.Join("bert")
		for _, m := range bert.History(0) {
			fmt.Println(m)
		}
	})
	// Output:
	// published {"text":"it rains"}
	// published {"text":"the sun is out"}
}
