package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Numbers is what "add" takes.
type Numbers struct{ A, B int }

// Sum is its reply.
type Sum struct {
	Sum int `json:"sum"`
}

// Calculator sets up a room that adds.
func Calculator(room *simplysocket.Room) error {
	simplysocket.OnCall(room, "add", func(_ *simplysocket.Member, n Numbers) (Sum, error) {
		if n.A < 0 || n.B < 0 {
			return Sum{}, simplysocket.Errorf("negative", "only whole numbers from 0 on")
		}
		return Sum{n.A + n.B}, nil
	})
	return nil
}

// The handler's result is the reply, which the client's Call returns.
func ExampleOnCall() {
	simplysockettest.Example(func(t testing.TB) {
		anna := simplysockettest.Open(t, "calculator", Calculator).Join("anna")
		var reply Sum
		fmt.Println(anna.Call("add", Numbers{2, 3}, &reply), reply.Sum)
		fmt.Println(anna.Call("add", Numbers{-2, 3}, &reply))
	})
	// Output:
	// <nil> 5
	// negative: only whole numbers from 0 on
}
