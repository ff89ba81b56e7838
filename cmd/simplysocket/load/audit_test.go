package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
)

// logOf makes a run of members in rooms of the given sizes, with one message per
// millisecond. The members take turns in the order of their numbers.
func logOf(messages int, sizes ...int) *Run {
	r := New(Settings{Rate: 1000, Duration: time.Duration(messages) * time.Millisecond, Body: MinBody})
	r.enter(Running)
	r.members = crowded(sizes...)
	r.random = rand.New(rand.NewPCG(0, 0))
	for _, m := range r.members {
		m.run = r
	}
	r.open()
	r.messages.reached.Store(int64(messages))
	return r
}

// send sends a message and settles it at the given milliseconds.
func (r *Run) sentAt(n, sent, answered int, o outcome) {
	r.messages.entries[n].send(time.Duration(sent) * time.Millisecond)
	r.messages.entries[n].settle(time.Duration(answered)*time.Millisecond, o)
}

// hears delivers a message to members at that millisecond.
func (r *Run) hears(n, at int, members ...*member) (inOrder bool) {
	inOrder = true
	for _, m := range members {
		_, ok := m.note(&r.messages.entries[n], r.messages.index(n), time.Duration(at)*time.Millisecond)
		inOrder = inOrder && ok
	}
	return inOrder
}

func TestAudit(t *testing.T) {
	r := logOf(6, 3)
	defer r.giveUp()
	all := r.members
	for n, o := range []outcome{handled, refused, unknown, unknown, unsent, handled} {
		r.sentAt(n, n, n+1, o)
	}
	r.hears(0, 2, all...)
	r.hears(1, 2, all[0])         // though it was refused
	r.hears(3, 4, all[1])         // so it was handled, and the others lost it
	r.hears(5, 6, all[0], all[1]) // and the third lost it
	want := audit{messages: 6, handled: 3, refused: 1, unknown: 1, unsent: 1, expected: 9, lost: 3, unexpected: 1}
	if got := r.audit(); got != want {
		t.Errorf("audit is\n%+v, want\n%+v", got, want)
	}
}

// TestPending: a message without an answer has an unknown outcome.
func TestPending(t *testing.T) {
	r := logOf(2, 2)
	defer r.giveUp()
	r.messages.entries[0].send(0)
	r.messages.entries[1].send(0)
	r.hears(1, 1, r.members[0])
	want := audit{messages: 2, handled: 1, unknown: 1, expected: 2, lost: 1}
	if got := r.audit(); got != want {
		t.Errorf("audit is\n%+v, want\n%+v", got, want)
	}
}

// TestTold tells silent loss from loss that the server reported.
func TestTold(t *testing.T) {
	r := logOf(5, 2)
	defer r.giveUp()
	m := r.members[0]
	for n := range 5 {
		r.sentAt(n, 10*n+1, 10*n+5, handled)
		r.hears(n, 10*n+6, r.members[1])
	}
	r.hears(1, 16, m) // the one before it is lost silently
	m.noteGap(client.Gap{})
	m.noteGap(client.Gap{})
	r.hears(3, 36, m) // the server reported the one before it, but not the one after it
	want := audit{messages: 5, handled: 5, expected: 10, lost: 3, lostTold: 1}
	if got := r.audit(); got != want {
		t.Errorf("audit is\n%+v, want\n%+v", got, want)
	}
	m.noteGap(client.Gap{})
	want.lostTold = 2
	if got := r.audit(); got != want {
		t.Errorf("with a gap at the end it is\n%+v, want\n%+v", got, want)
	}
	if gaps := r.counts.gaps.Load(); gaps != 3 {
		t.Errorf("%d gaps", gaps)
	}
}

func TestOrder(t *testing.T) {
	for name, test := range map[string]struct {
		second  int // when the second message is handed over
		heard   [2]int
		inOrder bool
	}{
		"one after the other":             {20, [2]int{0, 1}, true},
		"the wrong way round":             {20, [2]int{1, 0}, false},
		"at the same time":                {5, [2]int{1, 0}, true},
		"as soon as the first is handled": {10, [2]int{1, 0}, true},
	} {
		r := logOf(2, 2)
		r.sentAt(0, 0, 10, handled)
		r.sentAt(1, test.second, 30, handled)
		first, second := r.hears(test.heard[0], 40, r.members[0]), r.hears(test.heard[1], 41, r.members[0])
		if got := first && second; got != test.inOrder {
			t.Errorf("%s: in order: %t", name, got)
		}
		r.giveUp()
	}
}
