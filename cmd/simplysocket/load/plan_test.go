package load

import (
	"math/rand/v2"
	"testing"
	"time"
)

// crowded makes members in rooms of the given sizes.
func crowded(sizes ...int) []*member {
	var members []*member
	for _, size := range sizes {
		r := &room{}
		for range size {
			members = append(members, &member{room: r, number: len(members)})
		}
	}
	return members
}

func TestPlan(t *testing.T) {
	s := &Settings{Rate: 40, Warmup: time.Second, Duration: 2500 * time.Millisecond}
	members := crowded(3, 1, 5)
	p := newPlan(s, members, rand.New(rand.NewPCG(1, 2)))
	if p.warmup != 40 || p.all != 140 {
		t.Fatalf("%d messages of which %d do not count", p.all, p.warmup)
	}
	sent := map[*member]int{}
	places := map[*room]map[int]bool{}
	for n := range p.all {
		from, index := p.sender(n), p.index(n)
		sent[from]++
		if got := p.number(from.room, index); got != n {
			t.Errorf("message %d is at place %d, where message %d is", n, index, got)
		}
		if index >= p.indexes(len(from.room.members)) {
			t.Errorf("message %d is at place %d, after the last", n, index)
		}
		if places[from.room] == nil {
			places[from.room] = map[int]bool{}
		}
		if places[from.room][index] {
			t.Errorf("two messages are at place %d of a room", index)
		}
		places[from.room][index] = true
		if want := time.Duration(n) * 25 * time.Millisecond; p.due(n) != want {
			t.Errorf("message %d is due after %s, want %s", n, p.due(n), want)
		}
	}
	for _, m := range members {
		if n := sent[m]; n != 15 && n != 16 {
			t.Errorf("client %d sends %d messages of %d", m.number, n, p.all)
		}
	}
}

func TestSeed(t *testing.T) {
	order := func(seed uint64) (numbers []int) {
		for _, m := range newPlan(&Settings{}, crowded(20), rand.New(rand.NewPCG(seed, 0))).order {
			numbers = append(numbers, m.number)
		}
		return numbers
	}
	equal := 0
	for i, number := range order(1) {
		if again := order(1)[i]; again != number {
			t.Errorf("the same seed gives %d and %d", number, again)
		}
		if order(2)[i] == number {
			equal++
		}
	}
	if equal == 20 {
		t.Error("seeds make no difference")
	}
}

func TestAccountIsBounded(t *testing.T) {
	s := Settings{Clients: 1000, Rooms: 10, Rate: 1000, Duration: time.Minute}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	s.Rate = 1e9
	if s.Check() == nil {
		t.Error("an account that fits no machine's memory is accepted")
	}
}
