package simplysocket_test

import (
	"fmt"

	"github.com/DhruvikDonga/simplysocket"
)

func ExampleSendOption() {
	type Note struct {
		Text string `json:"text"`
	}
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "say", func(m *simplysocket.Member, note Note) error {
			// To the others, in the member's name.
			if err := room.Broadcast("said", note, simplysocket.From(m), simplysocket.Except(m)); err != nil {
				return err
			}
			// To the member alone.
			return m.Send("heard", Note{"all but you"})
		})
		simplysocket.On(room, "typing", func(m *simplysocket.Member, _ simplysocket.None) error {
			// May be lost if a connection is slow.
			return room.Broadcast("typing", nil, simplysocket.From(m), simplysocket.Volatile())
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna, bert := s.connect("anna"), s.connect("bert")
	anna.ask("join-room", "r", "{}")
	bert.ask("join-room", "r", "{}")
	anna.ask("say", "r", `{"text":"hi"}`)
	anna.ask("typing", "r", "{}")
	fmt.Println(anna.read("heard"))
	fmt.Println(bert.read("said"))
	fmt.Println(bert.read("typing"))
	// Output:
	// {"text":"all but you"} from server
	// {"text":"hi"} from anna
	// {} from anna
}

// The room, or the message, decides what a slow member may miss.
func ExampleRoom_SetOverflow() {
	type Cursor struct{ X, Y int }
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("board/{id}", func(room *simplysocket.Room) error {
		room.SetOverflow(simplysocket.OverflowDropOldest) // reported by `gap`
		simplysocket.On(room, "move-cursor", func(m *simplysocket.Member, at Cursor) error {
			// The newest of each member is enough, and no gap is reported.
			return room.Broadcast("cursor", at, simplysocket.From(m), simplysocket.Conflate("cursor/"+m.ID()))
		})
		simplysocket.On(room, "draw", func(m *simplysocket.Member, at Cursor) error {
			// Missing a line breaks the picture: it is better to reconnect and start
			// over.
			return room.Broadcast("drawn", at, simplysocket.From(m), simplysocket.WithOverflow(simplysocket.OverflowDisconnect))
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "board/1", "{}")
	anna.ask("move-cursor", "board/1", `{"x":1,"y":2}`)
	anna.ask("draw", "board/1", `{"x":1,"y":2}`)
	fmt.Println(anna.read("cursor"))
	fmt.Println(anna.read("drawn"))
	// Output:
	// {"X":1,"Y":2} from anna
	// {"X":1,"Y":2} from anna
}
