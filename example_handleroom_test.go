package simplysocket_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Opened tells a new member which pattern has opened the room.
type Opened struct {
	Pattern string `json:"pattern"`
	Param   string `json:"param"`
}

// openedBy returns a setup that welcomes members with its pattern and one wildcard of it.
func openedBy(pattern, wildcard string) func(*simplysocket.Room) error {
	return func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			return j.Welcome(Opened{pattern, room.Param(wildcard)})
		})
		return nil
	}
}

// The most specific of the patterns that match a name sets the room up.
func ExampleServer_HandleRoom() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("chat/{topic}", openedBy("chat/{topic}", "topic"))
		srv.HandleRoom("chat/help", openedBy("chat/help", ""))
		srv.HandleRoom("docs/{path...}", openedBy("docs/{path...}", "path"))

		conn := simplysockettest.Serve(t, srv).Dial(nil)
		for _, name := range []string{"chat/go", "chat/help", "docs/a/b", "elsewhere"} {
			room, err := conn.Join(t.Context(), name, nil)
			if err != nil {
				fmt.Println(err)
				continue
			}
			var opened Opened
			if err := json.Unmarshal(room.Welcome(), &opened); err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%s is %s with %q\n", name, opened.Pattern, opened.Param)
		}
	})
	// Output:
	// chat/go is chat/{topic} with "go"
	// chat/help is chat/help with ""
	// docs/a/b is docs/{path...} with "a/b"
	// unknown-room: no room "elsewhere"
}
