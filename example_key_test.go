package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

var (
	level = simplysocket.NewKey[int]("level", simplysocket.Listed()) // shown in list-rooms
	hits  = simplysocket.NewKey[int]("hits")
)

// Points is the reply to "hit".
type Points struct {
	Score int `json:"score"`
}

// Arcade sets up a game in which a hit counts as much as the level.
func Arcade(room *simplysocket.Room) error {
	level.Set(room, 3)
	simplysocket.OnCall(room, "hit", func(m *simplysocket.Member, _ simplysocket.None) (Points, error) {
		hits.Set(m, hits.Value(m)+level.Value(room))
		return Points{hits.Value(m)}, nil
	})
	return nil
}

// Keys name typed properties of rooms and members. They are usually package variables.
func ExampleNewKey() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("arcade", Arcade)
		conn := simplysockettest.Serve(t, srv).Dial(nil)
		room, err := conn.Join(t.Context(), "arcade", nil)
		if err != nil {
			t.Fatal(err)
		}

		for range 2 {
			points, err := client.Call[Points](t.Context(), room, "hit", nil)
			fmt.Println("score", points.Score, err)
		}
		page, err := conn.ListRooms(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range page.Rooms {
			fmt.Printf("%s %s\n", info.Name, info.Properties)
		}
	})
	// Output:
	// score 3 <nil>
	// score 6 <nil>
	// arcade {"level":3}
}
