package simplysocket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Seat says what has become of a player.
type Seat struct {
	Player string `json:"player"`
	State  string `json:"state"`
}

// Table sets up a room that tells the players who is there.
func Table(room *simplysocket.Room) error {
	tell := func(m *simplysocket.Member, state string) error {
		return room.Broadcast("seat", Seat{m.ID(), state}, simplysocket.Except(m))
	}
	room.OnDrop(func(m *simplysocket.Member) error { return tell(m, "away") })
	room.OnResume(func(m *simplysocket.Member) error { return tell(m, "back") })
	room.OnLeave(func(m *simplysocket.Member, reason simplysocket.LeaveReason) error {
		if reason == simplysocket.LeaveReasonDropped {
			return tell(m, "lost")
		}
		return tell(m, "gone")
	})
	return nil
}

// A member whose connection breaks stays a member for Options.ResumeWindow.
func ExampleRoom_OnDrop() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "table/1", Table)
		anna, bert := room.Join("anna"), room.Join("bert")

		bert.Drop()
		room.Advance(10 * time.Second)
		bert.Resume() // and receives what it has missed

		bert.Drop()
		room.Advance(time.Minute) // longer than the resume window
		for range 4 {
			seat := simplysockettest.Expect[Seat](anna, "seat")
			fmt.Println(seat.Player, "is", seat.State)
		}
	})
	// Output:
	// bert is away
	// bert is back
	// bert is away
	// bert is lost
}
