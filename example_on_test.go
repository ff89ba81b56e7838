package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Bid is the body of "bid".
type Bid struct {
	Cents int `json:"cents"`
}

// Auction sets up a room in which the highest bid counts.
func Auction(room *simplysocket.Room) error {
	highest := simplysocket.NewState(room, "highest", Bid{})
	simplysocket.On(room, "bid", func(m *simplysocket.Member, bid Bid) error {
		if bid.Cents <= highest.Cents {
			return simplysocket.Errorf("too-low", "the highest bid is %d", highest.Cents)
		}
		*highest = bid
		return room.Broadcast("highest-bid", bid, simplysocket.From(m))
	})
	return nil
}

// The body is decoded into the type of the handler. An error goes to the sender.
func ExampleOn() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "auction/7", Auction)
		anna, bert := room.Join("anna"), room.Join("bert")

		anna.Send("bid", Bid{500})
		fmt.Println(simplysockettest.Expect[Bid](bert, "highest-bid").Cents)

		fmt.Println(bert.TrySend("bid", Bid{400}))
		fmt.Println(bert.TrySend("bid", map[string]string{"cents": "many"}) != nil) // code bad-message
		fmt.Println(bert.TrySend("shout", nil))
	})
	// Output:
	// 500
	// too-low: the highest bid is 500
	// true
	// unknown-action: room "auction/7" has no action "shout"
}
