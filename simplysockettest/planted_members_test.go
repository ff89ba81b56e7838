package simplysockettest_test

import (
	"maps"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// plantedInMembership returns rooms that are wrong about who is there.
func plantedInMembership() []planted {
	return []planted{
		giftOnResume(), hostGone(), freedTwice(), listedTwice(), twoTabs(), countedBeforeRefusal(), countedKick(),
		leaverStillListed(), waitingGhost(), spectatorDrops(), voteOfLeaver(), restoredOnline(),
	}
}

// giftOnResume: everybody gets ten coins once.
func giftOnResume() planted {
	type account struct{ Coins, Spent int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			accounts := simplysocket.NewTable[string, account](room, "accounts")
			show(room, func() map[string]account { return maps.Collect(accounts.All()) })
			greet := func(m *simplysocket.Member) {
				a, known := accounts.Get(m.ID())
				if !known || buggy {
					a.Coins += 10
				}
				accounts.Set(m.ID(), a)
			}
			room.OnJoin(func(j *simplysocket.Join) error {
				if !accounts.Has(j.ID()) {
					greet(j.Member)
				}
				return nil
			})
			room.OnResume(func(m *simplysocket.Member) error {
				greet(m)
				return m.Send("welcome-back", nil)
			})
			simplysocket.On(room, "spend", func(m *simplysocket.Member, _ simplysocket.None) error {
				a, _ := accounts.Get(m.ID())
				if a.Coins == 0 {
					return refusal("you have nothing left")
				}
				accounts.Set(m.ID(), account{a.Coins - 1, a.Spent + 1})
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a gift again on resume", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"everybody got 10": seen(func(_ *kit.Room, accounts map[string]account) error {
			for who, a := range accounts {
				if err := unless(a.Coins+a.Spent == 10, "%s has %+v", who, a); err != nil {
					return err
				}
			}
			return nil
		})},
		actions:  []action{{name: "spend"}},
		needs:    "drop and resume",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").drops(), by("ann").resumes()},
	}
}

// hostGone: who knocks is announced to the host.
func hostGone() planted {
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			host := simplysocket.NewState(room, "host", "")
			room.OnJoin(func(j *simplysocket.Join) error {
				if *host == "" {
					*host = j.ID()
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, reason simplysocket.LeaveReason) error {
				if *host != m.ID() || buggy && reason != simplysocket.LeaveReasonLeft {
					return nil
				}
				*host = ""
				for next := range room.Members() {
					*host = next.ID()
					break
				}
				return nil
			})
			simplysocket.On(room, "knock", func(m *simplysocket.Member, _ simplysocket.None) error {
				return room.Member(*host).Send("knocked", nil, simplysocket.From(m))
			})
			return nil
		}
	}
	return planted{
		name: "a host that is gone", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "knock"}},
		needs:    "the first of two members drops and does not come back, then a message",
		shortest: 5,
		steps:    []doing{by("ann").joins(), by("bob").joins(), by("ann").drops(), waits(30 * time.Second), by("bob").sends("knock", nil)},
	}
}

// freedTwice: four seats, counted by hand.
func freedTwice() planted {
	type seats struct{ Free int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "seats", seats{4})
			show(room, func() seats { return *s })
			room.OnJoin(func(*simplysocket.Join) error {
				if s.Free == 0 {
					return refusal("the room is full")
				}
				s.Free--
				return nil
			})
			if buggy {
				room.OnDrop(func(*simplysocket.Member) error {
					s.Free++
					return nil
				})
				room.OnResume(func(m *simplysocket.Member) error {
					if s.Free == 0 {
						m.Kick()
						return nil
					}
					s.Free--
					return nil
				})
			}
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error {
				s.Free++
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a seat freed twice", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"there are four seats": seen(func(_ *kit.Room, s seats) error {
			return unless(s.Free >= 0 && s.Free <= 4, "%d seats are free", s.Free)
		})},
		needs:    "a drop, and the end of the session",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").drops(), waits(30 * time.Second)},
	}
}

// listedTwice: players keep their turn in a game that runs.
func listedTwice() planted {
	type table struct {
		Running bool
		Order   []string
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "table", table{})
			show(room, func() table { return *s })
			room.OnJoin(func(j *simplysocket.Join) error {
				if buggy || !slices.Contains(s.Order, j.ID()) {
					s.Order = append(s.Order, j.ID())
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				if !s.Running {
					s.Order = slices.DeleteFunc(s.Order, func(id string) bool { return id == m.ID() })
				}
				return nil
			})
			simplysocket.On(room, "start", func(*simplysocket.Member, simplysocket.None) error {
				s.Running = true
				return nil
			})
			simplysocket.On(room, "stop", func(*simplysocket.Member, simplysocket.None) error {
				s.Running = false
				s.Order = slices.DeleteFunc(s.Order, func(id string) bool { return room.Member(id) == nil })
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "the same player in the list twice", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"everybody has one turn": seen(func(_ *kit.Room, s table) error {
			order := slices.Sorted(slices.Values(s.Order))
			return unless(len(slices.Compact(slices.Clone(order))) == len(order), "the order is %v", s.Order)
		})},
		actions:  []action{{name: "start"}, {name: "stop"}},
		needs:    "a leave and a join of the same client in a game that runs",
		shortest: 4,
		steps:    []doing{by("ann").joins(), by("ann").sends("start", nil), by("ann").leaves(), by("ann").joins()},
	}
}

// twoTabs: what belongs to a user is deleted with the first of its clients.
func twoTabs() planted {
	userOf := func(m *simplysocket.Member) string {
		if user := m.Identity().User; user != "" {
			return user
		}
		return m.ID()
	}
	type profile struct{ Clicks int }
	type view struct{ Missing []string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			profiles := simplysocket.NewTable[string, profile](room, "profiles")
			show(room, func() (v view) {
				for m := range room.Members() {
					if !profiles.Has(userOf(m)) {
						v.Missing = append(v.Missing, m.ID())
					}
				}
				return v
			})
			room.OnJoin(func(j *simplysocket.Join) error {
				if !profiles.Has(userOf(j.Member)) {
					profiles.Set(userOf(j.Member), profile{})
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				for other := range room.Members() {
					if !buggy && userOf(other) == userOf(m) {
						return nil
					}
				}
				profiles.Delete(userOf(m))
				return nil
			})
			simplysocket.On(room, "click", func(m *simplysocket.Member, _ simplysocket.None) error {
				p, ok := profiles.Get(userOf(m))
				if !ok {
					return refusal("you have no profile")
				}
				profiles.Set(userOf(m), profile{p.Clicks + 1})
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "one user in two tabs", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"every member has a profile": seen(func(_ *kit.Room, v view) error {
			return unless(len(v.Missing) == 0, "%v have none", v.Missing)
		})},
		actions:  []action{{name: "click"}},
		users:    map[string]string{"ann": "u1", "ann-2": "u1", "bob": "u2"},
		needs:    "two clients of the same user, one of which leaves",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann-2").joins(), by("ann").leaves()},
	}
}

// countedBeforeRefusal: a state is not undone when a join is refused.
func countedBeforeRefusal() planted {
	type door struct {
		Locked bool
		Count  int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "door", door{})
			show(room, func() door { return *s })
			room.OnJoin(func(*simplysocket.Join) error {
				if !buggy && s.Locked {
					return refusal("the door is locked")
				}
				if s.Count == 6 {
					return refusal("the room is full")
				}
				s.Count++
				if s.Locked {
					return refusal("the door is locked")
				}
				return nil
			})
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error {
				if s.Count--; s.Count == 0 {
					s.Locked = false
				}
				return nil
			})
			simplysocket.On(room, "lock", func(*simplysocket.Member, simplysocket.None) error {
				s.Locked = true
				return nil
			})
			simplysocket.On(room, "unlock", func(*simplysocket.Member, simplysocket.None) error {
				s.Locked = false
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a refused join that was counted", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"the count is right": seen(func(room *kit.Room, s door) error {
			return unless(s.Count == len(room.Members()), "%d members, and %d were counted", len(room.Members()), s.Count)
		})},
		actions:  []action{{name: "lock"}, {name: "unlock"}},
		needs:    "a join that is refused",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("lock", nil), by("bob").joins()},
	}
}

// countedKick: the capacity is counted by hand, and a kick counts twice.
func countedKick() planted {
	type count struct{ Members int }
	type seat struct{ Number int } // from 1, in the order of joining
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "count", count{})
			show(room, func() count { return *s })
			room.OnJoin(func(*simplysocket.Join) error {
				if s.Members >= 3 {
					return refusal("the room is full")
				}
				s.Members++
				return nil
			})
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error {
				s.Members--
				return nil
			})
			simplysocket.On(room, "remove", func(m *simplysocket.Member, which seat) error {
				members := slices.Collect(room.Members())
				if members[0] != m || which.Number < 2 || which.Number > len(members) {
					return refusal("the first member may remove another")
				}
				members[which.Number-1].Kick()
				if buggy {
					s.Members--
				}
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a kick that counts twice", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"no more than three": func(room *kit.Room) error {
			return unless(len(room.Members()) <= 3, "there are %d", len(room.Members()))
		}},
		actions:  []action{{name: "remove", bodies: []any{seat{1}, seat{2}, seat{3}}}},
		needs:    "a kick, and then a full room",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("ann").sends("remove", seat{2}), by("bob").joins(), by("cat").joins(), by("dan").joins(),
		},
	}
}

// leaverStillListed: OnLeave looks for the next player after the one that has left.
func leaverStillListed() planted {
	type turn struct{ Holder string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "turn", turn{})
			order := simplysocket.NewState(room, "order", []string{})
			room.OnJoin(func(j *simplysocket.Join) error {
				*order = append(*order, j.ID())
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				at := slices.Index(*order, m.ID())
				*order = slices.Delete(*order, at, at+1)
				if s.Holder != m.ID() {
					return nil
				}
				if buggy {
					ids := make([]string, 0, room.Len())
					for other := range room.Members() {
						ids = append(ids, other.ID())
					}
					s.Holder = ids[(slices.Index(ids, m.ID())+1)%len(ids)]
				} else if s.Holder = ""; len(*order) > 0 {
					s.Holder = (*order)[at%len(*order)]
				}
				return room.Broadcast("turn", *s)
			})
			simplysocket.On(room, "begin", func(m *simplysocket.Member, _ simplysocket.None) error {
				s.Holder = m.ID()
				return room.Broadcast("turn", *s)
			})
			return nil
		}
	}
	return planted{
		name: "OnLeave takes the leaver for a member", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "begin"}},
		needs:    "the only member leaves while it has the turn",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("begin", nil), by("ann").leaves()},
	}
}

// waitingGhost: two play, and the others wait.
func waitingGhost() planted {
	type hall struct{ Playing, Waiting []string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "hall", hall{})
			show(room, func() hall { return *s })
			without := func(ids []string, m *simplysocket.Member) []string {
				return slices.DeleteFunc(ids, func(id string) bool { return id == m.ID() })
			}
			room.OnJoin(func(j *simplysocket.Join) error {
				if len(s.Playing) < 2 {
					s.Playing = append(s.Playing, j.ID())
				} else {
					s.Waiting = append(without(s.Waiting, j.Member), j.ID())
				}
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				if !slices.Contains(s.Playing, m.ID()) {
					if !buggy {
						s.Waiting = without(s.Waiting, m)
					}
					return nil
				}
				s.Playing = without(s.Playing, m)
				if len(s.Waiting) > 0 {
					s.Playing = append(s.Playing, s.Waiting[0])
					s.Waiting = s.Waiting[1:]
				}
				return room.Broadcast("playing", *s)
			})
			return nil
		}
	}
	return planted{
		name: "somebody who waits is gone", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"who plays is a member": seen(func(room *kit.Room, s hall) error {
			for _, id := range s.Playing {
				if err := unless(slices.Contains(room.Members(), id), "%s plays", id); err != nil {
					return err
				}
			}
			return nil
		})},
		needs:    "three joins, the third leaves, then one of the first two",
		shortest: 5,
		steps:    []doing{by("ann").joins(), by("bob").joins(), by("cat").joins(), by("cat").leaves(), by("ann").leaves()},
	}
}

// spectatorDrops: a hook returns the error that a handler would return.
func spectatorDrops() planted {
	type match struct{ Players, Away []string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "match", match{})
			find := func(m *simplysocket.Member) error {
				if !slices.Contains(s.Players, m.ID()) {
					return refusal("you do not play")
				}
				return nil
			}
			room.OnJoin(func(j *simplysocket.Join) error {
				if len(s.Players) < 2 {
					s.Players = append(s.Players, j.ID())
				}
				return nil
			})
			room.OnDrop(func(m *simplysocket.Member) error {
				if err := find(m); err != nil {
					if buggy {
						return err
					}
					return nil
				}
				s.Away = append(s.Away, m.ID())
				return room.Broadcast("waiting", *s)
			})
			gone := func(m *simplysocket.Member) {
				s.Away = slices.DeleteFunc(s.Away, func(id string) bool { return id == m.ID() })
			}
			room.OnResume(func(m *simplysocket.Member) error {
				gone(m)
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				gone(m)
				s.Players = slices.DeleteFunc(s.Players, func(id string) bool { return id == m.ID() })
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a hook that fails for a spectator", buggy: room(true), fixed: room(false),
		needs:    "a drop of the third member",
		shortest: 4,
		steps:    []doing{by("ann").joins(), by("bob").joins(), by("cat").joins(), by("cat").drops()},
	}
}

// voteOfLeaver: a majority of the members may remove one.
func voteOfLeaver() planted {
	type whom struct{ Who string }
	type court struct {
		Votes        map[string][]string // against a member
		Needed, Said int                 // of the last removal: votes, and those of members
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "court", court{Votes: map[string][]string{}})
			show(room, func() court { return *s })
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				delete(s.Votes, m.ID())
				if !buggy {
					for id, votes := range s.Votes {
						s.Votes[id] = slices.DeleteFunc(votes, func(voter string) bool { return voter == m.ID() })
					}
				}
				return nil
			})
			simplysocket.On(room, "vote", func(m *simplysocket.Member, against whom) error {
				target := room.Member(against.Who)
				if target == nil || target == m || slices.Contains(s.Votes[against.Who], m.ID()) {
					return refusal("vote once, against another member")
				}
				s.Votes[against.Who] = append(s.Votes[against.Who], m.ID())
				if len(s.Votes[against.Who]) < room.Len()/2+1 {
					return nil
				}
				s.Needed, s.Said = room.Len()/2+1, 0
				for _, voter := range s.Votes[against.Who] {
					if room.Member(voter) != nil {
						s.Said++
					}
				}
				target.Kick()
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "the vote of somebody who has left", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"a majority has decided": seen(func(_ *kit.Room, s court) error {
			return unless(s.Said >= s.Needed, "%d votes of %d", s.Said, s.Needed)
		})},
		actions:  []action{{name: "vote", bodies: []any{whom{"ann"}, whom{"bob"}, whom{"cat"}}}},
		needs:    "three members: one votes and leaves, another votes against the same",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("bob").joins(), by("cat").joins(),
			by("ann").sends("vote", whom{"cat"}), by("ann").leaves(), by("bob").sends("vote", whom{"cat"}),
		},
	}
}

// restoredOnline: a restored room forgets who was online before the hooks say that they are
// not.
func restoredOnline() planted {
	type online struct{ Count int }
	type view struct{ Online, Counted int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			room.SetEmptyTimeout(simplysocket.Forever)
			s := simplysocket.NewState(room, "online", online{})
			show(room, func() view {
				v := view{Counted: s.Count}
				for m := range room.Members() {
					if !m.Away() {
						v.Online++
					}
				}
				return v
			})
			if buggy {
				room.OnRestore(func(time.Duration) error {
					s.Count = 0 // all connections are gone
					return nil
				})
			}
			room.OnJoin(func(*simplysocket.Join) error {
				s.Count++
				return nil
			})
			room.OnDrop(func(*simplysocket.Member) error {
				s.Count--
				return nil
			})
			room.OnResume(func(*simplysocket.Member) error {
				s.Count++
				return nil
			})
			room.OnLeave(func(m *simplysocket.Member, _ simplysocket.LeaveReason) error {
				if !m.Away() {
					s.Count--
				}
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a count that is cleared on restore, and then counted down", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"the count is right": seen(func(_ *kit.Room, v view) error {
			return unless(v.Online == v.Counted, "%d are online, and %d were counted", v.Online, v.Counted)
		})},
		needs:    "a crash while somebody is a member",
		shortest: 2, crash: true,
		steps: []doing{by("ann").joins(), crashes(time.Second)},
	}
}
