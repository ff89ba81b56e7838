package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Item is a line of a shopping list.
type Item struct {
	What string `json:"what"`
	Many int    `json:"many"`
}

// List is the reply to "list".
type List struct {
	Items []Item `json:"items"`
}

// Shopping sets up a room that keeps a shopping list.
func Shopping(room *simplysocket.Room) error {
	list := simplysocket.NewTable[string, Item](room, "list")
	simplysocket.On(room, "need", func(_ *simplysocket.Member, more Item) error {
		item, _ := list.Get(more.What)
		item.What, item.Many = more.What, item.Many+more.Many
		list.Set(item.What, item) // the value was a copy
		if item.Many > 10 {
			return simplysocket.Errorf("too-heavy", "who is to carry that?") // undoes Set
		}
		return nil
	})
	simplysocket.On(room, "bought", func(_ *simplysocket.Member, item Item) error {
		list.Delete(item.What)
		return nil
	})
	simplysocket.OnCall(room, "list", func(*simplysocket.Member, simplysocket.None) (List, error) {
		var reply List
		for _, item := range list.All() { // in the order in which keys were set first
			reply.Items = append(reply.Items, item)
		}
		return reply, nil
	})
	return nil
}

// Of a table only the values that have changed are written down, so it may hold many.
func ExampleNewTable() {
	simplysockettest.Example(func(t testing.TB) {
		anna := simplysockettest.Open(t, "list/home", Shopping, simplysockettest.Forgetful()).Join("anna")
		anna.Send("need", Item{"milk", 1})
		anna.Send("need", Item{"bread", 2})
		anna.Send("need", Item{"apples", 5})
		anna.Send("bought", Item{What: "bread"})
		anna.Send("need", Item{"milk", 1})
		anna.SendRefused("too-heavy", "need", Item{"apples", 6})

		var list List
		fmt.Println(anna.Call("list", nil, &list), list.Items)
	})
	// Output: <nil> [{milk 2} {apples 5}]
}
