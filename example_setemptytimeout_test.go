package simplysocket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Campfire sets up a room that goes out when nobody has been there for ten minutes.
func Campfire(room *simplysocket.Room) error {
	room.SetEmptyTimeout(10 * time.Minute)
	return nil
}

// Lighthouse sets up a room that is never closed for being empty.
func Lighthouse(room *simplysocket.Room) error {
	room.SetEmptyTimeout(simplysocket.Forever)
	return nil
}

// SetEmptyTimeout sets how long a room outlives its last member.
func ExampleRoom_SetEmptyTimeout() {
	simplysockettest.Example(func(t testing.TB) {
		for _, setup := range []func(*simplysocket.Room) error{Campfire, Lighthouse} {
			room := simplysockettest.Open(t, "place", setup)
			room.Join("anna").Leave()
			room.Advance(9 * time.Minute)
			before := room.Closed()
			room.Advance(time.Minute)
			fmt.Println("closed after 9 minutes:", before, "after 10:", room.Closed())
		}
	})
	// Output:
	// closed after 9 minutes: false after 10: true
	// closed after 9 minutes: false after 10: false
}
