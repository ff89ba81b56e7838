package room_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// transcript is what happened in a simulation: what the rooms sent, and for each client
// its messages, their answers and what it read. It is a value, so that tests can falsify
// it.
type transcript struct {
	said    map[uint64][]frame // by epoch, in order
	clients []*account
}

// frame is a message of a room with its audience.
type frame struct {
	seq     uint64
	all     bool // numbers are those left out; otherwise they are the audience
	numbers []uint64
	silent  bool // it may be lost
	notice  bool
	key     string
	text    string // of the client's message; empty: it is not from a client
	payload []byte
}

func (f *frame) isFor(number uint64) bool { return slices.Contains(f.numbers, number) != f.all }

// account is what a client knows.
type account struct {
	name        string
	memberships []*membership
	sent        map[string]outcome // by text
	read        []reading
}

type outcome uint8

const (
	unknown outcome = iota
	accepted
	refused
)

// membership is a client's stay in a room.
type membership struct {
	epoch, number uint64
	since         uint64 // its first seq is after this one
	end           uint64 // seq of the last frame before the exit; 0: it has not ended
	gaps          []span // that the server still has to send
	restarts      []uint64
	cut           bool // its connection was broken when it ended: it cannot know the last frames
}

// span is a range of seqs, both ends included.
type span struct{ from, to uint64 }

func (s span) has(seq uint64) bool { return s.from <= seq && seq <= s.to }

// reading is a message that a client has read.
type reading struct {
	epoch, seq uint64
	gap        span // of a `gap`; zero: another message
	epochGap   bool
	payload    []byte
}

// verdict checks the promises of [docs/guarantees.md] to sessions. The error begins with
// the letter of the promise: L, nothing acknowledged is lost; O, one order; D, no
// doubles; G, every gap is announced; E, no client reads what it is not entitled to.
func (t *transcript) verdict() error {
	for _, c := range t.clients {
		if err := t.checkReadings(c); err != nil {
			return fmt.Errorf("%w (%s)", err, c.name)
		}
		for _, m := range c.memberships {
			if err := t.checkMembership(c, m); err != nil {
				return fmt.Errorf("%w (%s, member %d)", err, c.name, m.number)
			}
		}
	}
	return t.checkOutcomes()
}

// checkReadings checks order, doubles and entitlement.
func (t *transcript) checkReadings(c *account) error {
	type place struct{ epoch, seq uint64 }
	last, seen := place{}, map[place]bool{}
	for _, r := range c.read {
		switch at := (place{r.epoch, r.seq}); {
		case r.epochGap:
		case r.gap != span{}:
			if r.epoch == last.epoch && r.gap.from <= last.seq {
				return fmt.Errorf("G: a gap from %d after %d", r.gap.from, last.seq)
			}
			last = place{r.epoch, r.gap.to}
		case seen[at]:
			return fmt.Errorf("D: %d/%d was read twice", r.epoch, r.seq)
		case at.epoch < last.epoch, at.epoch == last.epoch && at.seq <= last.seq:
			return fmt.Errorf("O: %d/%d was read after %d/%d", at.epoch, at.seq, last.epoch, last.seq)
		default:
			seen[at], last = true, at
			if err := t.checkEntitled(c, &r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *transcript) checkEntitled(c *account, r *reading) error {
	for _, f := range t.said[r.epoch] {
		if f.seq != r.seq {
			continue
		}
		if !bytes.Equal(f.payload, r.payload) {
			return fmt.Errorf("O: %d/%d is %s, but was read as %s", r.epoch, r.seq, f.payload, r.payload)
		}
		if f.silent && slices.Contains(f.numbers, 0) {
			return nil // an answer to a client that is not a member
		}
		for _, m := range c.memberships {
			if m.epoch == r.epoch && r.seq > m.since && (m.end == 0 || r.seq <= m.end) && f.isFor(m.number) {
				return nil
			}
		}
		return fmt.Errorf("E: %d/%d was not for the client: %s", r.epoch, r.seq, r.payload)
	}
	return fmt.Errorf("E: %d/%d was never sent: %s", r.epoch, r.seq, r.payload)
}

// checkMembership checks that the client read each frame for the member, or read a gap
// that covers it.
func (t *transcript) checkMembership(c *account, m *membership) error {
	read, announced, last := map[uint64]bool{}, []span{}, uint64(0)
	lost := false
	for _, r := range c.read {
		switch {
		case r.epochGap:
			lost = true
		case r.epoch != m.epoch:
		case r.gap != span{}:
			announced = append(announced, r.gap)
		default:
			if lost && slices.Contains(m.restarts, r.seq) { // everything before is in the gap
				announced = append(announced, span{0, r.seq - 1})
			}
			read[r.seq] = true
			if r.seq > m.since && (m.end == 0 || r.seq <= m.end) {
				last = r.seq
			}
		}
	}
	newer := map[string]bool{} // keys with a newer frame that the client read, or that a gap covers
	for _, f := range slices.Backward(t.said[m.epoch]) {
		if f.seq <= m.since || m.end > 0 && f.seq > m.end || !f.isFor(m.number) || f.silent {
			continue
		}
		has := func(s span) bool { return s.has(f.seq) }
		switch {
		case read[f.seq], slices.ContainsFunc(announced, has), m.cut && f.seq > last:
			if f.key != "" {
				newer[f.key] = true
			}
		case newer[f.key]:
		case slices.ContainsFunc(m.gaps, has):
			return fmt.Errorf("G: no gap covers %d/%d: %s", m.epoch, f.seq, f.payload)
		default:
			return fmt.Errorf("L: %d/%d is lost: %s", m.epoch, f.seq, f.payload)
		}
	}
	return nil
}

// checkOutcomes checks that acknowledged messages were sent to the room once, and no
// others were.
func (t *transcript) checkOutcomes() error {
	said := map[string]int{}
	for _, frames := range t.said {
		for _, f := range frames {
			if f.text != "" {
				said[f.text]++
			}
		}
	}
	for _, c := range t.clients {
		for text, result := range c.sent {
			switch n := said[text]; {
			case result == unknown:
				return fmt.Errorf("L: %s was not answered", text)
			case result == accepted && n == 0:
				return fmt.Errorf("L: %s was acknowledged but never sent", text)
			case result == refused && n > 0:
				return fmt.Errorf("E: %s was refused but sent", text)
			case n > 1:
				return fmt.Errorf("D: %s was sent %d times", text, n)
			}
		}
	}
	return nil
}

// checkPage checks an answer to `history`: the newest messages that the member may see,
// all of them if it claims to be complete.
func (t *transcript) checkPage(body json.RawMessage, epoch, number, since, before, seq uint64) error {
	var page struct {
		Epoch    uint64
		Messages []json.RawMessage
		Next     uint64
		Complete bool
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return err
	}
	var want []frame
	newer := map[string]bool{}
	for _, f := range slices.Backward(t.said[epoch]) {
		if f.seq >= seq || f.seq <= since || f.silent || !f.isFor(number) || f.key != "" && newer[f.key] {
			continue
		}
		newer[f.key] = true
		if !f.notice && (before == 0 || f.seq < before) {
			want = append(want, f)
		}
	}
	slices.Reverse(want)
	if page.Epoch != epoch || len(page.Messages) > len(want) || page.Complete && len(page.Messages) < len(want) {
		return fmt.Errorf("%d messages of %d, complete: %t", len(page.Messages), len(want), page.Complete)
	}
	want = want[len(want)-len(page.Messages):]
	for i, message := range page.Messages {
		if !bytes.Equal(message, want[i].payload) {
			return fmt.Errorf("message %d is %s, want %s", i, message, want[i].payload)
		}
	}
	if page.Next != 0 && page.Next != want[0].seq {
		return fmt.Errorf("next is %d, want %d", page.Next, want[0].seq)
	}
	return nil
}
