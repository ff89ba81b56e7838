package simplysocket_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// gate lets clients in, or refuses all of them. OnConnect runs concurrently.
type gate struct{ closed atomic.Bool }

func (g *gate) admit(_ context.Context, c *simplysocket.Client) error {
	if g.closed.Load() {
		return simplysocket.Errorf("maintenance", "come back tomorrow")
	}
	return c.Join("hall", nil) // everybody starts there
}

// OnConnect refuses clients, or puts them in rooms.
func ExampleServer_OnConnect() {
	simplysockettest.Example(func(t testing.TB) {
		var g gate
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.OnConnect(g.admit)
		host := simplysockettest.Serve(t, srv)

		joined := make(chan string, 1)
		host.Dial(&client.Options{OnRoom: func(room *client.Room) { joined <- room.Name() }})
		fmt.Println("in", <-joined)

		g.closed.Store(true)
		_, err = host.TryDial(t.Context(), "", nil)
		fmt.Println(err)
	})
	// Output:
	// in hall
	// client: connection closed: 4003 disconnected: maintenance: come back tomorrow
}
