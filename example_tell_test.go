package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Win is what a duel tells the ranking, and what the ranking shows.
type Win struct {
	Winner string `json:"winner"`
	Wins   int    `json:"wins"`
}

// Duel sets up a room of two players, which tells the ranking who has won.
func Duel(room *simplysocket.Room) error {
	room.SetCapacity(2)
	simplysocket.On(room, "won", func(_ *simplysocket.Member, win Win) error {
		return room.Tell("ranking", "won", Win{Winner: win.Winner})
	})
	return nil
}

// Ranking sets up a room that counts the wins of all duels.
func Ranking(room *simplysocket.Room) error {
	wins := simplysocket.NewTable[string, int](room, "wins")
	simplysocket.OnServer(room, "won", func(win Win) error {
		n, _ := wins.Get(win.Winner)
		wins.Set(win.Winner, n+1)
		return room.Broadcast("ranked", Win{win.Winner, n + 1})
	})
	return nil
}

// A room tells another one what has happened. Between rooms that an engine keeps, each
// message arrives once, even if one of them crashes.
func ExampleRoom_Tell() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("duel/{id}", Duel)
		srv.HandleRoom("ranking", Ranking)
		host := simplysockettest.Serve(t, srv)

		ranked := make(chan Win, 2)
		_, err = host.Dial(nil).Join(t.Context(), "ranking", nil, func(room *client.Room) {
			client.On(room, "ranked", func(_ string, win Win) { ranked <- win })
		})
		if err != nil {
			t.Fatal(err)
		}
		duel, err := host.Dial(nil).Join(t.Context(), "duel/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := duel.Send(t.Context(), "won", Win{Winner: "anna"}); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Println(<-ranked)
		fmt.Println(<-ranked)
	})
	// Output:
	// {anna 1}
	// {anna 2}
}
