package simplysockettest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// twin is a room that is restored before each entry, beside the one that the test sees.
// Both are recorded, as on a server with an engine.
type twin struct {
	room    testroom.Room
	kept    []byte   // the snapshot of the room before the entry
	keeps   []string // states that may differ after an error
	spoiled []testroom.Spoiled
	off     bool // a difference was found, or it cannot be restored
}

// record prepares the twin and the room that it accompanies.
func (w *twin) record(r *Room) {
	r.room.Record(nil)
	w.room.Record(func(s testroom.Spoiled) {
		if !slices.Contains(w.keeps, s.State) {
			w.spoiled = append(w.spoiled, s)
		}
	})
}

// open opens the twin as the room was opened, and compares the two.
func (w *twin) open(r *Room, opening testroom.Opening, want *room.Output) {
	if w.off {
		return
	}
	const what = "the setup"
	got := w.room.Open(opening)
	if w.sameOutput(r, what, want, got) {
		w.sameState(r, what, false)
	}
	if want.Reply.Err == nil {
		w.checkNames(r)
	}
}

// checkNames reports a name given to KeptOnError that is not that of a state.
func (w *twin) checkNames(r *Room) {
	for _, name := range w.keeps {
		fields, declared, err := r.room.Machine().Kept(name)
		if err == nil && (!declared || len(fields) != 1 || fields[0].Key != "") {
			w.fail(r, ": KeptOnError: %q is no state", name)
		}
	}
}

// apply restores the twin, has it handle an entry that the room has handled, and compares
// the two.
func (w *twin) apply(r *Room, e *room.Entry, want *room.Output) {
	if w.off {
		return
	}
	what := fmt.Sprintf("entry %d, %s", e.Pos, r.describe(e))
	if err := w.room.Restore(w.kept); err != nil {
		w.fail(r, " cannot be restored before %s: %v", what, err)
		return
	}
	got := w.room.Apply(e)
	if w.sameOutput(r, what, want, got) && w.unspoiled(r, what) {
		w.sameState(r, what, !want.Closed && !r.config().Lobby)
	}
	for { // what its code has sent to the room, the room has sent as well
		if _, _, ok := w.room.Posted(); !ok {
			return
		}
	}
}

// fail reports the first of what is wrong. There is no sense in more.
func (w *twin) fail(r *Room, format string, args ...any) {
	w.off = true
	r.errorf(format, args...)
}

const forgotten = "A plain variable of the setup is not kept: hold it in NewState or NewTable. " +
	"Nor may a room use the time of the system, its own randomness or the order of a map."

// sameOutput compares what the two have yielded.
func (w *twin) sameOutput(r *Room, what string, want, got *room.Output) bool {
	restored, plain, differ := testroom.Difference(got, want)
	if differ {
		w.fail(r, " answers differently after a restore: %s: %s, and %s without. %s", what, restored, plain, forgotten)
	}
	return !differ
}

// unspoiled reports whether all states are as they were where code has failed.
func (w *twin) unspoiled(r *Room, what string) bool {
	if len(w.spoiled) == 0 {
		return true
	}
	s := w.spoiled[0]
	w.spoiled = nil
	if s.Where != "" {
		what += ": " + s.Where
	}
	w.fail(r, " keeps what failed: %s: state %q was %s, and is %s after the error, which does not undo it. "+
		"Check first, change afterwards. If it is to change, name it with KeptOnError.", what, s.State, s.Before, s.Now)
	return false
}

// sameState compares what the two keep, and what a server would restore with what they keep.
func (w *twin) sameState(r *Room, what string, written bool) {
	var redone, plain, restored []byte
	var err error
	if written {
		redone, err = w.redo(r)
	}
	if err == nil {
		plain, err = r.room.Snapshot()
	}
	if err == nil {
		restored, err = w.room.Snapshot()
	}
	w.kept = plain
	switch {
	case err != nil:
		w.fail(r, " cannot be written down after %s: %v", what, err)
	case !bytes.Equal(restored, plain):
		part, without := firstDifference(restored, plain)
		w.fail(r, " keeps something different after a restore: %s: %s is %s, and %s without. %s",
			what, part.Name, part.Form, without.Form, forgotten)
	case written && !bytes.Equal(redone, plain):
		w.unnoted(r, what, redone, plain)
	}
}

// unnoted reports a change that was not noted.
func (w *twin) unnoted(r *Room, what string, redone, plain []byte) {
	noted, part := firstDifference(redone, plain)
	switch part.Kind {
	case room.PartTable, room.PartElement:
		w.fail(r, " changes what it does not set: %s: %s: its value was changed without Set: a restored room would not have the change. "+
			"It is %s, and was set to %s.", what, part.Name, part.Form, noted.Form)
	default:
		w.off = true
		r.broken("after %s a restored room would differ: %s is %s, and would be %s", what, part.Name, part.Form, noted.Form)
	}
}

// redo returns what the room was before the entry, with what the twin has noted since.
func (w *twin) redo(r *Room) ([]byte, error) {
	if _, err := r.room.Machine().AppendRecord(nil, nil); err != nil { // so that both count alike
		return nil, err
	}
	record, err := w.room.Machine().AppendRecord(nil, nil)
	if err != nil {
		return nil, err
	}
	image, err := room.ReadSnapshot(w.kept)
	if err != nil {
		return nil, err
	}
	if _, err := image.Redo(record); err != nil {
		return nil, err
	}
	return image.Snapshot(nil)
}

// firstDifference returns the first part in which two snapshots differ.
func firstDifference(a, b []byte) (inA, inB room.Part) {
	imageA, err := room.ReadSnapshot(a)
	if err == nil {
		var imageB *room.Image
		if imageB, err = room.ReadSnapshot(b); err == nil {
			var differ bool
			if inA, inB, differ = room.Difference(imageA, imageB); differ {
				inA.Form, inB.Form = excerpts(inA.Form, inB.Form)
				return inA, inB
			}
		}
	}
	unnamed := room.Part{Kind: room.PartOther, Name: "a part without a name"}
	return unnamed, unnamed
}

// excerpts returns two forms from a little before the place where they part, if they are long.
func excerpts(a, b string) (ofA, ofB string) {
	const most, around = 400, 100
	from := 0
	if max(len(a), len(b)) > most {
		for from < min(len(a), len(b)) && a[from] == b[from] {
			from++
		}
		from = max(0, from-around)
	}
	return excerpt(a, from, most), excerpt(b, from, most)
}

func excerpt(form string, from, most int) string {
	if form == "" {
		return "nothing"
	}
	before, after := "", ""
	if from > 0 {
		before = "..."
	}
	if len(form)-from > most {
		form, after = form[:from+most], "..."
	}
	return strings.ToValidUTF8(before+form[from:]+after, "")
}
