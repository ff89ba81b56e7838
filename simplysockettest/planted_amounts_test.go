package simplysockettest_test

import (
	"maps"
	"math"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// plantedInAmounts returns rooms that take a number, or its absence, for granted.
func plantedInAmounts() []planted {
	return []planted{
		lastItem(), takenBeforeError(), negativeTransfer(), overflowingPrice(), indexOutOfHand(), absentField(), potOfNobody(),
	}
}

// lastItem: there is one ticket. Who has reserved pays later.
func lastItem() planted {
	type shop struct {
		Stock int
		Carts map[string]bool
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "shop", shop{1, map[string]bool{}})
			show(room, func() shop { return *s })
			simplysocket.On(room, "reserve", func(m *simplysocket.Member, _ simplysocket.None) error {
				if s.Stock == 0 {
					return refusal("sold out")
				}
				s.Carts[m.ID()] = true
				return nil
			})
			simplysocket.On(room, "pay", func(m *simplysocket.Member, _ simplysocket.None) error {
				if !s.Carts[m.ID()] {
					return refusal("your cart is empty")
				}
				if s.Stock == 0 && !buggy {
					return refusal("somebody was faster")
				}
				delete(s.Carts, m.ID())
				s.Stock--
				return m.Send("ticket", nil)
			})
			return nil
		}
	}
	return planted{
		name: "two members get the last item", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"no more is sold than there is": seen(func(_ *kit.Room, s shop) error {
			return unless(s.Stock >= 0, "%d are left", s.Stock)
		})},
		actions:  []action{{name: "reserve"}, {name: "pay"}},
		needs:    "two members that both reserve before both pay",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("reserve", nil), by("bob").sends("reserve", nil),
			by("ann").sends("pay", nil), by("bob").sends("pay", nil),
		},
	}
}

type transfer struct {
	To     string
	Amount int
}

// takenBeforeError: the sender has paid before the receiver is looked for.
func takenBeforeError() planted {
	type bank struct{ Accounts map[string]int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "bank", bank{map[string]int{}})
			show(room, func() bank { return *s })
			room.OnJoin(func(j *simplysocket.Join) error {
				if _, known := s.Accounts[j.ID()]; !known {
					s.Accounts[j.ID()] = 10
				}
				return nil
			})
			simplysocket.On(room, "transfer", func(m *simplysocket.Member, t transfer) error {
				_, known := s.Accounts[t.To]
				if t.Amount < 1 || t.Amount > s.Accounts[m.ID()] || !known && !buggy {
					return refusal("you cannot pay that")
				}
				s.Accounts[m.ID()] -= t.Amount
				if !known {
					return refusal("nobody has that name")
				}
				s.Accounts[t.To] += t.Amount
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a state changed before an error", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"no money is lost": seen(func(_ *kit.Room, s bank) error {
			sum := 0
			for _, coins := range s.Accounts {
				sum += coins
			}
			return unless(sum == 10*len(s.Accounts), "%d accounts have %d", len(s.Accounts), sum)
		})},
		actions:  []action{{name: "transfer", bodies: []any{transfer{"ann", 1}, transfer{"bob", 3}, transfer{"nobody", 3}}}},
		needs:    "a transfer to nobody",
		shortest: 2,
		steps:    []doing{by("ann").joins(), by("ann").sends("transfer", transfer{"nobody", 3})},
	}
}

// negativeTransfer: who pays less than nothing is paid.
func negativeTransfer() planted {
	type bank struct{ Accounts map[string]int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			accounts := simplysocket.NewTable[string, int](room, "accounts")
			show(room, func() bank { return bank{maps.Collect(accounts.All())} })
			room.OnJoin(func(j *simplysocket.Join) error {
				if !accounts.Has(j.ID()) {
					accounts.Set(j.ID(), 4)
				}
				return nil
			})
			simplysocket.On(room, "transfer", func(m *simplysocket.Member, t transfer) error {
				mine, _ := accounts.Get(m.ID())
				theirs, known := accounts.Get(t.To)
				if !known || t.To == m.ID() || t.Amount > mine || t.Amount < 0 && !buggy {
					return refusal("you cannot pay that")
				}
				accounts.Set(m.ID(), mine-t.Amount)
				accounts.Set(t.To, theirs+t.Amount)
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a negative amount", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"nobody owes anything": seen(func(_ *kit.Room, s bank) error {
			for who, coins := range s.Accounts {
				if err := unless(coins >= 0, "%s has %d", who, coins); err != nil {
					return err
				}
			}
			return nil
		})},
		actions:  []action{{name: "transfer", bodies: []any{transfer{"ann", 1}, transfer{"bob", 3}}}},
		needs:    "two members, and an amount that is in no example: less than -4",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("bob").joins(), by("ann").sends("transfer", transfer{"bob", -5})},
	}
}

// overflowingPrice: so many apples are bought that they cost less than nothing.
func overflowingPrice() planted {
	type order struct{ Quantity int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			purses := simplysocket.NewTable[string, purse](room, "purses")
			show(room, func() map[string]purse { return maps.Collect(purses.All()) })
			simplysocket.On(room, "buy", func(m *simplysocket.Member, o order) error {
				p, known := purses.Get(m.ID())
				if !known {
					p.Gold = 20
				}
				if o.Quantity < 1 || o.Quantity*4 > p.Gold || o.Quantity > 100 && !buggy {
					return refusal("you cannot pay that")
				}
				purses.Set(m.ID(), purse{p.Gold - o.Quantity*4, p.Apples + o.Quantity})
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a price that overflows", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"20 buy five": seen(func(_ *kit.Room, purses map[string]purse) error {
			for who, p := range purses {
				if err := unless(p.Apples >= 0 && p.Apples <= 5 && p.Gold <= 20, "%s has %+v", who, p); err != nil {
					return err
				}
			}
			return nil
		})},
		actions:  []action{{name: "buy", bodies: []any{order{1}, order{2}, order{6}}}},
		needs:    "a quantity that is in no example: near the greatest number",
		shortest: 2,
		steps:    []doing{by("ann").joins(), by("ann").sends("buy", order{math.MaxInt})},
	}
}

// indexOutOfHand: a card is named by its place in the hand.
func indexOutOfHand() planted {
	type place struct{ Index int }
	type hands struct{ Cards map[string][]string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "hands", hands{map[string][]string{}})
			room.OnJoin(func(j *simplysocket.Join) error {
				s.Cards[j.ID()] = []string{"ace", "king", "queen"}
				return nil
			})
			simplysocket.On(room, "play", func(m *simplysocket.Member, p place) error {
				hand := s.Cards[m.ID()]
				if p.Index < 0 || p.Index > len(hand) || p.Index == len(hand) && !buggy {
					return refusal("you have no such card")
				}
				card := hand[p.Index]
				s.Cards[m.ID()] = append(hand[:p.Index:p.Index], hand[p.Index+1:]...)
				return room.Broadcast("played", map[string]string{"card": card}, simplysocket.From(m))
			})
			return nil
		}
	}
	return planted{
		name: "an index out of range", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "play", bodies: []any{place{0}, place{1}, place{2}}}},
		needs:    "the place after the last: one that is in no example, or an example after cards were played",
		shortest: 2,
		steps:    []doing{by("ann").joins(), by("ann").sends("play", place{3})},
	}
}

// absentField: a move has a target in all clients that its author knows.
func absentField() planted {
	type square struct{ X, Y int }
	type move struct {
		Piece string
		To    *square
	}
	type board struct{ Pieces map[string]square }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "board", board{map[string]square{"king": {4, 0}, "pawn": {4, 1}}})
			simplysocket.On(room, "move", func(m *simplysocket.Member, to move) error {
				if _, ok := s.Pieces[to.Piece]; !ok || to.To == nil && !buggy {
					return refusal("there is no such move")
				}
				if to.To.X < 0 || to.To.X > 7 || to.To.Y < 0 || to.To.Y > 7 {
					return refusal("that is not on the board")
				}
				s.Pieces[to.Piece] = *to.To
				return room.Broadcast("moved", to, simplysocket.From(m))
			})
			return nil
		}
	}
	return planted{
		name: "a field that is not there", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "move", bodies: []any{move{"king", &square{4, 1}}, move{"pawn", &square{4, 2}}}}},
		needs:    "a body like the examples, but without one field",
		shortest: 2,
		steps:    []doing{by("ann").joins(), by("ann").sends("move", move{"king", nil})},
	}
}

// potOfNobody: the pot is split among those that have not folded.
func potOfNobody() planted {
	type pot struct {
		Coins int
		In    map[string]bool
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "pot", pot{In: map[string]bool{}})
			simplysocket.On(room, "bet", func(m *simplysocket.Member, _ simplysocket.None) error {
				s.Coins++
				s.In[m.ID()] = true
				return nil
			})
			simplysocket.On(room, "fold", func(m *simplysocket.Member, _ simplysocket.None) error {
				if !s.In[m.ID()] {
					return refusal("you are not in")
				}
				delete(s.In, m.ID())
				return nil
			})
			simplysocket.On(room, "split", func(*simplysocket.Member, simplysocket.None) error {
				if s.Coins == 0 || len(s.In) == 0 && !buggy {
					return refusal("there is nothing to split")
				}
				share := s.Coins / len(s.In)
				*s = pot{In: map[string]bool{}}
				return room.Broadcast("share", map[string]int{"coins": share})
			})
			return nil
		}
	}
	return planted{
		name: "a division by zero", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "bet"}, {name: "fold"}, {name: "split"}},
		needs:    "everybody folds before the split",
		shortest: 4,
		steps:    []doing{by("ann").joins(), by("ann").sends("bet", nil), by("ann").sends("fold", nil), by("ann").sends("split", nil)},
	}
}
