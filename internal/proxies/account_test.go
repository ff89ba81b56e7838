package proxies_test

import (
	"slices"
	"sync"
	"testing"
)

// line is a message: the session that sends it, and its number there.
type line struct {
	From int `json:"from"`
	N    int `json:"n"`
}

// account is what was sent in a room and what each session received of it.
type account struct {
	mu    sync.Mutex
	said  map[line]bool // acknowledged
	heard [][]line      // by session, in the order of its callbacks
	gaps  int           // that sessions received
}

func newAccount(sessions int) *account {
	return &account{said: map[line]bool{}, heard: make([][]line, sessions)}
}

func (a *account) say(l line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said[l] = true
}

func (a *account) hear(session int, l line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard[session] = append(a.heard[session], l)
}

func (a *account) gap() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gaps++
}

// reached reports whether every session has received all these lines.
func (a *account) reached(lines []line) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, heard := range a.heard {
		for _, l := range lines {
			if !slices.Contains(heard, l) {
				return false
			}
		}
	}
	return true
}

// verdict counts what is wrong. The zero value means that every session received every
// message exactly once and in the order in which it was sent, and that all sessions
// received the messages of all senders in one order.
type verdict struct {
	missing    int // acknowledged and not received, over all sessions
	repeated   int // received again
	disordered int // received after a newer one of the same sender
	unsaid     int // received without an acknowledgment to any sender
	diverging  int // sessions that received another order than the first session
	gaps       int
}

func (a *account) judge() verdict {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := verdict{gaps: a.gaps}
	for _, heard := range a.heard {
		seen, last := map[line]bool{}, map[int]int{}
		for _, l := range heard {
			switch {
			case seen[l]:
				v.repeated++
			case !a.said[l]:
				v.unsaid++
			case l.N < last[l.From]:
				v.disordered++
			}
			seen[l] = true
			last[l.From] = max(last[l.From], l.N)
		}
		for l := range a.said {
			if !seen[l] {
				v.missing++
			}
		}
		if !slices.Equal(heard, a.heard[0]) {
			v.diverging++
		}
	}
	return v
}

func TestJudge(t *testing.T) {
	a1, a2, b1 := line{1, 1}, line{1, 2}, line{2, 1}
	for _, test := range []struct {
		name   string
		first  []line
		second []line
		gaps   int
		want   verdict
	}{
		{"all is well", []line{a1, b1, a2}, []line{a1, b1, a2}, 0, verdict{}},
		{"one is missing", []line{a1, b1, a2}, []line{a1, b1}, 0, verdict{missing: 1, diverging: 1}},
		{"the same one is missing everywhere", []line{a1, b1}, []line{a1, b1}, 0, verdict{missing: 2}},
		{"one comes again", []line{a1, b1, a2}, []line{a1, b1, a2, b1}, 0, verdict{repeated: 1, diverging: 1}},
		{"a sender's are swapped", []line{a2, a1, b1}, []line{a2, a1, b1}, 0, verdict{disordered: 2}},
		{"two senders' are swapped", []line{a1, b1, a2}, []line{b1, a1, a2}, 0, verdict{diverging: 1}},
		{"nobody said it", []line{a1, b1, a2, {3, 1}}, []line{a1, b1, a2, {3, 1}}, 0, verdict{unsaid: 2}},
		{"a gap", []line{a1, b1, a2}, []line{a1, b1, a2}, 1, verdict{gaps: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAccount(2)
			a.said, a.heard, a.gaps = map[line]bool{a1: true, a2: true, b1: true}, [][]line{test.first, test.second}, test.gaps
			if got := a.judge(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
