package simplysocket_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Price is the body of "set-price", "change-price" and "price".
type Price struct {
	Cents int `json:"cents"`
}

// Change is the reply to "change-price".
type Change struct {
	Was int `json:"was"`
}

// Shop sets up a room whose members see the price, which the server's own code sets.
func Shop(room *simplysocket.Room) error {
	last := simplysocket.NewState(room, "last", Price{})
	simplysocket.OnServer(room, "set-price", func(p Price) error {
		*last = p
		return room.Broadcast("price", p)
	})
	simplysocket.OnServerCall(room, "change-price", func(p Price) (Change, error) {
		was := Change{last.Cents}
		*last = p
		return was, room.Broadcast("price", p)
	})
	return nil
}

// With a RoomRef any code of the server can send to a room, such as an HTTP handler.
func ExampleRoomRef() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("shop", Shop)
		shop := srv.Room("shop")
		err = shop.Send("set-price", Price{100}) // a reference opens no room
		fmt.Println(errors.Is(err, simplysocket.ErrRoomClosed))

		prices := make(chan Price, 2)
		_, err = simplysockettest.Serve(t, srv).Dial(nil).Join(t.Context(), "shop", nil, func(room *client.Room) {
			client.On(room, "price", func(_ string, p Price) { prices <- p })
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(shop.Send("set-price", Price{100}))
		var change Change
		fmt.Println(shop.Call(t.Context(), "change-price", Price{120}, &change), change.Was)
		fmt.Println(<-prices, <-prices)
	})
	// Output:
	// true
	// <nil>
	// <nil> 100
	// {100} {120}
}
