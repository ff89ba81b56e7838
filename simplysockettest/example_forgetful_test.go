package simplysockettest_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Total is the reply to "count".
type Total struct {
	Total int `json:"total"`
}

// Turnstile sets up a room that counts, and forgets its count with its process.
func Turnstile(room *simplysocket.Room) error {
	total := 0 // simplysocket.NewState would keep it
	simplysocket.OnCall(room, "count", func(*simplysocket.Member, simplysocket.None) (Total, error) {
		total++
		return Total{total}, nil
	})
	return nil
}

// Forgetful finds what a restored room would not have: here, a plain variable.
func ExampleForgetful() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "turnstile", Turnstile, simplysockettest.Forgetful())
		ann := room.Join("ann")
		ann.Send("count", nil)
		ann.Send("count", nil)
	})
	// Output: room "turnstile" answers differently after a restore: entry 3, "count" by ann: {"total":1}, and {"total":2} without. A plain variable of the setup is not kept: hold it in NewState or NewTable. Nor may a room use the time of the system, its own randomness or the order of a map.
}
