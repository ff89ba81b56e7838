package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Point is the body of "move-cursor", "cursor", "draw" and "drawn".
type Point struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// Whiteboard sets up a room that decides, for each message, what a slow member may miss.
func Whiteboard(room *simplysocket.Room) error {
	room.SetOverflow(simplysocket.OverflowDropOldest) // reported by `gap`
	simplysocket.On(room, "move-cursor", func(m *simplysocket.Member, at Point) error {
		// The newest of each member is enough, and no gap is reported.
		return room.Broadcast("cursor", at, simplysocket.From(m), simplysocket.Conflate("cursor/"+m.ID()))
	})
	simplysocket.On(room, "draw", func(m *simplysocket.Member, at Point) error {
		// Missing a line breaks the picture: it is better to reconnect and start over.
		return room.Broadcast("drawn", at, simplysocket.From(m), simplysocket.WithOverflow(simplysocket.OverflowDisconnect))
	})
	return nil
}

// The room, or the message, decides what a slow member may miss.
func ExampleRoom_SetOverflow() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "board/1", Whiteboard)
		anna, bert := room.Join("anna"), room.Join("bert")
		bert.Skip()
		bert.Drop()
		anna.Send("move-cursor", Point{1, 1})
		anna.Send("draw", Point{1, 1})
		anna.Send("move-cursor", Point{2, 2}) // replaces the first

		bert.Resume()
		for _, m := range bert.Messages() {
			fmt.Println(m)
		}
	})
	// Output:
	// drawn {"x":1,"y":1}
	// cursor {"x":2,"y":2}
}
