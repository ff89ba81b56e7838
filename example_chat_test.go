package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Line is the body of "send-message".
type Line struct {
	Message string `json:"message"`
	No      int    `json:"no"`
}

// Chat sets up a room that numbers what its members say.
func Chat(room *simplysocket.Room) error {
	room.SetCapacity(100)
	said := simplysocket.NewState(room, "said", 0) // the room's state needs no lock
	simplysocket.On(room, "send-message", func(m *simplysocket.Member, line Line) error {
		*said++
		line.No = *said
		return room.Broadcast("send-message", line, simplysocket.From(m))
	})
	return nil
}

// A chat room, and a test of it. A server opens the room for every name that matches the
// pattern of srv.HandleRoom("chat/{topic}", Chat); the example of NewHTTPServer is a whole
// server.
func Example() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "chat/go", Chat)
		anna, bert := room.Join("anna"), room.Join("bert")

		anna.Send("send-message", Line{Message: "hi"})
		simplysockettest.Expect(bert, "send-message", func(line Line) bool { return line.No == 1 })

		bert.Send("send-message", Line{Message: "hello"})
		last := simplysockettest.ExpectLast[Line](anna, "send-message")
		fmt.Println(last.No, last.Message)
	})
	// Output: 2 hello
}
