package simplysocket_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket"
)

// With a RoomRef any code of the server can send to a room, such as an HTTP handler.
func ExampleRoomRef() {
	type Price struct {
		Cents int `json:"cents"`
	}
	type Change struct {
		Was int `json:"was"`
	}
	srv := quiet(simplysocket.Options{})
	srv.HandleRoom("shop", func(room *simplysocket.Room) error {
		last := 0
		simplysocket.OnServer(room, "set-price", func(p Price) error {
			last = p.Cents
			return room.Broadcast("price", p)
		})
		simplysocket.OnServerCall(room, "change-price", func(p Price) (Change, error) {
			was := Change{last}
			last = p.Cents
			return was, room.Broadcast("price", p)
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	shop := srv.Room("shop")
	err := shop.Send("set-price", Price{100}) // a reference opens no room
	fmt.Println(errors.Is(err, simplysocket.ErrRoomClosed))

	anna := s.connect("anna")
	anna.ask("join-room", "shop", "{}")
	fmt.Println(shop.Send("set-price", Price{100}))
	var change Change
	fmt.Println(shop.Call(context.Background(), "change-price", Price{120}, &change), change.Was)
	fmt.Println(anna.read("price"))
	fmt.Println(anna.read("price"))
	// Output:
	// true
	// <nil>
	// <nil> 100
	// {"cents":100} from server
	// {"cents":120} from server
}
