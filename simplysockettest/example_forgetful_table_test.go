package simplysockettest_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Tally is a value of a table.
type Tally struct {
	Votes int `json:"votes"`
}

// Election sets up a room that changes what its table refers to, and does not set it.
func Election(room *simplysocket.Room) error {
	votes := simplysocket.NewTable[string, *Tally](room, "votes")
	simplysocket.On(room, "vote", func(m *simplysocket.Member, _ simplysocket.None) error {
		tally, ok := votes.Get(m.ID())
		if !ok {
			tally = &Tally{}
			votes.Set(m.ID(), tally)
		}
		tally.Votes++ // votes.Set is missing
		return nil
	})
	return nil
}

// What a table holds by reference has to be set as well.
func ExampleForgetful_table() {
	simplysockettest.Example(func(t testing.TB) {
		ann := simplysockettest.Open(t, "election", Election, simplysockettest.Forgetful()).Join("ann")
		ann.Send("vote", nil)
		ann.Send("vote", nil)
	})
	// Output: room "election" changes what it does not set: entry 3, "vote" by ann: table "votes", key "ann": its value was changed without Set: a restored room would not have the change. It is {"votes":2}, and was set to {"votes":1}.
}
