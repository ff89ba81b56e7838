package simplysockettest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// bug is a room with a mistake, if it is made with one, and without.
type bug struct {
	name  string
	room  func(mistake bool) func(*simplysocket.Room) error
	check func(*kit.Exploration) // nil: nothing is configured
}

type none = simplysocket.None

// refuse is the error of what is against the rules.
func refuse(why string) error { return simplysocket.Errorf("refused", "%s", why) }

type amount struct {
	To     string `json:"to"`
	Amount int    `json:"amount"`
}

type turns struct {
	Order []string
	At    int
	Told  string // who was told last that it is their turn
}

type lot struct{ Left, Sold int }

type charge struct {
	ID string `json:"id"`
}

var bugs = append(quizzed("capacity", "rejoin", "timer lost on a drop", "score after a resume", "plain variable",
	"panic for an empty word", "first guess does not end"), []bug{
	{"a race between two members", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			stock := simplysocket.NewState(room, "stock", lot{Left: 1})
			pay := simplysocket.NewTask(room, "pay", func(context.Context, word) (none, error) { return none{}, nil },
				func(w word, _ none, err error) error {
					if err != nil || !mistake && stock.Left == 0 {
						return nil
					}
					stock.Left--
					stock.Sold++
					return room.Broadcast("sold", w)
				})
			simplysocket.On(room, "buy", func(m *simplysocket.Member, _ none) error {
				if stock.Left == 0 {
					return refuse("sold out")
				}
				pay.Start(word{m.ID()})
				return nil
			})
			return nil
		}
	}, func(x *kit.Exploration) {
		x.Invariant("no more is sold than there was", func(room *kit.Room) error {
			if s := kit.StateOf[lot](room, "stock"); s.Left < 0 {
				return fmt.Errorf("%d were", s.Sold)
			}
			return nil
		})
	}},
	{"a turn that nobody has", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "turns", turns{})
			room.OnJoin(func(j *simplysocket.Join) error {
				s.Order = append(s.Order, j.ID())
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				i := slices.Index(s.Order, m.ID())
				s.Order = slices.Delete(s.Order, i, i+1)
				if s.Told == m.ID() {
					s.Told = ""
				}
				if i < s.At && !mistake {
					s.At--
				}
				if s.At >= len(s.Order) {
					s.At = 0
				}
				return nil
			})
			simplysocket.On(room, "move", func(m *simplysocket.Member, _ none) error {
				if s.Order[s.At] != m.ID() {
					return refuse("not your turn")
				}
				s.At = (s.At + 1) % len(s.Order)
				s.Told = s.Order[s.At]
				return room.Broadcast("turn", word{s.Told})
			})
			return nil
		}
	}, func(x *kit.Exploration) {
		x.Invariant("who was told to move may move", func(room *kit.Room) error {
			s := kit.StateOf[turns](room, "turns")
			if slices.Contains(s.Order, s.Told) && s.Order[s.At] != s.Told {
				return fmt.Errorf("%s was told, and it is the turn of %s", s.Told, s.Order[s.At])
			}
			return nil
		})
	}},
	{"a second vote after a rejoin", func(mistake bool) func(*simplysocket.Room) error {
		voted := simplysocket.NewKey[bool]("voted")
		return func(room *simplysocket.Room) error {
			votes := simplysocket.NewTable[string, int](room, "votes")
			simplysocket.On(room, "vote", func(m *simplysocket.Member, _ none) error {
				n, _ := votes.Get(m.ID())
				if voted.Value(m) || !mistake && n > 0 {
					return refuse("once")
				}
				voted.Set(m, true)
				votes.Set(m.ID(), n+1)
				return nil
			})
			return nil
		}
	}, func(x *kit.Exploration) {
		x.Invariant("everybody votes once", func(room *kit.Room) error {
			for id, n := range kit.TableOf[string, int](room, "votes") {
				if n > 1 {
					return fmt.Errorf("%s votes %d times", id, n)
				}
			}
			return nil
		})
	}},
	{"a negative amount", bank("negative"), bankInvariant},
	{"a transfer to oneself", bank("self"), bankInvariant},
	{"a hold that ends after the purchase", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			holder := simplysocket.NewState(room, "holder", word{})
			bought := simplysocket.NewState(room, "bought", false)
			release := simplysocket.NewTimer(room, "release", func(none) error {
				holder.Word = ""
				return nil
			})
			simplysocket.On(room, "hold", func(m *simplysocket.Member, _ none) error {
				if holder.Word != "" {
					return refuse("taken")
				}
				holder.Word = m.ID()
				release.Set(2*time.Minute, none{})
				return nil
			})
			simplysocket.On(room, "buy", func(m *simplysocket.Member, _ none) error {
				if holder.Word != m.ID() {
					return refuse("hold it first")
				}
				*bought = true
				if !mistake {
					release.Stop()
				}
				return nil
			})
			return nil
		}
	}, func(x *kit.Exploration) {
		x.Invariant("what is bought is held", func(room *kit.Room) error {
			if kit.StateOf[bool](room, "bought") && kit.StateOf[word](room, "holder").Word == "" {
				return errors.New("nobody holds it")
			}
			return nil
		})
	}},
	{"a forfeit of a member that is back", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			forfeit := simplysocket.NewTimer(room, "forfeit", func(w word) error {
				if m := room.Member(w.Word); m != nil && !m.Away() {
					return fmt.Errorf("%s is here", w.Word)
				}
				return room.Broadcast("forfeited", w)
			})
			room.OnDrop(func(m *simplysocket.Member) error {
				forfeit.Set(20*time.Second, word{m.ID()})
				return nil
			})
			room.OnResume(func(*simplysocket.Member) error {
				if !mistake {
					forfeit.Stop()
				}
				return nil
			})
			return nil
		}
	}, nil},
	{"an answer that is kept too short", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			most := 100
			if mistake {
				most = 2
			}
			seen := simplysocket.NewState(room, "seen", []string{})
			charges := simplysocket.NewTable[string, int](room, "charges")
			simplysocket.On(room, "charge", func(_ *simplysocket.Member, c charge) error {
				if slices.Contains(*seen, c.ID) {
					return nil
				}
				if *seen = append(*seen, c.ID); len(*seen) > most {
					*seen = (*seen)[1:]
				}
				n, _ := charges.Get(c.ID)
				charges.Set(c.ID, n+1)
				return nil
			})
			return nil
		}
	}, func(x *kit.Exploration) {
		x.Invariant("each is charged once", func(room *kit.Room) error {
			for id, n := range kit.TableOf[string, int](room, "charges") {
				if n > 1 {
					return fmt.Errorf("%q is charged %d times", id, n)
				}
			}
			return nil
		})
	}},
	{"an unexported field", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			if mistake {
				simplysocket.NewState(room, "game", struct{ n int }{1})
			}
			return nil
		}
	}, nil},
	{"a plain map", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			muted := map[string]bool{}
			kept := simplysocket.NewTable[string, bool](room, "muted")
			simplysocket.On(room, "mute", func(_ *simplysocket.Member, w word) error {
				muted[w.Word] = true
				kept.Set(w.Word, true)
				return nil
			})
			simplysocket.On(room, "say", func(m *simplysocket.Member, w word) error {
				if mistake && muted[m.ID()] || !mistake && kept.Has(m.ID()) {
					return refuse("muted")
				}
				return room.Broadcast("said", w)
			})
			return nil
		}
	}, nil},
	{"a rare body", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			board := simplysocket.NewState(room, "board", [9]int{})
			simplysocket.On(room, "place", func(_ *simplysocket.Member, p struct{ X, Y int }) error {
				at := p.Y*3 + p.X
				if at < 0 || !mistake && at >= len(board) {
					return refuse("outside")
				}
				board[at]++
				return nil
			})
			return nil
		}
	}, nil},
	{"an error for the log alone", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error {
				if mistake && room.Len() == 0 {
					return errors.New("nobody is left")
				}
				return nil
			})
			return nil
		}
	}, nil},
	{"a token of a round before", func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			type token struct {
				Token string `json:"token"`
			}
			current := simplysocket.NewState(room, "current", 0)
			used := simplysocket.NewTable[string, int](room, "used")
			simplysocket.OnCall(room, "take", func(*simplysocket.Member, none) (token, error) {
				*current++
				return token{fmt.Sprint("token-", *current)}, nil
			})
			simplysocket.On(room, "use", func(_ *simplysocket.Member, t token) error {
				if !strings.HasPrefix(t.Token, "token-") || !mistake && used.Has(t.Token) {
					return refuse("no such token")
				}
				n, _ := used.Get(t.Token)
				if n > 0 {
					return errors.New("used twice")
				}
				used.Set(t.Token, n+1)
				return nil
			})
			return nil
		}
	}, nil},
}...)

// quiz is a game with a state, a table, timers, drops and a task. mistakes are planted.
type quiz struct {
	mistake string
}

type quizState struct {
	Round  int
	Open   bool
	Order  []string
	Paused bool
}

func (q quiz) setup(room *simplysocket.Room) error {
	is := func(mistake string) bool { return q.mistake == mistake }
	state := simplysocket.NewState(room, "quiz", quizState{})
	points := simplysocket.NewTable[string, int](room, "points")
	const round = 10 * time.Second
	timeUp := simplysocket.NewTimer(room, "time-up", func(n number) error {
		state.Open = false
		return room.Broadcast("round-ended", n)
	})
	room.OnJoin(func(j *simplysocket.Join) error {
		limit := 3
		if is("capacity") {
			limit = 4
		}
		if room.Len() > limit {
			return simplysocket.Errorf("full", "three may play")
		}
		if !points.Has(j.ID()) || is("rejoin") {
			points.Set(j.ID(), 0)
			state.Order = append(state.Order, j.ID())
		}
		return nil
	})
	room.OnDrop(func(m *simplysocket.Member) error {
		if is("timer lost on a drop") {
			timeUp.Stop()
		}
		return nil
	})
	room.OnResume(func(m *simplysocket.Member) error {
		if is("score after a resume") && state.Open {
			n, _ := points.Get(m.ID())
			points.Set(m.ID(), n+1)
		}
		return nil
	})
	plain := 0
	simplysocket.On(room, "start", func(*simplysocket.Member, simplysocket.None) error {
		if state.Open {
			return simplysocket.Errorf("running", "a round is running")
		}
		state.Round++
		plain++
		state.Open = true
		timeUp.Set(round, number{state.Round})
		if is("plain variable") {
			return room.Broadcast("round-started", number{plain})
		}
		return room.Broadcast("round-started", number{state.Round})
	})
	simplysocket.OnCall(room, "guess", func(m *simplysocket.Member, w word) (number, error) {
		if !state.Open {
			return number{}, simplysocket.Errorf("no-round", "nobody has started")
		}
		if is("panic for an empty word") {
			_ = w.Word[0]
		}
		n, _ := points.Get(m.ID())
		points.Set(m.ID(), n+1)
		if !is("first guess does not end") {
			state.Open = false
			timeUp.Stop()
		}
		return number{n + 1}, room.Broadcast("scored", word{m.ID()}, simplysocket.From(m))
	})
	simplysocket.OnServerCall(room, "points", func(simplysocket.None) (number, error) { return number{points.Len()}, nil })
	return nil
}

func quizInvariants(x *kit.Exploration) {
	x.Invariant("no more points than rounds", func(room *kit.Room) error {
		sum := 0
		for _, n := range kit.TableOf[string, int](room, "points") {
			sum += n
		}
		if s := kit.StateOf[quizState](room, "quiz"); sum > s.Round {
			return fmt.Errorf("%d points in %d rounds", sum, s.Round)
		}
		return nil
	})
	x.Invariant("three play", func(room *kit.Room) error {
		if n := len(room.Members()); n > 3 {
			return fmt.Errorf("%d members", n)
		}
		return nil
	})
	x.Invariant("nobody is there twice", func(room *kit.Room) error {
		seen := map[string]bool{}
		for _, id := range kit.StateOf[quizState](room, "quiz").Order {
			if seen[id] {
				return fmt.Errorf("%s is", id)
			}
			seen[id] = true
		}
		return nil
	})
	x.Finally("no round is open", func(room *kit.Room) error {
		if !room.Closed() && kit.StateOf[quizState](room, "quiz").Open {
			return errors.New("one is")
		}
		return nil
	})
}

// quizzed are the mistakes of a quiz.
func quizzed(mistakes ...string) (all []bug) {
	for _, m := range mistakes {
		all = append(all, bug{m, func(mistake bool) func(*simplysocket.Room) error {
			if !mistake {
				return quiz{}.setup
			}
			return quiz{m}.setup
		}, quizInvariants})
	}
	return all
}

// bank is a room in which members give each other what they have.
func bank(kind string) func(mistake bool) func(*simplysocket.Room) error {
	return func(mistake bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			accounts := simplysocket.NewTable[string, int](room, "accounts")
			room.OnJoin(func(j *simplysocket.Join) error {
				if !accounts.Has(j.ID()) {
					accounts.Set(j.ID(), 10)
				}
				return nil
			})
			simplysocket.On(room, "give", func(m *simplysocket.Member, a amount) error {
				mine, _ := accounts.Get(m.ID())
				theirs, ok := accounts.Get(a.To)
				switch {
				case !ok:
					return refuse("no such account")
				case mine < a.Amount, a.Amount < 0 && !(mistake && kind == "negative"):
					return refuse("no such amount")
				case a.To == m.ID() && !(mistake && kind == "self"):
					return refuse("it is yours")
				}
				accounts.Set(m.ID(), mine-a.Amount)
				accounts.Set(a.To, theirs+a.Amount)
				return nil
			})
			return nil
		}
	}
}

func bankInvariant(x *kit.Exploration) {
	x.Invariant("nothing is made or owed", func(room *kit.Room) error {
		sum, accounts := 0, kit.TableOf[string, int](room, "accounts")
		for _, n := range accounts {
			if n < 0 {
				return fmt.Errorf("somebody has %d", n)
			}
			sum += n
		}
		if sum != 10*len(accounts) {
			return fmt.Errorf("%d in %d accounts", sum, len(accounts))
		}
		return nil
	})
}
