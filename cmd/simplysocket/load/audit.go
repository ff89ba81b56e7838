package load

import "math/bits"

// audit is the account, at one time, of the messages that count.
type audit struct {
	messages                          int // that were due
	handled, refused, unknown, unsent int
	expected                          int64 // deliveries of handled messages
	lost                              int64 // of these, how many are missing
	lostTold                          int64 // of these, how many the server reported
	unexpected                        int64 // deliveries of refused messages
}

// audit compares what was handled with what every member has received.
//
// A message with an unknown outcome was handled if any member has received it; then all
// members should have. If none has, it is neither expected nor lost.
func (r *Run) audit() audit {
	a := r.messages
	var sum audit
	reached := int(a.reached.Load())
	wanted := map[*room]*judgment{}
	for _, m := range r.members {
		if wanted[m.room] == nil {
			wanted[m.room] = newJudgment(len(m.received))
		}
		wanted[m.room].union(m)
	}
	for n := a.warmup; n < reached; n++ {
		sum.messages++
		room := a.sender(n).room
		sum.judge(a.entries[n].result(), wanted[room], a.index(n), len(room.members))
	}
	for _, m := range r.members {
		sum.compare(a, m, wanted[m.room])
	}
	return sum
}

// judgment is three bits for each message of a room.
type judgment struct {
	some     []uint64 // any member has it
	expected []uint64 // all members should
	refused  []uint64 // none should
}

func newJudgment(words int) *judgment {
	return &judgment{make([]uint64, words), make([]uint64, words), make([]uint64, words)}
}

func (j *judgment) union(m *member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, word := range m.received {
		j.some[i] |= word
	}
}

// judge decides about one message.
func (s *audit) judge(o outcome, j *judgment, index, members int) {
	word, bit := index/64, uint64(1)<<(index%64)
	switch o {
	case handled:
		s.handled++
	case refused:
		s.refused++
		j.refused[word] |= bit
		return
	case unsent:
		s.unsent++
		return
	default:
		if j.some[word]&bit == 0 {
			s.unknown++
			return
		}
		s.handled++
	}
	j.expected[word] |= bit
	s.expected += int64(members)
}

// compare checks what one member received.
func (s *audit) compare(l *messageLog, m *member, j *judgment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, has := range m.received {
		s.unexpected += int64(bits.OnesCount64(j.refused[i] & has))
		missing := j.expected[i] &^ has
		s.lost += int64(bits.OnesCount64(missing))
		for ; missing != 0 && len(m.gaps) > 0; missing &= missing - 1 {
			n := l.number(m.room, i*64+bits.TrailingZeros64(missing))
			if m.told(&l.entries[n]) {
				s.lostTold++
			}
		}
	}
}
