package simplysocket

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/DhruvikDonga/simplysocket/internal/pattern"
	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// RecordOptions says how a room is recorded. The zero value of every field is a good
// default.
//
// A recording holds the room's entries (messages, joins, leaves, drops, resumes, timers,
// results of tasks) and what each of them has yielded. It holds no token and no address of
// a client. The value of the key `password` in the body of a join is replaced by a name,
// which is the same for the same password; so is what the room keeps of a password. All else
// is recorded as it is: bodies, the room's state, the users and profiles of members, and the
// texts of errors.
//
// What the application does outside of entries is not in it. Nor are plain variables: a
// segment that does not begin with the room's opening can be replayed only if the room keeps
// what it needs with [NewState], [NewTable] or properties.
type RecordOptions struct {
	// SegmentBytes is about how long a segment of the recording is. Each begins with the
	// whole state of the room, so that it can be replayed by itself. Default 4 MiB.
	SegmentBytes int
	// BufferBytes is how much may wait to be written. The room never waits: when there is
	// more, entries are lost. Then the segment ends, and when there is room for it another
	// one begins. Default 1 MiB.
	BufferBytes int
	// Claims names the claims of an [Identity] that are recorded. Default none: handlers
	// that read claims answer differently when the recording is replayed.
	Claims []string
	// Secrets names further keys in the bodies of joins and messages whose values are
	// replaced as passwords are. What a handler makes of them is not.
	Secrets []string
	// Application is the version of the application. Default: what the Go command has put
	// into the program.
	Application string
}

// RecordFolder says which rooms of a server are recorded always, and where; see
// [Options.Record].
type RecordFolder struct {
	RecordOptions
	// Rooms are the patterns of the rooms' names, as in [Server.HandleRoom]. Default none.
	Rooms []string
	// Dir is the folder for the recordings. It is made if it is missing. Each segment is a
	// file.
	Dir string
	// RoomSegments is how many segments of a room are kept; the oldest are removed. Default 8.
	RoomSegments int
	// MaxBytes limits all files of the folder; the oldest are removed. Default 1 GiB.
	MaxBytes int64
}

// recordings is how a server records.
type recordings struct {
	options *RecordFolder // nil: no room is recorded always
	rooms   pattern.Set[struct{}]
	folder  *recording.Folder
	tapes   tracker[*recording.Tape]
}

// configure checks the options and takes them over.
func (r *recordings) configure(o *RecordFolder) error {
	if o == nil {
		return nil
	}
	options := *o
	fill(&options.RoomSegments, 8)
	fill(&options.MaxBytes, 1<<30)
	for _, name := range options.Rooms {
		err := checkPattern(name)
		if err == nil {
			err = r.rooms.Add(name, struct{}{})
		}
		if err != nil {
			return &OptionError{Field: "Record", Reason: "has the pattern " + err.Error()}
		}
	}
	switch {
	case options.Dir == "":
		return &OptionError{Field: "Record", Reason: "has no Dir"}
	case options.RoomSegments < 0 || options.MaxBytes < 0 || options.SegmentBytes < 0 || options.BufferBytes < 0:
		return &OptionError{Field: "Record", Reason: "has a negative limit"}
	}
	r.options = &options
	r.folder = recording.NewFolder(options.Dir, options.RoomSegments, options.MaxBytes)
	return nil
}

// Recorder is a room that is being recorded. It may be used concurrently.
type Recorder struct {
	actor *actor
	tape  *tape
}

// RecorderStats counts what a [Recorder] did.
type RecorderStats struct {
	Entries  uint64 // that were recorded
	Lost     uint64 // that were not, because the writer was too slow
	Gaps     uint64 // runs of lost entries
	Segments uint64
	Bytes    uint64 // that were written
}

// Record records the room from now on, until [Recorder.Stop] is called, the room closes, the
// server shuts down, or w returns an error. It returns when the recording has begun. Record
// writes to w on a goroutine of its own; the room does not wait for it. Nil options use all
// defaults. The error is [ErrRoomClosed], that of the context, or that of a value of the
// room without a JSON form. With the [Room.Context] of a room it is [ErrInTurn].
func (ref RoomRef) Record(ctx context.Context, w io.Writer, o *RecordOptions) (*Recorder, error) {
	a := ref.srv.rooms.find(ref.name)
	switch {
	case ctx.Value(turnKey{}) != nil:
		return nil, ErrInTurn
	case a == nil:
		return nil, ErrRoomClosed
	}
	if o == nil {
		o = &RecordOptions{}
	}
	t := a.newTape(o, recording.Writer(w))
	begun := make(chan error, 1)
	t.once, t.begun = true, begun
	a.addTape(t)
	if err := a.post(&item{signal: signalRecord}); err != nil {
		a.endTape(t, recording.Stopped)
		return nil, err
	}
	select {
	case err := <-begun:
		if err != nil {
			return nil, err
		}
		return &Recorder{a, t}, nil
	case <-ctx.Done():
		a.endTape(t, recording.Stopped)
		return nil, ctx.Err()
	}
}

// Stop ends the recording and returns when all of it is written. The error is that of the
// context, or that of [Recorder.Err].
func (rec *Recorder) Stop(ctx context.Context) error {
	rec.actor.endTape(rec.tape, recording.Stopped)
	select {
	case <-rec.Done():
		return rec.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done returns a channel that is closed when the recording has ended and all of it is
// written.
func (rec *Recorder) Done() <-chan struct{} { return rec.tape.Done() }

// Err returns why the recording has ended before its time: the error of its writer, or of a
// value of the room without a JSON form. Otherwise it returns nil.
func (rec *Recorder) Err() error { return ownError(rec.tape.Err()) }

// Stats returns the current counts.
func (rec *Recorder) Stats() RecorderStats { return RecorderStats(rec.tape.Stats()) }

// tape records the rooms of an actor.
type tape struct {
	*recording.Tape
	once  bool       // it ends with the room
	begun chan error // gets nil when it records; nil: nobody waits
}

// tell tells who waits for the beginning.
func (t *tape) tell(err error) {
	if t.begun != nil {
		t.begun <- err
		t.begun = nil
	}
}

// newTape returns a tape that records nothing yet.
func (a *actor) newTape(o *RecordOptions, sink recording.Sink) *tape {
	opts := *o
	fill(&opts.SegmentBytes, recording.DefaultSegment)
	fill(&opts.BufferBytes, 1<<20)
	versions := buildVersions()
	fill(&opts.Application, versions.application)
	t := &tape{}
	t.Tape = recording.NewTape(recording.Config{
		Room: a.name, Library: versions.library, Application: opts.Application,
		Segment: opts.SegmentBytes, Buffer: opts.BufferBytes,
		Mask: recording.NewMask(slices.Clone(opts.Claims), slices.Clone(opts.Secrets)), Sink: sink,
		Wake:  func() { a.srv.recorders.Submit(t.Tape) },
		Lost:  func() { a.srv.stats.recordingGaps.Add(1) },
		Ended: func() { a.recorded(t) },
	})
	a.srv.recordings.tapes.enter(t.Tape)
	return t
}

// recorded takes note of a tape that has ended and is written.
func (a *actor) recorded(t *tape) {
	if err := t.Err(); err != nil {
		a.srv.log.Error("the recording of a room has ended", "room", a.name, "error", err)
		a.removeTape(t)
	}
	a.srv.recordings.tapes.leave(t.Tape)
}

// recordAlways has the actor record its rooms, if they are always recorded.
func (a *actor) recordAlways() {
	r := &a.srv.recordings
	if r.options == nil {
		return
	}
	found := false
	a.eachTape(func(t *tape) { found = found || !t.once })
	if _, _, ok := r.rooms.Match(a.name); ok && !found {
		a.addTape(a.newTape(&r.options.RecordOptions, r.folder.Sink(a.name)))
	}
}

// tapes are those of an actor. The list is replaced, never changed.
type tapes []*tape

func (a *actor) addTape(t *tape) {
	a.changeTapes(func(all tapes) tapes { return append(slices.Clip(all), t) })
}

func (a *actor) removeTape(t *tape) {
	a.changeTapes(func(all tapes) tapes {
		return slices.DeleteFunc(slices.Clone(all), func(other *tape) bool { return other == t })
	})
}

func (a *actor) changeTapes(change func(tapes) tapes) {
	for {
		old := a.tapes.Load()
		var all tapes
		if old != nil {
			all = *old
		}
		all = change(all)
		to := &all
		if len(all) == 0 {
			to = nil
		}
		if a.tapes.CompareAndSwap(old, to) {
			return
		}
	}
}

// endTape ends a tape.
func (a *actor) endTape(t *tape, why recording.Why) {
	a.removeTape(t)
	t.End(why)
}

// eachTape calls f for the tapes that there are.
func (a *actor) eachTape(f func(*tape)) {
	if all := a.tapes.Load(); all != nil {
		for _, t := range *all {
			f(t)
		}
	}
}

// recordOpening records that the room has opened.
func (a *actor) recordOpening(out *room.Output) {
	a.recordAlways()
	a.eachTape(func(t *tape) {
		cfg := *a.room.core.Config()
		cfg.EmptyTimeout = a.srv.opts.EmptyRoomTimeout // the setup sets it again
		t.Open(a.room.core, &cfg, out)
		if !out.Closed {
			t.tell(nil)
		}
		a.recordEnd(t, out)
	})
}

// record records an entry that the room has handled, or was refused.
func (a *actor) record(it *item, refused error, out *room.Output) {
	if a.tapes.Load() == nil {
		return
	}
	a.eachTape(func(t *tape) {
		_ = t.Take(a.room.core, &it.entry, refused, out) // the tape ends, and its error is logged
		a.recordEnd(t, out)
	})
}

// recordEnd ends the segment of a room that has closed. One that is written down and has
// panicked will be restored.
func (a *actor) recordEnd(t *tape, out *room.Output) {
	switch {
	case !out.Closed:
	case a.room.durable && out.Panic() != nil:
		t.Leave(recording.Restored)
	case t.once:
		a.endTape(t, recording.Closed)
		t.tell(ErrRoomClosed)
	default:
		t.Leave(recording.Closed)
	}
}

// recordRestored begins a new segment: what was not stored is undone.
func (a *actor) recordRestored() {
	a.recordAlways()
	a.eachTape(func(t *tape) { t.tell(t.Start(a.room.core, recording.Restored)) })
}

// startTapes begins the tapes that wait for it.
func (a *actor) startTapes() {
	a.eachTape(func(t *tape) {
		switch {
		case t.begun == nil:
		case a.room == nil:
			a.endTape(t, recording.Stopped)
			t.tell(ErrRoomClosed)
		default:
			t.tell(ownError(t.Start(a.room.core, recording.Started)))
		}
	})
}

// endTapes ends the tapes of an actor that ends.
func (a *actor) endTapes() {
	a.eachTape(func(t *tape) {
		a.endTape(t, recording.Closed)
		t.tell(ErrRoomClosed)
	})
}

// closeRecordings waits until all recordings are written.
func (s *Server) closeRecordings(ctx context.Context) error {
	err := s.recordings.tapes.wait(ctx)
	if err != nil {
		return fmt.Errorf("recordings are not written: %w", err)
	}
	return nil
}

// versions are those that stand in a recording.
type versions struct{ library, application string }

// buildVersions finds out what the Go command has put into the program.
var buildVersions = sync.OnceValue(func() (v versions) {
	const library = "github.com/DhruvikDonga/simplysocket"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.application = info.Main.Version
	if info.Main.Path == library {
		v.library = info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path == library {
			v.library = m.Version
		}
	}
	return v
})
