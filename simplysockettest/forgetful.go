package simplysockettest

import (
	"bytes"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// twin is a room that is restored before each entry, beside the one that the test sees.
type twin struct {
	room testroom.Room
	off  bool // a difference was found, or it cannot be restored
}

// open opens the twin as the room was opened, and compares what they yield.
func (w *twin) open(r *Room, opening testroom.Opening, want *room.Output) {
	if !w.off {
		w.compare(r, "the setup", want, w.room.Open(opening))
	}
}

// apply restores the twin, has it handle an entry that the room has handled, and compares
// what they yield.
func (w *twin) apply(r *Room, e *room.Entry, want *room.Output) {
	if w.off {
		return
	}
	what := fmt.Sprintf("entry %d, %s", e.Pos, r.describe(e))
	snapshot, err := w.room.Snapshot()
	if err == nil {
		err = w.room.Restore(snapshot)
	}
	if err != nil {
		w.off = true
		r.errorf(" cannot be restored before %s: %v", what, err)
		return
	}
	w.compare(r, what, want, w.room.Apply(e))
	for { // what its code has sent to the room, the room has sent as well
		if _, _, ok := w.room.Posted(); !ok {
			return
		}
	}
}

// compare fails the test at the first difference.
func (w *twin) compare(r *Room, what string, want, got *room.Output) {
	if restored, plain, differ := testroom.Difference(got, want); differ {
		w.off = true
		r.errorf(" answers differently after a restore: %s: %s, and %s without. %s", what, restored, plain, forgotten)
		return
	}
	kept, err := r.room.Snapshot()
	restored, _ := w.room.Snapshot() // it has the same values
	if err != nil {
		w.off = true
		r.errorf(" cannot be written down after %s: %v", what, err)
	} else if !bytes.Equal(kept, restored) {
		w.off = true
		r.errorf(" keeps something different after a restore: %s, such as another timer, task or value. %s", what, forgotten)
	}
}

const forgotten = "A plain variable of the setup is not kept: hold it in NewState or NewTable. " +
	"Nor may a room use the time of the system, its own randomness or the order of a map."
