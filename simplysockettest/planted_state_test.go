package simplysockettest_test

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// visits is of the whole program.
var visits atomic.Int64

// looselyMuted and muted are the same property of a member, kept and not.
var (
	looselyMuted = simplysocket.NewKey[bool]("muted", simplysocket.Transient())
	muted        = simplysocket.NewKey[bool]("muted")
)

// plantedInState returns rooms that do not keep what they should.
func plantedInState() []planted {
	return []planted{
		plainVariable(), emptyMap(), sharedSlice(), hiddenField(), changedAfterSet(), pointersInTable(),
		pointersInRecords(), transientProperty(), orderOfMap(), packageVariable(), rememberedTooShort(),
	}
}

// plainVariable: nobody may speak twice in a row.
func plainVariable() planted {
	type line struct{ Text string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			var plain string
			last := simplysocket.NewState(room, "last", "")
			if buggy {
				last = &plain
			}
			simplysocket.On(room, "say", func(m *simplysocket.Member, said line) error {
				if *last == m.ID() {
					return refusal("somebody else has to say something first")
				}
				*last = m.ID()
				return room.Broadcast("said", said, simplysocket.From(m))
			})
			return nil
		}
	}
	return planted{
		name: "a plain variable that a restore loses", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "say", bodies: []any{line{"hello"}, line{"well"}}}},
		needs:    "a restore between two messages of one member",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("say", line{"hello"}), by("ann").sends("say", line{"well"})},
	}
}

// emptyMap: a poll whose votes are not written down while there are none.
func emptyMap() planted {
	type poll struct {
		Question string         `json:"question"`
		Votes    map[string]int `json:"votes,omitempty"`
	}
	type vote struct{ Option int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			current := simplysocket.NewState(room, "poll", poll{})
			show(room, func() poll { return *current })
			simplysocket.On(room, "ask", func(_ *simplysocket.Member, p poll) error {
				*current = poll{Question: p.Question, Votes: map[string]int{}}
				return room.Broadcast("asked", *current)
			})
			simplysocket.On(room, "vote", func(m *simplysocket.Member, v vote) error {
				if current.Question == "" {
					return refusal("there is no poll")
				}
				if current.Votes == nil && !buggy {
					current.Votes = map[string]int{}
				}
				current.Votes[m.ID()] = v.Option
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a map that is nil after a restore", buggy: room(true), fixed: room(false),
		actions: []action{
			{name: "ask", bodies: []any{poll{Question: "tea or coffee?"}}},
			{name: "vote", bodies: []any{vote{1}, vote{2}}},
		},
		needs:    "a restore between the question and the first vote",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("ask", poll{Question: "tea or coffee?"}), by("ann").sends("vote", vote{1})},
	}
}

// sharedSlice: hands that share the memory of the deck.
func sharedSlice() planted {
	type game struct {
		Deck  []int
		Hands map[string][]int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			g := simplysocket.NewState(room, "game", game{})
			show(room, func() game { return *g })
			simplysocket.On(room, "deal", func(*simplysocket.Member, simplysocket.None) error {
				if room.Len() > 4 {
					return refusal("too many")
				}
				*g = game{Deck: []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, Hands: map[string][]int{}}
				for m := range room.Members() {
					hand := g.Deck[:2]
					if !buggy {
						hand = slices.Clone(hand)
					}
					g.Hands[m.ID()], g.Deck = hand, g.Deck[2:]
				}
				return room.Broadcast("dealt", nil)
			})
			simplysocket.On(room, "draw", func(m *simplysocket.Member, _ simplysocket.None) error {
				if g.Hands[m.ID()] == nil || len(g.Deck) == 0 {
					return refusal("there is nothing to draw")
				}
				g.Hands[m.ID()] = append(g.Hands[m.ID()], g.Deck[0])
				g.Deck = g.Deck[1:]
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a slice that two values share", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"each card is there once": seen(func(_ *kit.Room, g game) error {
			all := slices.Clone(g.Deck)
			for _, hand := range g.Hands {
				all = append(all, hand...)
			}
			slices.Sort(all)
			return unless(len(slices.Compact(slices.Clone(all))) == len(all), "the cards are %v", all)
		})},
		actions:  []action{{name: "deal"}, {name: "draw"}},
		needs:    "two members, and a draw by the first",
		shortest: 4,
		steps:    []doing{by("ann").joins(), by("bob").joins(), by("ann").sends("deal", nil), by("ann").sends("draw", nil)},
	}
}

// hiddenField: the word is hidden from the players, and from the store.
func hiddenField() planted {
	type hidden struct {
		Word  string `json:"-"`
		Found string `json:"found"`
		Wrong int    `json:"wrong"`
	}
	type choice struct{ Word string }
	type guess struct{ Letter string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			g := simplysocket.NewState(room, "game", hidden{})
			secret := simplysocket.NewState(room, "secret", "")
			simplysocket.On(room, "choose", func(_ *simplysocket.Member, c choice) error {
				if len(c.Word) < 1 || len(c.Word) > 12 {
					return refusal("a word has 1 to 12 letters")
				}
				*g = hidden{Word: c.Word}
				if !buggy {
					*secret = c.Word
				}
				return room.Broadcast("chosen", *g)
			})
			simplysocket.On(room, "guess", func(_ *simplysocket.Member, guessed guess) error {
				word := *secret
				if buggy {
					word = g.Word
				}
				if len(guessed.Letter) != 1 || len(g.Found) > 12 {
					return refusal("guess one letter")
				}
				if strings.Contains(word, guessed.Letter) {
					g.Found += guessed.Letter
				} else {
					g.Wrong++
				}
				return room.Broadcast("guessed", *g)
			})
			return nil
		}
	}
	return planted{
		name: "an exported field that is not written down", buggy: room(true), fixed: room(false),
		actions: []action{
			{name: "choose", bodies: []any{choice{"apple"}, choice{"bread"}}},
			{name: "guess", bodies: []any{guess{"a"}, guess{"e"}, guess{"x"}}},
		},
		needs:    "a restore before a right guess",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("choose", choice{"apple"}), by("ann").sends("guess", guess{"a"})},
	}
}

type purse struct{ Gold, Apples int }

// changedAfterSet: a copy of a table's value that is changed after it was set.
func changedAfterSet() planted {
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			purses := simplysocket.NewTable[string, purse](room, "purses")
			show(room, func() map[string]purse { return maps.Collect(purses.All()) })
			room.OnJoin(func(j *simplysocket.Join) error {
				if !purses.Has(j.ID()) {
					purses.Set(j.ID(), purse{Gold: 10})
				}
				return nil
			})
			simplysocket.On(room, "buy", func(m *simplysocket.Member, _ simplysocket.None) error {
				p, _ := purses.Get(m.ID())
				if p.Gold < 3 {
					return refusal("an apple costs 3")
				}
				p.Gold -= 3
				purses.Set(m.ID(), p)
				p.Apples++
				if !buggy {
					purses.Set(m.ID(), p)
				}
				return m.Send("bought", p)
			})
			return nil
		}
	}
	return planted{
		name: "a table value changed without Set", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"gold and apples are worth 10": seen(func(_ *kit.Room, purses map[string]purse) error {
			for who, p := range purses {
				if err := unless(p.Gold+3*p.Apples == 10, "%s has %+v", who, p); err != nil {
					return err
				}
			}
			return nil
		})},
		actions:  []action{{name: "buy"}},
		needs:    "one message",
		shortest: 2,
		steps:    []doing{by("ann").joins(), by("ann").sends("buy", nil)},
	}
}

// pointersInTable: a value behind a pointer is changed before the error that should undo it.
func pointersInTable() planted {
	type bidder struct{ Held int }
	type bid struct{ Amount int }
	type view struct{ High, Held int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			bidders := simplysocket.NewTable[string, *bidder](room, "bidders")
			high := simplysocket.NewState(room, "high", 0)
			show(room, func() (v view) {
				v.High = *high
				for _, b := range bidders.All() {
					v.Held += b.Held
				}
				return v
			})
			simplysocket.On(room, "bid", func(m *simplysocket.Member, offered bid) error {
				if offered.Amount < 1 || offered.Amount > 1000 {
					return refusal("bid 1 to 1000")
				}
				mine, ok := bidders.Get(m.ID())
				if !ok || !buggy {
					mine = &bidder{}
				}
				mine.Held = offered.Amount
				bidders.Set(m.ID(), mine)
				if offered.Amount <= *high {
					return refusal("that is too low")
				}
				for id := range bidders.All() {
					if id != m.ID() {
						bidders.Delete(id)
					}
				}
				*high = offered.Amount
				return room.Broadcast("bid", offered, simplysocket.From(m))
			})
			return nil
		}
	}
	return planted{
		name: "a table of pointers, changed before an error", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"what is held is the highest bid": seen(func(_ *kit.Room, v view) error {
			return unless(v.High == v.Held, "%d is held for a bid of %d", v.Held, v.High)
		})},
		actions:  []action{{name: "bid", bodies: []any{bid{1}, bid{5}, bid{20}}}},
		needs:    "a bid and a lower one by the same member",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("bid", bid{5}), by("ann").sends("bid", bid{1})},
	}
}

// pointersInRecords: a value behind a pointer is changed, and the table is not told.
func pointersInRecords() planted {
	type player struct{ Points int }
	type view struct{ Total, Points int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			room.SetEmptyTimeout(simplysocket.Forever)
			players := simplysocket.NewTable[string, *player](room, "players")
			total := simplysocket.NewState(room, "total", 0)
			look := func() (v view) {
				v.Total = *total
				for _, p := range players.All() {
					v.Points += p.Points
				}
				return v
			}
			show(room, look)
			simplysocket.OnCall(room, "look", func(*simplysocket.Member, simplysocket.None) (view, error) { return look(), nil })
			room.OnJoin(func(j *simplysocket.Join) error {
				if !players.Has(j.ID()) {
					players.Set(j.ID(), &player{})
				}
				return nil
			})
			simplysocket.On(room, "score", func(m *simplysocket.Member, _ simplysocket.None) error {
				p, _ := players.Get(m.ID())
				if buggy {
					p.Points++
				} else {
					players.Set(m.ID(), &player{p.Points + 1})
				}
				*total++
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a table of pointers, changed without Set", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"the points add up": seen(func(_ *kit.Room, v view) error {
			return unless(v.Total == v.Points, "%d points of %d", v.Points, v.Total)
		})},
		actions:  []action{{name: "score"}, {name: "look"}},
		needs:    "a crash after which the room is made of the records of its turns, not of a snapshot",
		shortest: 3, crash: true, records: true,
		steps: []doing{by("ann").joins(), by("ann").sends("score", nil), crashes(0)},
	}
}

// transientProperty: who is muted may speak after a restore.
func transientProperty() planted {
	type whom struct{ Who string }
	type line struct{ Text string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		key := muted
		if buggy {
			key = looselyMuted
		}
		return func(room *simplysocket.Room) error {
			simplysocket.On(room, "mute", func(_ *simplysocket.Member, w whom) error {
				m := room.Member(w.Who)
				if m == nil {
					return refusal("there is no such member")
				}
				key.Set(m, true)
				return nil
			})
			simplysocket.On(room, "say", func(m *simplysocket.Member, said line) error {
				if key.Value(m) {
					return refusal("you are muted")
				}
				return room.Broadcast("said", said, simplysocket.From(m))
			})
			return nil
		}
	}
	return planted{
		name: "a transient property that matters", buggy: room(true), fixed: room(false),
		actions: []action{
			{name: "mute", bodies: []any{whom{"ann"}, whom{"bob"}}},
			{name: "say", bodies: []any{line{"hello"}}},
		},
		needs:    "a restore before a muted member speaks",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("mute", whom{"ann"}), by("ann").sends("say", line{"hello"})},
	}
}

// orderOfMap: the winner is the first that the loop over a map finds.
func orderOfMap() planted {
	type raffle struct{ Tickets map[string]int }
	type winner struct{ Who string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			r := simplysocket.NewState(room, "raffle", raffle{Tickets: map[string]int{}})
			simplysocket.On(room, "enter", func(m *simplysocket.Member, _ simplysocket.None) error {
				r.Tickets[m.ID()] = 1
				return nil
			})
			simplysocket.On(room, "pick", func(*simplysocket.Member, simplysocket.None) error {
				if len(r.Tickets) == 0 {
					return refusal("nobody takes part")
				}
				who := ""
				if buggy {
					for who = range r.Tickets {
						break
					}
				} else {
					names := slices.Sorted(maps.Keys(r.Tickets))
					who = names[room.Rand().IntN(len(names))]
				}
				r.Tickets = map[string]int{}
				return room.Broadcast("won", winner{who})
			})
			return nil
		}
	}
	return planted{
		name: "the order of a map", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "enter"}, {name: "pick"}},
		needs:    "two members that take part, and luck: it shows in one of two runs",
		shortest: 5, chance: true,
		steps: []doing{by("ann").joins(), by("bob").joins(), by("ann").sends("enter", nil), by("bob").sends("enter", nil), by("ann").sends("pick", nil)},
	}
}

// packageVariable: a counter that all rooms of the program share.
func packageVariable() planted {
	type count struct{ Visits int64 }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			own := simplysocket.NewState(room, "visits", int64(0))
			room.OnJoin(func(j *simplysocket.Join) error {
				*own++
				n := *own
				if buggy {
					n = visits.Add(1)
				}
				return j.Welcome(count{n})
			})
			return nil
		}
	}
	return planted{
		name: "a variable outside of the setup", buggy: room(true), fixed: room(false),
		needs:    "one join, in a room that has a twin",
		shortest: 1,
		steps:    []doing{by("ann").joins()},
	}
}

// rememberedTooShort: an order that is sent again is known by its key, but only the newest key
// is remembered.
func rememberedTooShort() planted {
	type order struct{ Key string }
	type book struct {
		Last   string
		Keys   []string
		Orders []string
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			b := simplysocket.NewState(room, "book", book{})
			show(room, func() book { return *b })
			simplysocket.On(room, "order", func(m *simplysocket.Member, o order) error {
				known := b.Last == o.Key
				if !buggy {
					known = slices.Contains(b.Keys, o.Key)
				}
				switch {
				case o.Key == "" || len(b.Orders) > 50:
					return refusal("not now")
				case known:
					return m.Send("ordered", o) // it was sent again
				}
				b.Last, b.Orders = o.Key, append(b.Orders, o.Key)
				if !buggy {
					b.Keys = append(b.Keys, o.Key)
				}
				return m.Send("ordered", o)
			})
			return nil
		}
	}
	return planted{
		name: "an answer remembered for too short", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"nothing is ordered twice": seen(func(_ *kit.Room, b book) error {
			orders := slices.Sorted(slices.Values(b.Orders))
			return unless(len(slices.Compact(slices.Clone(orders))) == len(orders), "the orders are %v", orders)
		})},
		actions:  []action{{name: "order", bodies: []any{order{"k1"}, order{"k2"}, order{"k3"}}}},
		needs:    "a message that is sent again after another one",
		shortest: 4,
		steps: []doing{
			by("ann").joins(), by("ann").sends("order", order{"k1"}), by("ann").sends("order", order{"k2"}), by("ann").sends("order", order{"k1"}),
		},
	}
}
