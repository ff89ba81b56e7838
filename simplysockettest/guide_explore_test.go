package simplysockettest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// guide
func TestQuizExplored(t *testing.T) {
	simplysockettest.Explore(t, "quiz/1", Quiz, func(x *simplysockettest.Exploration) {
		x.Runs(200) // the default is 1000
		x.Action("ask", 1, func(*simplysockettest.Gen) any { return Question{"2+2?", "4"} })
		x.Action("guess", 3, func(g *simplysockettest.Gen) any { return Guess{g.Pick("4", "5")} })
		x.Invariant("points count up", func(room *simplysockettest.Room) error {
			for player, n := range simplysockettest.TableOf[string, int](room, "points") {
				if n < 1 {
					return fmt.Errorf("%s has %d", player, n)
				}
			}
			return nil
		})
		x.Invariant("the answer is a secret", func(room *simplysockettest.Room) error {
			for _, id := range room.Members() {
				for _, m := range room.Client(id).Messages() {
					var q Question
					if m.Action == "question" && m.Decode(&q) == nil && q.Answer != "" {
						return fmt.Errorf("%s can read %q", id, q.Answer)
					}
				}
			}
			return nil
		})
	})
}

// end

// guide

// Ticket is what is sold, and to whom.
type Ticket struct {
	Buyer string `json:"buyer"`
}

// Tickets sets up a room that sells the last ticket.
func Tickets(room *simplysocket.Room) error {
	sold := simplysocket.NewState(room, "sold", 0)
	pay := simplysocket.NewTask(room, "pay", func(context.Context, Ticket) (simplysocket.None, error) {
		return simplysocket.None{}, nil // asks a bank
	}, func(ticket Ticket, _ simplysocket.None, err error) error {
		if err != nil {
			return room.Broadcast("not-paid", ticket)
		}
		*sold++
		return room.Broadcast("sold", ticket)
	})
	simplysocket.On(room, "buy", func(m *simplysocket.Member, _ simplysocket.None) error {
		if *sold == 1 {
			return simplysocket.Errorf("sold-out", "there was one")
		}
		pay.Start(Ticket{m.ID()})
		return nil
	})
	return nil
}

// end

// TestGuideExplores: the steps that Explore is left with are those of the guide.
func TestGuideExplores(t *testing.T) {
	got := failing(t, func(t testing.TB) {
		// guide
		simplysockettest.Explore(t, "tickets", Tickets, func(x *simplysockettest.Exploration) {
			x.Invariant("one ticket is sold", func(room *simplysockettest.Room) error {
				if n := simplysockettest.StateOf[int](room, "sold"); n > 1 {
					return fmt.Errorf("%d were", n)
				}
				return nil
			})
		})
		// end
	})
	_, again, _ := strings.Cut(got, "func TestAgain")
	again, _, _ = strings.Cut(again, "\n}\n")
	if again = "func TestAgain" + again + "\n}\n"; !slices.Contains(guideBlocks(t, "text"), again) {
		t.Errorf("the guide does not show this:\n%s\nof:\n%s", again, got)
	}
}
