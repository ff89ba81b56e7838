// The memory of a session is tested from inside: over a connection, ids that are far
// apart and answers in any order would take too long to try in numbers.

package simplysocket

import (
	"math/rand/v2"
	"testing"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestAnswersThatMayBeAsked: for any ids of a client and any order of answers, the
// session knows the answers that the client has not read, as long as the number of
// messages without an answer that it has read stays within the limit.
func TestAnswersThatMayBeAsked(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 3))
		step := uint64(1 + rng.IntN(4)*rng.IntN(4)*rng.IntN(300))
		rooms := make([]*actor, 1+rng.IntN(60))
		for i := range rooms {
			rooms[i] = &actor{}
		}
		var s session
		var id uint64
		var unanswered []uint64 // in the order in which they were asked
		var unread []uint64     // answered and not read, in the order of the answers
		room := map[uint64]*actor{}
		for range 3000 {
			switch {
			case rng.IntN(3) > 0 && len(unanswered)+len(unread) < protocol.MaxUnanswered:
				id += 1 + rng.Uint64N(step)
				room[id] = rooms[rng.IntN(len(rooms))]
				s.ask(id, room[id])
				unanswered = append(unanswered, id)
			case rng.IntN(2) == 0 && len(unanswered) > 0:
				i := 0
				if rng.IntN(4) == 0 {
					i = rng.IntN(len(unanswered))
				}
				answered := unanswered[i]
				unanswered = append(unanswered[:i], unanswered[i+1:]...)
				s.answer(answered, plainAck)
				unread = append(unread, answered)
			case len(unread) > 0 && rng.IntN(4) == 0:
				unread = unread[rng.IntN(len(unread)+1):]
			}
		}
		for _, id := range unread {
			if known, ok := s.recall(id); !ok || known.reply != plainAck || known.room != room[id] {
				t.Fatalf("seed %d, step %d: id %d of %d is not known: %v", seed, step, id, len(unread), ok)
			}
		}
		for _, id := range unanswered {
			if known, ok := s.recall(id); !ok || known.reply != nil {
				t.Fatalf("seed %d: id %d has an unexpected answer", seed, id)
			}
		}
	}
}
