package simplysockettest_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Switch sets up a room that only Ann may use.
func Switch(room *simplysocket.Room) error {
	simplysocket.On(room, "turn-on", func(m *simplysocket.Member, _ simplysocket.None) error {
		if m.ID() != "ann" {
			return simplysocket.Errorf("not-ann", "ask ann")
		}
		return nil
	})
	return nil
}

// Example stands in for a test and prints what has failed.
func ExampleExample() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "switch", Switch)
		room.Join("bob").Send("turn-on", nil)
	})
	// Output: room "switch" refused "turn-on" of bob: not-ann: ask ann
}
