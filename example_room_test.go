package simplysocket_test

import (
	"fmt"

	"github.com/DhruvikDonga/simplysocket"
)

func ExampleOn() {
	srv := quiet(simplysocket.Options{})

	type Line struct {
		Message string `json:"message"`
		No      int    `json:"no"`
	}
	srv.HandleRoom("chat/{topic}", func(room *simplysocket.Room) error {
		room.SetCapacity(100)
		seen := 0 // the room's state needs no lock
		simplysocket.On(room, "send-message", func(m *simplysocket.Member, line Line) error {
			seen++
			line.No = seen
			return room.Broadcast("send-message", line, simplysocket.From(m))
		})
		return nil
	})

	s := play(srv)
	defer s.end()
	anna := s.connect("anna")
	anna.ask("join-room", "chat/go", "{}")
	anna.ask("send-message", "chat/go", `{"message":"hi"}`)
	fmt.Println(anna.read("send-message"))
	fmt.Println(anna.ask("send-message", "chat/go", `{"message":7}`))
	fmt.Println(anna.ask("shout", "chat/go", "{}"))
	// Output:
	// {"message":"hi","no":1} from anna
	// refused: bad-message
	// refused: unknown-action
}

// The handler's result is the reply in the ack.
func ExampleOnCall() {
	srv := quiet(simplysocket.Options{})

	type Numbers struct{ A, B int }
	type Sum struct {
		Sum int `json:"sum"`
	}
	srv.HandleRoom("calculator", func(room *simplysocket.Room) error {
		simplysocket.OnCall(room, "add", func(_ *simplysocket.Member, n Numbers) (Sum, error) {
			if n.A < 0 || n.B < 0 {
				return Sum{}, simplysocket.Errorf("negative", "only whole numbers from 0 on")
			}
			return Sum{n.A + n.B}, nil
		})
		return nil
	})

	s := play(srv)
	defer s.end()
	anna := s.connect("anna")
	anna.ask("join-room", "calculator", "{}")
	fmt.Println(anna.ask("add", "calculator", `{"a":2,"b":3}`))
	fmt.Println(anna.ask("add", "calculator", `{"a":-2,"b":3}`))
	// Output:
	// {"sum":5}
	// refused: negative
}

// OnMessage handles every action without a handler of its own.
func ExampleRoom_OnMessage() {
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("log", func(room *simplysocket.Room) error {
		room.OnMessage(func(_ *simplysocket.Member, msg *simplysocket.Message) error {
			fmt.Println(msg.Action, msg.MessageBody["n"], "to", msg.Target)
			return nil
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "log", "{}")
	anna.ask("count", "log", `{"n":9007199254740993}`)
	// Output: count 9007199254740993 to log
}

// Deliver sends a Message to its target: to all members, or to one.
func ExampleRoom_Deliver() {
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("echo", func(room *simplysocket.Room) error {
		room.OnMessage(func(m *simplysocket.Member, msg *simplysocket.Message) error {
			msg.IsTargetClient, msg.Target = true, m.ID()
			return room.Deliver(msg)
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "echo", "{}")
	anna.ask("hello-there", "echo", `{"text":"hi"}`)
	fmt.Println(anna.read("hello-there"))
	// Output: {"text":"hi"} from anna
}

// OnJoin decides who may enter, and replaces the default welcome and announcement.
func ExampleRoom_OnJoin() {
	srv := quiet(simplysocket.Options{})

	type Greeting struct {
		Message string `json:"message"`
	}
	type Guest struct {
		Nick string `json:"nick"`
	}
	srv.HandleRoom("salon", func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			var guest Guest
			if err := j.Params(&guest); err != nil {
				return err
			}
			if guest.Nick == "" {
				return simplysocket.Errorf("nick-missing", "who are you?")
			}
			if err := j.Welcome(Greeting{"Good evening, " + guest.Nick}); err != nil {
				return err
			}
			return room.Broadcast("arrived", guest, simplysocket.Except(j.Member))
		})
		return nil
	})

	s := play(srv)
	defer s.end()
	anna, bert := s.connect("anna"), s.connect("bert")
	fmt.Println(anna.ask("join-room", "salon", "{}"))
	anna.ask("join-room", "salon", `{"nick":"Ann"}`)
	bert.ask("join-room", "salon", `{"nick":"Bertie"}`)
	fmt.Println(anna.read("joined-room")[:36])
	fmt.Println(anna.read("arrived"))
	// Output:
	// refused: nick-missing
	// {"message":"Good evening, Ann","epoc
	// {"nick":"Bertie"} from server
}

// Keys name typed properties of rooms and members. They are usually package variables.
func ExampleNewKey() {
	var (
		level = simplysocket.NewKey[int]("level", simplysocket.Listed()) // shown in list-rooms
		score = simplysocket.NewKey[int]("score")
	)
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("game", func(room *simplysocket.Room) error {
		level.Set(room, 3)
		simplysocket.On(room, "hit", func(m *simplysocket.Member, _ simplysocket.None) error {
			score.Set(m, score.Value(m)+level.Value(room))
			fmt.Println("score", score.Value(m))
			return nil
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "game", "{}")
	anna.ask("hit", "game", "{}")
	anna.ask("hit", "game", "{}")
	fmt.Println(anna.ask("list-rooms", "lobby", "{}"))
	// Output:
	// score 3
	// score 6
	// {"rooms":[{"name":"game","members":1,"properties":{"level":3}}],"count":1}
}
