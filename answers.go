package simplysocket

import (
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// asked is a message that was received.
type asked struct {
	id    uint64
	room  *actor    // that answers it; nil: no room does
	reply *answered // nil: it is not answered yet
}

// answered is the final answer to a message: an ack or an error.
type answered struct {
	action string
	body   json.RawMessage
}

// plainAck is the answer to most messages.
var plainAck = &answered{action: protocol.ActionAck}

// answers are the newest that a session was given, in the order in which they were
// given. A client has at most [protocol.MaxUnanswered] messages without an answer,
// so whatever it has not heard yet is among them.
type answers struct {
	kept  []asked // from head on
	head  int
	bytes int // of the bodies
}

// Bounds of what a session remembers of its answers.
const (
	keptAnswers     = protocol.MaxUnanswered
	keptAnswerBytes = 64 << 10
)

func (a *answers) add(answer asked) {
	a.kept = append(a.kept, answer)
	a.bytes += len(answer.reply.body)
	for len(a.live()) > keptAnswers || a.bytes > keptAnswerBytes && len(a.live()) > 1 {
		a.bytes -= len(a.kept[a.head].reply.body)
		a.kept[a.head] = asked{}
		a.head++
	}
	if a.head >= keptAnswers/4 {
		live := copy(a.kept, a.live())
		clear(a.kept[live:])
		a.kept, a.head = a.kept[:live], 0
	}
}

func (a *answers) live() []asked { return a.kept[a.head:] }

func (a *answers) find(id uint64) (known asked, ok bool) {
	for _, known := range slices.Backward(a.live()) {
		if known.id == id {
			return known, true
		}
	}
	return asked{}, false
}
