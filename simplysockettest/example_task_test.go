package simplysockettest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Word is what is looked up.
type Word struct {
	Word string `json:"word"`
}

// Meaning is what is found.
type Meaning struct {
	Text string `json:"text"`
}

func askFarAway(context.Context, Word) (Meaning, error) {
	return Meaning{}, errors.New("this is a test, and has no network")
}

// Dictionary sets up a room that looks words up on a server far away.
func Dictionary(room *simplysocket.Room) error {
	lookup := simplysocket.NewTask(room, "lookup", askFarAway, func(w Word, m Meaning, err error) error {
		if err != nil {
			return room.Broadcast("unknown", w)
		}
		return room.Broadcast("found", m)
	})
	simplysocket.On(room, "look-up", func(_ *simplysocket.Member, w Word) error {
		lookup.Start(w)
		return nil
	})
	return nil
}

// A task waits until the test says how it ends.
func ExampleTask() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "dictionary", Dictionary)
		ann := room.Join("ann")
		ann.Send("look-up", Word{"turn"})
		ann.Send("look-up", Word{"xyz"})

		room.Task("lookup").Finish(Meaning{"one run of a room"})
		room.Task("lookup").Fail(errors.New("no such word"))

		fmt.Println(simplysockettest.Expect[Meaning](ann, "found").Text)
		fmt.Println(simplysockettest.Expect[Word](ann, "unknown").Word)
	})
	// Output:
	// one run of a room
	// xyz
}
