package simplysocket_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Query is the body of "look-up" and "not-found".
type Query struct {
	Word string `json:"word"`
}

// Found is the body of "found".
type Found struct {
	Text string `json:"text"`
}

// find asks a database, for example. It runs outside of the turn and must not use the room.
func find(_ context.Context, q Query) (Found, error) {
	return Found{strings.ToUpper(q.Word)}, nil
}

// Dictionary sets up a room that looks words up.
func Dictionary(room *simplysocket.Room) error {
	lookup := simplysocket.NewTask(room, "lookup", find, func(q Query, found Found, err error) error {
		if err != nil {
			return room.Broadcast("not-found", q)
		}
		return room.Broadcast("found", found)
	})
	simplysocket.On(room, "look-up", func(_ *simplysocket.Member, q Query) error {
		lookup.Start(q)
		return nil
	})
	return nil
}

// A task runs slow work outside of the turn and brings its result back into it. In a test
// it ends when the test says so.
func ExampleNewTask() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "dictionary", Dictionary)
		anna := room.Join("anna")
		anna.Send("look-up", Query{"gopher"})
		anna.Send("look-up", Query{"xyz"})

		room.Task("lookup").Run()
		room.Task("lookup").Fail(errors.New("no such word"))
		fmt.Println(simplysockettest.Expect[Found](anna, "found").Text)
		fmt.Println(simplysockettest.Expect[Query](anna, "not-found").Word)
	})
	// Output:
	// GOPHER
	// xyz
}
