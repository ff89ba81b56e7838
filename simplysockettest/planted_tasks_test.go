package simplysockettest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// plantedInTasks returns rooms that are wrong about when a task ends.
func plantedInTasks() []planted {
	return []planted{askerGone(), gradeTooLate(), olderResultLast(), publishedUnseen(), interruptedForever()}
}

// askerGone: the answer of a task goes to who has asked.
func askerGone() planted {
	type question struct{ Text string }
	type asked struct{ Who, Text string }
	type reply struct{ Text string }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			think := simplysocket.NewTask(room, "think", func(context.Context, asked) (reply, error) { return reply{"yes"}, nil },
				func(q asked, r reply, failed error) error {
					m := room.Member(q.Who)
					switch {
					case m == nil && !buggy:
						return nil
					case failed != nil:
						return m.Send("no-answer", nil)
					}
					return m.Send("answer", r)
				})
			simplysocket.On(room, "ask", func(m *simplysocket.Member, q question) error {
				think.Start(asked{m.ID(), q.Text})
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "the result for a member that has left", buggy: room(true), fixed: room(false),
		actions:  []action{{name: "ask", bodies: []any{question{"why?"}}}},
		outcomes: []outcome{{task: "think", results: []any{reply{"yes"}}, fails: true}},
		needs:    "a leave while a task is at work",
		shortest: 4,
		steps:    []doing{by("ann").joins(), by("ann").sends("ask", question{"why?"}), by("ann").leaves(), ends(0, reply{"yes"})},
	}
}

// gradeTooLate: answers are graded by a task.
func gradeTooLate() planted {
	type answer struct{ Text string }
	type paper struct {
		Round int
		Who   string
		Text  string
	}
	type grade struct{ Points int }
	type exam struct {
		Round   int
		Running bool
		Handed  map[string]bool
		Points  map[string]int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "exam", exam{Handed: map[string]bool{}, Points: map[string]int{}})
			show(room, func() exam { return *s })
			grading := simplysocket.NewTask(room, "grade", func(_ context.Context, p paper) (grade, error) { return grade{len(p.Text)}, nil },
				func(p paper, g grade, failed error) error {
					if failed != nil || !s.Running || s.Round != p.Round && !buggy {
						return nil
					}
					s.Points[p.Who] += g.Points
					return room.Broadcast("graded", *s)
				})
			simplysocket.On(room, "begin", func(*simplysocket.Member, simplysocket.None) error {
				if s.Running {
					return refusal("the exam runs")
				}
				*s = exam{s.Round + 1, true, map[string]bool{}, map[string]int{}}
				return nil
			})
			simplysocket.On(room, "hand-in", func(m *simplysocket.Member, a answer) error {
				if !s.Running || s.Handed[m.ID()] {
					return refusal("not now")
				}
				s.Handed[m.ID()] = true
				grading.Start(paper{s.Round, m.ID(), a.Text})
				return nil
			})
			simplysocket.On(room, "end", func(*simplysocket.Member, simplysocket.None) error {
				s.Running = false
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "the result of a task after its round", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"who has points has handed in": seen(func(_ *kit.Room, s exam) error {
			for who := range s.Points {
				if err := unless(s.Handed[who], "%s has not", who); err != nil {
					return err
				}
			}
			return nil
		})},
		actions:  []action{{name: "begin"}, {name: "hand-in", bodies: []any{answer{"42"}, answer{"7"}}}, {name: "end"}},
		outcomes: []outcome{{task: "grade", results: []any{grade{0}, grade{10}}, fails: true}},
		needs:    "a round ends and another begins while a task is at work",
		shortest: 6,
		steps: []doing{
			by("ann").joins(), by("ann").sends("begin", nil), by("ann").sends("hand-in", answer{"42"}),
			by("ann").sends("end", nil), by("ann").sends("begin", nil), ends(0, grade{10}),
		},
	}
}

// olderResultLast: what is searched last is to be shown.
func olderResultLast() planted {
	type query struct {
		Text   string
		Number int
	}
	type hits struct{ Titles []string }
	type page struct{ Searched, Shown int }
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			s := simplysocket.NewState(room, "page", page{})
			show(room, func() page { return *s })
			search := simplysocket.NewTask(room, "search", func(context.Context, query) (hits, error) { return hits{}, nil },
				func(q query, h hits, failed error) error {
					if q.Number != s.Searched && !buggy {
						return nil
					}
					s.Shown = q.Number
					if failed != nil {
						return room.Broadcast("nothing", nil)
					}
					return room.Broadcast("hits", h)
				})
			simplysocket.On(room, "search", func(_ *simplysocket.Member, q query) error {
				s.Searched++
				search.Start(query{q.Text, s.Searched})
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "an older result that comes last", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"the last search is shown": seen(func(room *kit.Room, s page) error {
			return unless(len(room.Tasks()) > 0 || s.Searched == s.Shown, "search %d is shown, not %d", s.Shown, s.Searched)
		})},
		actions:  []action{{name: "search", bodies: []any{query{Text: "cats"}, query{Text: "dogs"}}}},
		outcomes: []outcome{{task: "search", results: []any{hits{[]string{"a"}}, hits{}}, fails: true}},
		needs:    "two tasks at work that end in the other order",
		shortest: 5,
		steps: []doing{
			by("ann").joins(), by("ann").sends("search", query{Text: "cats"}), by("ann").sends("search", query{Text: "dogs"}),
			ends(1, hits{}), ends(0, hits{}),
		},
	}
}

// publishedUnseen: a file is to be published only if the scan has found nothing in it.
func publishedUnseen() planted {
	type name struct{ File string }
	type scanned struct {
		File   string
		Upload int
	}
	type verdict struct{ Infected bool }
	type file struct {
		Upload                       int
		Scanned, Infected, Published bool
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			files := simplysocket.NewTable[string, file](room, "files")
			uploads := simplysocket.NewState(room, "uploads", 0)
			show(room, func() map[string]file { return maps.Collect(files.All()) })
			scan := simplysocket.NewTask(room, "scan", func(context.Context, scanned) (verdict, error) { return verdict{}, nil },
				func(q scanned, v verdict, failed error) error {
					f, ok := files.Get(q.File)
					if !ok || f.Upload != q.Upload {
						return nil
					}
					f.Scanned, f.Infected = true, v.Infected || failed != nil
					files.Set(q.File, f)
					return nil
				})
			simplysocket.On(room, "upload", func(_ *simplysocket.Member, n name) error {
				*uploads++
				files.Set(n.File, file{Upload: *uploads})
				scan.Start(scanned{n.File, *uploads})
				return nil
			})
			simplysocket.On(room, "publish", func(_ *simplysocket.Member, n name) error {
				f, ok := files.Get(n.File)
				if !ok || f.Infected || !f.Scanned && !buggy {
					return refusal("this file cannot be published")
				}
				f.Published = true
				files.Set(n.File, f)
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "a message before the result that it relies on", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"what is published is clean": seen(func(_ *kit.Room, files map[string]file) error {
			for _, n := range slices.Sorted(maps.Keys(files)) {
				if f := files[n]; f.Published && (f.Infected || !f.Scanned) {
					return unless(false, "%q is %+v", n, f)
				}
			}
			return nil
		})},
		actions: []action{
			{name: "upload", bodies: []any{name{"a.txt"}, name{"b.txt"}}},
			{name: "publish", bodies: []any{name{"a.txt"}, name{"b.txt"}}},
		},
		outcomes: []outcome{{task: "scan", results: []any{verdict{false}, verdict{true}}, fails: true}},
		needs:    "a message while a task is at work",
		shortest: 3,
		steps:    []doing{by("ann").joins(), by("ann").sends("upload", name{"a.txt"}), by("ann").sends("publish", name{"a.txt"})},
	}
}

// interruptedForever: while a payment is at work, there is no other.
func interruptedForever() planted {
	type payment struct{ Amount int }
	type receipt struct{ Number int }
	type till struct {
		Busy bool
		Paid int
	}
	room := func(buggy bool) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error {
			room.SetEmptyTimeout(time.Hour)
			s := simplysocket.NewState(room, "till", till{})
			show(room, func() till { return *s })
			charge := simplysocket.NewTask(room, "charge", func(context.Context, payment) (receipt, error) { return receipt{1}, nil },
				func(_ payment, r receipt, failed error) error {
					if buggy && errors.Is(failed, simplysocket.ErrInterrupted) {
						return nil // nobody knows whether it was charged
					}
					s.Busy = false
					if failed != nil {
						return room.Broadcast("not-charged", nil)
					}
					s.Paid++
					return room.Broadcast("charged", r)
				})
			simplysocket.On(room, "pay", func(_ *simplysocket.Member, p payment) error {
				if s.Busy {
					return refusal("another payment is at work")
				}
				s.Busy = true
				charge.Start(p)
				return nil
			})
			return nil
		}
	}
	return planted{
		name: "an interrupted task that is waited for", buggy: room(true), fixed: room(false),
		invariants: map[string]func(*kit.Room) error{"who is busy has a task": seen(func(room *kit.Room, s till) error {
			return unless(s.Busy == (len(room.Tasks()) > 0), "busy is %v, with %d tasks", s.Busy, len(room.Tasks()))
		})},
		actions:  []action{{name: "pay", bodies: []any{payment{5}}}},
		outcomes: []outcome{{task: "charge", results: []any{receipt{1}}, fails: true}},
		needs:    "a crash while a task is at work",
		shortest: 3, crash: true,
		steps: []doing{by("ann").joins(), by("ann").sends("pay", payment{5}), crashes(time.Second)},
	}
}
