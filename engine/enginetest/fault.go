package enginetest

import (
	"math/rand/v2"
	"time"
)

// Options say what goes wrong in a [Memory]. Nil is no fault and no delay.
//
// Whether a write fails follows from the seed, the name of its room, and how many writes
// the room has had in this store: neither from the time nor from other rooms. What else
// fails with it depends on what waits at that time. A test that wants the same transcript
// for the same seed runs in a bubble of testing/synctest, with a MaxDelay.
type Options struct {
	Seed uint64

	// MaxDelay is the longest time that a commit takes. All that waits at its end is
	// stored in one go.
	MaxDelay time.Duration

	// Fenced is the probability that a write finds that another owner has the partition:
	// neither it nor what follows in the partition is stored, and the engine calls Lose.
	// Then the other owner goes away. Within MaxDelay, unless somebody else takes the
	// partition first, the engine gives it back to the host with Own.
	Fenced float64

	// Unknown is the probability that a write is stored, and fails with ErrUnknown.
	Unknown float64

	// Forgotten is the probability that a write is not stored, and fails with ErrUnknown.
	Forgotten float64

	// Standby has Start own no partition. See [Memory.Take].
	Standby bool
}

// fate is what becomes of a write.
type fate struct {
	kind fateKind
	// A write that follows one with an unknown fate in the same commit.
	along bool // it shares the fate: what of it is stored is unknown, too
	kept  bool // it is stored, if it shares the fate and what is before it is stored
}

type fateKind uint8

const (
	good fateKind = iota
	fenced
	unknown
	forgotten
)

// Streams of random numbers.
const (
	streamFates   = 0x1b873593_cc9e2d51
	streamCommits = 0x85ebca6b_c2b2ae35
	streamCrashes = 0x27d4eb2f_165667b1
	streamNames   = 0x9e3779b1_85ebca77
)

func (o *Options) random(stream, number uint64) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed^stream, number))
}

// fate returns what becomes of a room's write of that number.
func (o *Options) fate(room string, number uint64) fate {
	rng := o.random(streamFates^hash(room), number)
	f := fate{along: rng.IntN(2) == 0, kept: rng.IntN(2) == 0}
	switch p := rng.Float64(); {
	case p < o.Fenced:
		f.kind = fenced
	case p < o.Fenced+o.Unknown:
		f.kind = unknown
	case p < o.Fenced+o.Unknown+o.Forgotten:
		f.kind = forgotten
	}
	return f
}

// delay returns how long something takes.
func (o *Options) delay(rng *rand.Rand) time.Duration {
	if o.MaxDelay <= 0 {
		return 0
	}
	return 1 + time.Duration(rng.Int64N(int64(o.MaxDelay)))
}
