package simplysockettest_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Tick is the body of "tick" and "ticked".
type Tick struct {
	N int `json:"n"`
}

// Clock sets up a room that passes ticks on.
func Clock(room *simplysocket.Room) error {
	simplysocket.On(room, "tick", func(_ *simplysocket.Member, tick Tick) error {
		return room.Broadcast("ticked", tick)
	})
	return nil
}

// A whole server and the Go client, in memory. To test with virtual time, do the same in
// testing/synctest.
func ExampleServe() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("clock", Clock)
		host := simplysockettest.Serve(t, srv)

		ticked := make(chan Tick, 2)
		room, err := host.Dial(nil).Join(t.Context(), "clock", nil, func(room *client.Room) {
			client.On(room, "ticked", func(_ string, tick Tick) { ticked <- tick })
		})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			if err := room.Send(t.Context(), "tick", Tick{n}); err != nil {
				t.Fatal(err)
			}
			host.Break() // the client resumes
		}
		fmt.Println(<-ticked, <-ticked)
	})
	// Output: {0} {1}
}
