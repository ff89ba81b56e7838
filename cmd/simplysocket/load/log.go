package load

import (
	"sync/atomic"
	"time"
)

// messageLog records the messages of a run.
type messageLog struct {
	*plan
	entries []loggedMessage // one for each message
	start   time.Duration   // when the first message is due, since the run began
	reached atomic.Int64    // messages that were due
}

// loggedMessage is what the sender knows of a message. Receivers read it.
type loggedMessage struct {
	sent    atomic.Uint32 // a stamp from before it was sent; 0: not sent
	settled atomic.Uint32 // a stamp from after its answer; 0: no answer
	outcome atomic.Uint32 // an outcome
}

const entrySize = 12

// outcome is what the sender knows about a message.
type outcome uint32

const (
	pending outcome = iota
	handled         // acknowledged: all members of the room should have it
	refused         // answered with an error: nobody should have it
	unknown         // nobody knows; if one member has it, all should
	unsent          // it was never on the wire
)

// stamp is a time since the start of the run, coarse enough for a day of it. It is
// never 0.
type stamp uint32

const stampTick = 20 * time.Microsecond

// before returns a stamp that is not later.
func before(t time.Duration) stamp { return stamp(t/stampTick) + 1 } //nolint:gosec // a run is shorter than 2^32 ticks

// after returns a stamp that is later.
func after(t time.Duration) stamp { return before(t) + 1 }

func (e *loggedMessage) send(at time.Duration) { e.sent.Store(uint32(before(at))) }

func (e *loggedMessage) settle(at time.Duration, o outcome) {
	e.outcome.Store(uint32(o))
	e.settled.Store(uint32(after(at)))
}

// handedOver is a stamp from before the message was sent, or 0.
func (e *loggedMessage) handedOver() stamp { return stamp(e.sent.Load()) }

// answered is a stamp from after the room had handled the message, or 0.
func (e *loggedMessage) answered() stamp { return stamp(e.settled.Load()) }

func (e *loggedMessage) result() outcome { return outcome(e.outcome.Load()) }
