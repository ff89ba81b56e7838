package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Remark is the body of "say".
type Remark struct {
	Text string `json:"text"`
}

// logged prints each message of every room, and how its handling ended.
func logged(next simplysocket.Handler) simplysocket.Handler {
	return func(req *simplysocket.Request) (any, error) {
		reply, err := next(req)
		fmt.Println(req.Room.Name(), req.Member.ID(), req.Action, err)
		return reply, err
	}
}

// brief refuses long messages.
func brief(next simplysocket.Handler) simplysocket.Handler {
	return func(req *simplysocket.Request) (any, error) {
		if len(req.Body) > 20 {
			return nil, simplysocket.Errorf("too-long", "be brief")
		}
		return next(req)
	}
}

// Haiku sets up a room of few words.
func Haiku(room *simplysocket.Room) error {
	room.Use(brief) // for this room
	simplysocket.On(room, "say", func(m *simplysocket.Member, r Remark) error {
		return room.Broadcast("said", r, simplysocket.From(m))
	})
	return nil
}

// Middleware wraps the handlers of messages, for all rooms or for one.
func ExampleServer_Use() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.Use(logged) // for all rooms
		srv.HandleRoom("haiku/{id}", Haiku)

		room := simplysockettest.OpenOn(t, srv, "haiku/1")
		anna := room.Join("anna")
		anna.Send("say", Remark{"short"})
		anna.SendRefused("too-long", "say", Remark{"much longer than that"})
	})
	// Output:
	// haiku/1 anna say <nil>
	// haiku/1 anna say too-long: be brief
}
