package simplysockettest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Auction sets up a room that does not go on by itself after a long time.
func Auction(room *simplysocket.Room) error {
	simplysocket.NewState(room, "bids", []int{})
	room.OnRestore(func(down time.Duration) error {
		if down > time.Hour {
			return simplysocket.Errorf("suspended", "an operator has to look at it")
		}
		return nil
	})
	return nil
}

// A room that refuses to be restored stays closed, and what is stored of it is kept.
func ExampleRoom_CrashRefused() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "auction/1", Auction)
		room.Join("ann")
		fmt.Println(room.CrashRefused(2 * time.Hour))
		fmt.Println(room.JoinRefused("suspended", "bob"))
	})
	// Output:
	// suspended: an operator has to look at it
	// an operator has to look at it
}
