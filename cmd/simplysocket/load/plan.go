package load

import (
	"math"
	"math/rand/v2"
	"time"
)

// plan says for each message when it is due and who sends it. Both follow from its
// number, so they need not be stored, and no server has to be trusted with them.
//
// The clients take turns, in an order drawn once, and messages are due at equal
// intervals: each client, and each room, sends evenly.
type plan struct {
	rate   float64
	warmup int // messages that do not count
	all    int // messages
	order  []*member
}

func newPlan(s *Settings, members []*member, random *rand.Rand) *plan {
	p := &plan{rate: s.Rate, order: append([]*member(nil), members...)}
	p.warmup, p.all = s.messages()
	random.Shuffle(len(p.order), func(i, j int) { p.order[i], p.order[j] = p.order[j], p.order[i] })
	for i, m := range p.order {
		m.turn, m.place = i, len(m.room.members)
		m.room.members = append(m.room.members, m)
	}
	return p
}

// due is when a message is to be sent, counted from the first.
func (p *plan) due(n int) time.Duration {
	return time.Duration(math.Round(float64(n) / p.rate * float64(time.Second)))
}

func (p *plan) sender(n int) *member { return p.order[n%len(p.order)] }

// index is the message's place among those of its room.
func (p *plan) index(n int) int {
	from := p.sender(n)
	return n/len(p.order)*len(from.room.members) + from.place
}

// indexes is an upper bound of the places in a room with that many members.
func (p *plan) indexes(members int) int { return (p.all/len(p.order) + 1) * members }

// number is the message at a place in a room: the inverse of index.
func (p *plan) number(r *room, index int) int {
	round, turn := index/len(r.members), index%len(r.members)
	return round*len(p.order) + r.members[turn].turn
}
