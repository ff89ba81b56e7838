package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Whisper is the body of a message from one member to another.
type Whisper struct {
	Text string `json:"text"`
}

// Classroom sets up a room in which members may write to the teacher alone.
func Classroom(room *simplysocket.Room) error {
	room.OnDirect(func(from, to *simplysocket.Member, _ *simplysocket.Request) error {
		if from.Identity().User != "teacher" && to.Identity().User != "teacher" {
			return simplysocket.Errorf("no-whispering", "listen to the teacher")
		}
		return nil
	})
	return nil
}

// OnDirect decides which messages members may send to each other.
func ExampleRoom_OnDirect() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "class/1a", Classroom)
		teacher := room.Join("t", simplysockettest.As(simplysocket.Identity{User: "teacher"}))
		anna, bert := room.Join("anna"), room.Join("bert")

		anna.Direct(teacher, "ask", Whisper{"why?"})
		fmt.Println(simplysockettest.Expect[Whisper](teacher, "ask").Text)
		fmt.Println(anna.TryDirect(bert, "ask", Whisper{"got it?"}))
	})
	// Output:
	// why?
	// no-whispering: listen to the teacher
}
