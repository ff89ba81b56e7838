package simplysocket_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// A timer calls the room back, in its turn, with the value that it was set with.
func ExampleNewTimer() {
	type Round struct {
		No int `json:"no"`
	}
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("quiz", func(room *simplysocket.Room) error {
		timeUp := simplysocket.NewTimer(room, "time-up", func(round Round) error {
			return room.Broadcast("time-up", round)
		})
		simplysocket.On(room, "start-round", func(_ *simplysocket.Member, round Round) error {
			timeUp.Set(10*time.Millisecond, round)
			return nil
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "quiz", "{}")
	anna.ask("start-round", "quiz", `{"no":3}`)
	fmt.Println(anna.read("time-up"))
	// Output: {"no":3} from server
}

// A task runs slow work outside the turn and brings its result back into it.
func ExampleNewTask() {
	type Query struct {
		Word string `json:"word"`
	}
	type Found struct {
		Text string `json:"text"`
	}
	find := func(_ context.Context, q Query) (Found, error) { // a database, for example
		return Found{strings.ToUpper(q.Word)}, nil
	}
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("dictionary", func(room *simplysocket.Room) error {
		lookup := simplysocket.NewTask(room, "lookup", find, func(_ Query, found Found, err error) error {
			if err != nil {
				return err
			}
			return room.Broadcast("found", found)
		})
		simplysocket.On(room, "look-up", func(_ *simplysocket.Member, q Query) error {
			lookup.Start(q)
			return nil
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "dictionary", "{}")
	anna.ask("look-up", "dictionary", `{"word":"gopher"}`)
	fmt.Println(anna.read("found"))
	// Output: {"text":"GOPHER"} from server
}

// A game sends its state with every tick.
func ExampleRoom_Every() {
	type State struct {
		Beat int `json:"beat"`
	}
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("race", func(room *simplysocket.Room) error {
		var now State
		room.Every(5*time.Millisecond, func() error {
			if room.Len() == 0 {
				return nil
			}
			now.Beat++
			return room.Broadcast("state", now)
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "race", "{}")
	fmt.Println(anna.read("state"))
	fmt.Println(anna.read("state"))
	// Output:
	// {"beat":1} from server
	// {"beat":2} from server
}
