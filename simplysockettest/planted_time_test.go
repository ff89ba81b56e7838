package simplysockettest_test

import (
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// plantedInTime returns rooms that are wrong about timers and deadlines.
func plantedInTime() []planted {
	return []planted{
		timerLostOnDrop(), timerOfOldRound(), timerUndone(), twoTimersAtOnce(), leaseAtItsEnd(), oneGraceForAll(),
		downtime(), averageOfNothing(), readyCheck(),
	}
}

// timerLostOnDrop: a turn takes 20 seconds, and waits while its player is away.
func timerLostOnDrop() planted {
	type turn struct {
		Player   string
		Deadline time.Time
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "turn", turn{})
			show(room, func() turn { return *s })
			var give func(*simplysocket.Member)
			limit := simplysocket.NewTimer(room, "limit", func(simplysocket.None) error {
				s.Player = ""
				return room.Broadcast("time-up", nil)
			})
			give = func(m *simplysocket.Member) {
				*s = turn{m.ID(), room.Now().Add(20 * time.Second)}
				limit.Set(20*time.Second, simplysocket.None{})
			}
			simplysocket.On(room, "begin", func(m *simplysocket.Member, _ simplysocket.None) error {
				if s.Player != "" {
					return refusal("wait for your turn")
				}
				give(m)
				return room.Broadcast("turn", *s)
			})
			room.OnDrop(func(m *simplysocket.Member) error {
				if s.Player == m.ID() {
					limit.Stop()
				}
				return nil
			})
			room.OnResume(func(m *simplysocket.Member) error {
				if s.Player == m.ID() && !buggy {
					give(m)
				}
				return m.Send("turn", *s)
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				if s.Player == m.ID() {
					s.Player = ""
					limit.Stop()
				}
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a timer lost on a drop", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"a turn ends in time": seen(func(room *kit.Room, s turn) error {
			c := room.Client(s.Player)
			if c == nil || c.Away() {
				return nil
			}
			return unless(!room.Now().After(s.Deadline), "the turn of %s was to end at %v", s.Player, s.Deadline)
		})},
		actions:  []action{{name: "begin"}},
		needs:    "drop and resume during a turn, then time past its deadline",
		shortest: 5,
		steps:    []doing{by("ann").joins(), by("ann").sends("begin", nil), by("ann").drops(), by("ann").resumes(), waits(21 * time.Second)},
	}
}

// timerOfOldRound: a question is closed five seconds after its first answer, or after thirty.
func timerOfOldRound() planted {
	type round struct {
		Number  int
		Open    bool
		Asked   time.Time
		Closed  time.Time
		Answers int
	}
	type answer struct{ Option int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "round", round{})
			show(room, func() round { return *s })
			over := func(number int) error {
				if !s.Open || s.Number != number && !buggy {
					return nil
				}
				s.Open, s.Closed = false, room.Now()
				return room.Broadcast("closed", *s)
			}
			soon := simplysocket.NewTimer(room, "soon", over)
			latest := simplysocket.NewTimer(room, "latest", over)
			simplysocket.On(room, "ask", func(*simplysocket.Member, simplysocket.None) error {
				*s = round{Number: s.Number + 1, Open: true, Asked: room.Now()}
				latest.Set(30*time.Second, s.Number)
				return room.Broadcast("asked", *s)
			})
			simplysocket.On(room, "answer", func(*simplysocket.Member, answer) error {
				if !s.Open {
					return refusal("it is too late")
				}
				if s.Answers++; s.Answers == 1 {
					soon.Set(5*time.Second, s.Number)
				}
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a timer that fires for an old round", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"a question is open for long enough": seen(func(_ *kit.Room, s round) error {
			took := s.Closed.Sub(s.Asked)
			return unless(s.Open || s.Number == 0 || s.Answers > 0 || took >= 30*time.Second, "without an answer it was closed after %v", took)
		})},
		actions:  []action{{name: "ask"}, {name: "answer", bodies: []any{answer{1}, answer{2}}}},
		needs:    "an answer, the next question, then time past the deadline of the first",
		shortest: 5,
		steps: []doing{
			by("ann").joins(), by("ann").sends("ask", nil), by("ann").sends("answer", answer{1}), by("ann").sends("ask", nil), waits(5 * time.Second),
		},
	}
}

// timerUndone: an error undoes the timer, but not the state.
func timerUndone() planted {
	type match struct {
		Running bool
		Ends    time.Time
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "match", match{})
			show(room, func() match { return *s })
			end := simplysocket.NewTimer(room, "end", func(simplysocket.None) error {
				s.Running = false
				return room.Broadcast("ended", nil)
			})
			simplysocket.On(room, "start", func(*simplysocket.Member, simplysocket.None) error {
				enough := room.Len() >= 2
				if s.Running || !enough && !buggy {
					return refusal("not now")
				}
				*s = match{true, room.Now().Add(30 * time.Second)}
				end.Set(30*time.Second, simplysocket.None{})
				if !enough {
					return refusal("it takes two")
				}
				return room.Broadcast("started", *s)
			})
			return nil
		}
	}
	return planted{
		name: "a state changed before an error that undoes its timer", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"a match ends": seen(func(room *kit.Room, s match) error {
			return unless(!s.Running || !room.Now().After(s.Ends), "it was to end at %v", s.Ends)
		})},
		actions:  []action{{name: "start"}},
		needs:    "a start that is refused",
		shortest: 2,
		steps:    []doing{by("ann").joins(), by("ann").sends("start", nil)},
	}
}

// twoTimersAtOnce: a lot is called three times, five seconds each. A bid holds the money for
// five seconds.
func twoTimersAtOnce() planted {
	type lot struct {
		Open    bool
		Calls   int
		Closed  time.Time
		Wallets map[string]int
		Held    int
		Holder  string
		Paid    int
	}
	type bid struct{ Amount int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "lot", lot{Wallets: map[string]int{}})
			show(room, func() lot { return *s })
			room.OnJoin(func(j *simplysocket.Join) error {
				if _, known := s.Wallets[j.ID()]; !known {
					s.Wallets[j.ID()] = 10
				}
				return nil
			})
			hold := simplysocket.NewTimer(room, "hold", func(b bid) error {
				if !s.Open && (room.Now().After(s.Closed) || !buggy) {
					return nil // it was sold before
				}
				s.Wallets[s.Holder] += b.Amount
				s.Held = 0
				return room.Broadcast("bid-expired", b)
			})
			var call *simplysocket.Timer[simplysocket.None]
			call = simplysocket.NewTimer(room, "call", func(none simplysocket.None) error {
				if s.Calls++; s.Calls < 3 {
					call.Set(5*time.Second, none)
					return room.Broadcast("going", nil)
				}
				s.Paid += s.Held
				s.Open, s.Closed, s.Held = false, room.Now(), 0
				return room.Broadcast("gone", nil)
			})
			simplysocket.On(room, "open", func(*simplysocket.Member, simplysocket.None) error {
				if s.Open {
					return refusal("it is open")
				}
				s.Open, s.Calls = true, 0
				hold.Stop()
				call.Set(5*time.Second, simplysocket.None{})
				return nil
			})
			simplysocket.On(room, "bid", func(m *simplysocket.Member, b bid) error {
				if !s.Open || b.Amount <= s.Held || b.Amount > s.Wallets[m.ID()] {
					return refusal("you cannot bid that")
				}
				if s.Held > 0 {
					s.Wallets[s.Holder] += s.Held
				}
				s.Wallets[m.ID()] -= b.Amount
				s.Held, s.Holder = b.Amount, m.ID()
				hold.Set(5*time.Second, b)
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "two timers due at once", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"no money is made": seen(func(_ *kit.Room, s lot) error {
			sum := s.Held + s.Paid
			for _, coins := range s.Wallets {
				sum += coins
			}
			return unless(sum == 10*len(s.Wallets), "%d bidders had %d", len(s.Wallets), sum)
		})},
		actions:  []action{{name: "open"}, {name: "bid", bodies: []any{bid{1}, bid{2}, bid{5}}}},
		needs:    "a bid at the very moment of the second call, then time past the third",
		shortest: 5,
		steps: []doing{
			by("ann").joins(), by("ann").sends("open", nil), waits(10 * time.Second), by("ann").sends("bid", bid{5}), waits(5 * time.Second),
		},
	}
}

// leaseAtItsEnd: one member at a time may edit, for ten seconds.
func leaseAtItsEnd() planted {
	type leases struct{ Until map[string]time.Time }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "leases", leases{map[string]time.Time{}})
			show(room, func() leases { return *s })
			simplysocket.On(room, "edit", func(m *simplysocket.Member, _ simplysocket.None) error {
				for id, until := range s.Until {
					if id != m.ID() && until.After(room.Now()) {
						return refusal("somebody else edits")
					}
				}
				s.Until[m.ID()] = room.Now().Add(10 * time.Second)
				return nil
			})
			simplysocket.On(room, "extend", func(m *simplysocket.Member, _ simplysocket.None) error {
				until, ok := s.Until[m.ID()]
				if !ok || room.Now().After(until) || !buggy && room.Now().Equal(until) {
					return refusal("your time is over")
				}
				s.Until[m.ID()] = room.Now().Add(10 * time.Second)
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a deadline that is in both halves", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"one edits": seen(func(room *kit.Room, s leases) error {
			n := 0
			for _, until := range s.Until {
				if until.After(room.Now()) {
					n++
				}
			}
			return unless(n <= 1, "%d edit", n)
		})},
		actions:  []action{{name: "edit"}, {name: "extend"}},
		needs:    "two members, and messages of both at the very moment at which a lease ends",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("edit", nil), waits(10 * time.Second),
			by("bob").sends("edit", nil), by("ann").sends("extend", nil),
		},
	}
}

// oneGraceForAll: who is away for ten seconds is benched.
func oneGraceForAll() planted {
	const grace = 10 * time.Second
	type bench struct {
		Away    map[string]time.Time
		Benched map[string]bool
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "bench", bench{map[string]time.Time{}, map[string]bool{}})
			show(room, func() bench { return *s })
			var timer *simplysocket.Timer[string]
			wait := func() {
				var next time.Time
				for id, since := range s.Away {
					if at := since.Add(grace); !s.Benched[id] && (next.IsZero() || at.Before(next)) {
						next = at
					}
				}
				if timer.Stop(); !next.IsZero() {
					timer.Set(max(0, next.Sub(room.Now())), "")
				}
			}
			timer = simplysocket.NewTimer(room, "grace", func(id string) error {
				if buggy {
					if _, away := s.Away[id]; away {
						s.Benched[id] = true
					}
					return nil
				}
				for id, since := range s.Away {
					if room.Now().Sub(since) >= grace {
						s.Benched[id] = true
					}
				}
				wait()
				return nil
			})
			room.OnDrop(func(m *simplysocket.Member) error {
				s.Away[m.ID()] = room.Now()
				if buggy {
					timer.Set(grace, m.ID())
				} else {
					wait()
				}
				return nil
			})
			back := func(m *simplysocket.Member) error {
				delete(s.Away, m.ID())
				delete(s.Benched, m.ID())
				return nil
			}
			room.OnResume(back)
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error { return back(m) })
			return nil
		}
	}
	return planted{
		name: "one timer for several members", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"who is away for long is benched": seen(func(room *kit.Room, s bench) error {
			for id, since := range s.Away {
				if err := unless(s.Benched[id] || room.Now().Sub(since) < grace, "%s is away since %v", id, since); err != nil {
					return err
				}
			}
			return nil
		})},
		needs:    "two members away at once, then time past the deadline of the first",
		shortest: 5,
		steps:    []doing{by("ann").joins(), by("bob").joins(), by("ann").drops(), by("bob").drops(), waits(grace)},
	}
}

// downtime: a restored auction goes on for as long as it had to go when the process ended.
func downtime() planted {
	type auction struct {
		Open bool
		Ends time.Time
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			room.SetEmptyTimeout(simplysocket.Forever)
			s := simplysocket.NewState(room, "auction", auction{})
			show(room, func() auction { return *s })
			end := simplysocket.NewTimer(room, "end", func(simplysocket.None) error {
				s.Open = false
				return room.Broadcast("closed", nil)
			})
			simplysocket.On(room, "open", func(*simplysocket.Member, simplysocket.None) error {
				*s = auction{true, room.Now().Add(10 * time.Second)}
				end.Set(10*time.Second, simplysocket.None{})
				return nil
			})
			room.OnRestore(func(down time.Duration) error {
				if s.Open {
					left := s.Ends.Sub(room.Now().Add(-down))
					if !buggy {
						s.Ends = s.Ends.Add(down)
					}
					end.Set(left, simplysocket.None{})
				}
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "downtime that was not counted", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"an auction ends": seen(func(room *kit.Room, s auction) error {
			return unless(!s.Open || !room.Now().After(s.Ends), "it was to end at %v", s.Ends)
		})},
		actions:  []action{{name: "open"}},
		needs:    "a crash of more than ten seconds during an auction, or a shorter one and then time",
		shortest: 3, crash: true,
		steps: []doing{by("ann").joins(), by("ann").sends("open", nil), crashes(time.Minute)},
	}
}

// averageOfNothing: every five seconds the average of the ratings is told.
func averageOfNothing() planted {
	type rating struct{ Stars int }
	type average struct{ Stars float64 }
	type ratings struct {
		Any bool // were there
		All map[string]int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "ratings", ratings{All: map[string]int{}})
			room.Every(5*time.Second, func() error {
				if !s.Any || len(s.All) == 0 && !buggy {
					return nil
				}
				sum := 0
				for _, stars := range s.All {
					sum += stars
				}
				return room.Broadcast("average", average{float64(sum) / float64(len(s.All))})
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				delete(s.All, m.ID())
				return nil
			})
			simplysocket.On(room, "rate", func(m *simplysocket.Member, r rating) error {
				if r.Stars < 1 || r.Stars > 5 {
					return refusal("one to five stars")
				}
				s.Any = true
				s.All[m.ID()] = r.Stars
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "the average of nothing", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "rate", bodies: []any{rating{1}, rating{3}, rating{5}}}},
		needs:    "all who have rated leave, then time",
		shortest: 4,
		steps:    []doing{by("ann").joins(), by("ann").sends("rate", rating{3}), by("ann").leaves(), waits(5 * time.Second)},
	}
}

// readyCheck: three seconds after all members are ready the game starts.
func readyCheck() planted {
	type lobby struct {
		Ready   map[string]bool
		Started bool
		Unready []string // when it started
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "lobby", lobby{Ready: map[string]bool{}})
			show(room, func() lobby { return *s })
			countdown := simplysocket.NewTimer(room, "countdown", func(simplysocket.None) error {
				s.Started = true
				for m := range room.Members() {
					if !s.Ready[m.ID()] {
						s.Unready = append(s.Unready, m.ID())
					}
				}
				return room.Broadcast("started", nil)
			})
			cancel := func(m *simplysocket.Member) {
				delete(s.Ready, m.ID())
				countdown.Stop()
			}
			simplysocket.On(room, "ready", func(m *simplysocket.Member, _ simplysocket.None) error {
				if s.Started || s.Ready[m.ID()] {
					return refusal("you are ready")
				}
				s.Ready[m.ID()] = true
				for other := range room.Members() {
					if !s.Ready[other.ID()] {
						return nil
					}
				}
				if room.Len() >= 2 {
					countdown.Set(3*time.Second, simplysocket.None{})
				}
				return nil
			})
			simplysocket.On(room, "wait", func(m *simplysocket.Member, _ simplysocket.None) error {
				cancel(m)
				return nil
			})
			room.OnJoin(func(j *simplysocket.Join) error {
				cancel(j.Member)
				return nil
			})
			room.OnDrop(func(m *simplysocket.Member) error {
				if delete(s.Ready, m.ID()); !buggy {
					countdown.Stop()
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				cancel(m)
				return nil
			})
			simplysocket.On(room, "again", func(*simplysocket.Member, simplysocket.None) error {
				*s = lobby{Ready: map[string]bool{}}
				countdown.Stop()
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a countdown that a drop does not stop", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"all were ready": seen(func(_ *kit.Room, s lobby) error {
			return unless(len(s.Unready) == 0, "%v were not", slices.Clone(s.Unready))
		})},
		actions:  []action{{name: "ready"}, {name: "wait"}, {name: "again"}},
		needs:    "two members are ready, one drops, then time",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("ready", nil), by("bob").sends("ready", nil),
			by("bob").drops(), waits(3 * time.Second),
		},
	}
}
