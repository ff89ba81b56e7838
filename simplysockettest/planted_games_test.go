package simplysockettest_test

import (
	"maps"
	"slices"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// plantedInGames returns rooms whose mistake shows late.
func plantedInGames() []planted {
	return []planted{lastRound(), cardOfLeaver(), redoAfterAdd(), missedDiagonal(), loweredOffer()}
}

// lastRound: a quiz has three questions.
func lastRound() planted {
	type quiz struct {
		Running bool
		Round   int // from 0
	}
	questions := []string{"What is a turn?", "Who is in the lobby?", "When does a room close?"}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "quiz", quiz{})
			simplysocket.On(room, "start", func(*simplysocket.Member, simplysocket.None) error {
				*s = quiz{Running: true}
				return room.Broadcast("question", map[string]string{"text": questions[0]})
			})
			simplysocket.On(room, "next", func(*simplysocket.Member, simplysocket.None) error {
				if !s.Running {
					return refusal("start the quiz first")
				}
				s.Round++
				if s.Round > len(questions) || s.Round == len(questions) && !buggy {
					s.Running = false
					return room.Broadcast("finished", nil)
				}
				return room.Broadcast("question", map[string]string{"text": questions[s.Round]})
			})
			return nil
		}
	}
	return planted{
		name: "one round too many", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "start"}, {name: "next"}},
		needs:    "the last round, without a new start on the way",
		shortest: 5,
		steps: []doing{
			by("ann").joins(), by("ann").sends("start", nil), by("ann").sends("next", nil), by("ann").sends("next", nil), by("ann").sends("next", nil),
		},
	}
}

// cardOfLeaver: who leaves puts the hand back, but what was offered can still be taken.
func cardOfLeaver() planted {
	type card struct{ Card int }
	type from struct{ Who string }
	type table struct {
		Pile   []int
		Hands  map[string][]int
		Offers map[string]int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "table", table{[]int{1, 2, 3, 4, 5, 6}, map[string][]int{}, map[string]int{}})
			show(room, func() table { return *s })
			without := func(cards []int, c int) []int {
				return slices.DeleteFunc(slices.Clone(cards), func(other int) bool { return other == c })
			}
			simplysocket.On(room, "draw", func(m *simplysocket.Member, _ simplysocket.None) error {
				if len(s.Pile) == 0 || len(s.Hands[m.ID()]) == 2 {
					return refusal("you cannot draw")
				}
				s.Hands[m.ID()] = append(s.Hands[m.ID()], s.Pile[0])
				s.Pile = s.Pile[1:]
				return nil
			})
			simplysocket.On(room, "offer", func(m *simplysocket.Member, o card) error {
				if !slices.Contains(s.Hands[m.ID()], o.Card) {
					return refusal("you do not have it")
				}
				s.Offers[m.ID()] = o.Card
				return room.Broadcast("offered", o, simplysocket.From(m))
			})
			simplysocket.On(room, "take", func(m *simplysocket.Member, f from) error {
				offered, ok := s.Offers[f.Who]
				if !ok || f.Who == m.ID() {
					return refusal("there is no such offer")
				}
				delete(s.Offers, f.Who)
				s.Hands[f.Who] = without(s.Hands[f.Who], offered)
				s.Hands[m.ID()] = append(s.Hands[m.ID()], offered)
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				s.Pile = append(s.Pile, s.Hands[m.ID()]...)
				delete(s.Hands, m.ID())
				if !buggy {
					delete(s.Offers, m.ID())
				}
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "an offer of somebody who has left", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"each card is there once": seen(func(_ *kit.Room, s table) error {
			all := slices.Clone(s.Pile)
			for _, hand := range s.Hands {
				all = append(all, hand...)
			}
			slices.Sort(all)
			return unless(slices.Equal(all, []int{1, 2, 3, 4, 5, 6}), "the cards are %v", all)
		})},
		actions: []action{
			{name: "draw"},
			{name: "offer", bodies: []any{card{1}, card{2}, card{3}, card{4}}},
			{name: "take", bodies: []any{from{"ann"}, from{"bob"}}},
		},
		needs:    "two members: one draws, offers that card and leaves, the other takes it",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("draw", nil), by("ann").sends("offer", card{1}),
			by("ann").leaves(), by("bob").sends("take", from{"ann"}),
		},
	}
}

// redoAfterAdd: what was undone can be redone until something else is added.
func redoAfterAdd() planted {
	type drawing struct{ Shapes, Undone []int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "drawing", drawing{})
			show(room, func() drawing { return *s })
			simplysocket.On(room, "add", func(m *simplysocket.Member, _ simplysocket.None) error {
				s.Shapes = append(s.Shapes, len(s.Shapes)+1)
				if !buggy {
					s.Undone = nil
				}
				return room.Broadcast("drawing", *s, simplysocket.From(m))
			})
			simplysocket.On(room, "undo", func(*simplysocket.Member, simplysocket.None) error {
				last := len(s.Shapes) - 1
				if last < 0 {
					return refusal("there is nothing to undo")
				}
				s.Undone = append(s.Undone, s.Shapes[last])
				s.Shapes = s.Shapes[:last]
				return room.Broadcast("drawing", *s)
			})
			simplysocket.On(room, "redo", func(*simplysocket.Member, simplysocket.None) error {
				last := len(s.Undone) - 1
				if last < 0 {
					return refusal("there is nothing to redo")
				}
				s.Shapes = append(s.Shapes, s.Undone[last])
				s.Undone = s.Undone[:last]
				return room.Broadcast("drawing", *s)
			})
			return nil
		}
	}
	return planted{
		name: "a redo of what was replaced", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"each shape is there once": seen(func(_ *kit.Room, s drawing) error {
			shapes := slices.Sorted(slices.Values(s.Shapes))
			return unless(len(slices.Compact(slices.Clone(shapes))) == len(shapes), "the shapes are %v", s.Shapes)
		})},
		actions:  []action{{name: "add"}, {name: "undo"}, {name: "redo"}},
		needs:    "four messages in one order",
		shortest: 5,
		steps: []doing{
			by("ann").joins(), by("ann").sends("add", nil), by("ann").sends("undo", nil), by("ann").sends("add", nil), by("ann").sends("redo", nil),
		},
	}
}

// missedDiagonal: three in a row on a board of nine.
func missedDiagonal() planted {
	type cell struct{ Cell int }
	type board struct {
		Cells   [9]string
		Players []string
		Turn    int
		Winner  string
	}
	right := [][3]int{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}
	winner := func(b *board, lines [][3]int) string {
		for _, l := range lines {
			if who := b.Cells[l[0]]; who != "" && who == b.Cells[l[1]] && who == b.Cells[l[2]] {
				return who
			}
		}
		return ""
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		lines := right
		if buggy {
			lines = slices.Clone(right[:7])
		}
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "board", board{})
			show(room, func() board { return *s })
			room.OnJoin(func(j *simplysocket.Join) error {
				if len(s.Players) < 2 {
					s.Players = append(s.Players, j.ID())
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				if slices.Contains(s.Players, m.ID()) {
					*s = board{Players: slices.DeleteFunc(s.Players, func(id string) bool { return id == m.ID() })}
				}
				return nil
			})
			simplysocket.On(room, "mark", func(m *simplysocket.Member, c cell) error {
				if len(s.Players) < 2 || s.Winner != "" || s.Players[s.Turn%2] != m.ID() || c.Cell < 0 || c.Cell > 8 || s.Cells[c.Cell] != "" {
					return refusal("you cannot do that")
				}
				s.Cells[c.Cell] = m.ID()
				s.Turn++
				s.Winner = winner(s, lines)
				return room.Broadcast("marked", *s)
			})
			return nil
		}
	}
	return planted{
		name: "a case that is missing from a list", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"three in a row win": seen(func(_ *kit.Room, s board) error {
			return unless(winner(&s, right) == s.Winner, "%q has won, and not %q", winner(&s, right), s.Winner)
		})},
		actions: []action{{name: "mark", bodies: []any{
			cell{0}, cell{1}, cell{2}, cell{3}, cell{4}, cell{5}, cell{6}, cell{7}, cell{8},
		}}},
		needs:    "five moves in turn, three of them by one player to certain places",
		shortest: 7,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("mark", cell{2}), by("bob").sends("mark", cell{0}),
			by("ann").sends("mark", cell{4}), by("bob").sends("mark", cell{1}), by("ann").sends("mark", cell{6}),
		},
	}
}

// loweredOffer: both sides of a trade confirm what they see.
func loweredOffer() planted {
	type coins struct{ Coins int }
	type trade struct {
		Sides     []string
		Offers    map[string]int
		Confirmed map[string]int // what a side expects
		Cheated   []string
		Done      int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "trade", trade{Offers: map[string]int{}, Confirmed: map[string]int{}})
			show(room, func() trade { return *s })
			other := func(m *simplysocket.Member) (id string, ok bool) {
				i := slices.Index(s.Sides, m.ID())
				if i < 0 || len(s.Sides) < 2 {
					return "", false
				}
				return s.Sides[1-i], true
			}
			room.OnJoin(func(j *simplysocket.Join) error {
				if len(s.Sides) < 2 {
					s.Sides = append(s.Sides, j.ID())
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				if at := slices.Index(s.Sides, m.ID()); at >= 0 {
					s.Sides = slices.Delete(s.Sides, at, at+1)
					clear(s.Offers)
					clear(s.Confirmed)
				}
				return nil
			})
			simplysocket.On(room, "offer", func(m *simplysocket.Member, c coins) error {
				if _, ok := other(m); !ok || c.Coins < 1 || c.Coins > 9 {
					return refusal("you cannot offer that")
				}
				s.Offers[m.ID()] = c.Coins
				clear(s.Confirmed)
				return nil
			})
			simplysocket.On(room, "lower", func(m *simplysocket.Member, _ simplysocket.None) error {
				if s.Offers[m.ID()] < 2 {
					return refusal("you offer one coin or nothing")
				}
				s.Offers[m.ID()]--
				if !buggy {
					clear(s.Confirmed)
				}
				return nil
			})
			simplysocket.On(room, "confirm", func(m *simplysocket.Member, _ simplysocket.None) error {
				them, ok := other(m)
				if !ok || s.Offers[m.ID()] == 0 || s.Offers[them] == 0 {
					return refusal("there is nothing to confirm")
				}
				s.Confirmed[m.ID()] = s.Offers[them]
				if len(s.Confirmed) < 2 {
					return nil
				}
				s.Done++
				for _, side := range []string{m.ID(), them} {
					for _, giver := range slices.Sorted(maps.Keys(s.Offers)) {
						if giver != side && s.Confirmed[side] != s.Offers[giver] {
							s.Cheated = append(s.Cheated, side)
						}
					}
				}
				clear(s.Offers)
				clear(s.Confirmed)
				return room.Broadcast("traded", nil)
			})
			return nil
		}
	}
	return planted{
		name: "a confirmation that outlives a change", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"all get what they have confirmed": seen(func(_ *kit.Room, s trade) error {
			return unless(len(s.Cheated) == 0, "%v have not", s.Cheated)
		})},
		actions:  []action{{name: "offer", bodies: []any{coins{1}, coins{2}, coins{3}}}, {name: "lower"}, {name: "confirm"}},
		needs:    "two members: both offer, one confirms, the other lowers and confirms",
		shortest: 7,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("offer", coins{1}), by("bob").sends("offer", coins{2}),
			by("ann").sends("confirm", nil), by("bob").sends("lower", nil), by("bob").sends("confirm", nil),
		},
	}
}
