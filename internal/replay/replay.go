// Package replay runs recordings against the code of an application and says where it
// answers differently. It is what a test, the inspector and the check of a new release have
// in common.
package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// Options change how a recording is replayed.
type Options struct {
	// All goes on after a difference, with the next segment. Otherwise the first one ends
	// the replay.
	All bool
	// Log receives what the rooms log; nil: nobody does.
	Log *slog.Logger
}

// Report is the outcome of a replay.
type Report struct {
	Room        string
	Segments    int
	Entries     uint64 // that were compared
	Skipped     uint64 // that were not, because they follow a difference
	Lost        uint64 // that the recording does not have
	Torn        bool   // the recording was cut off
	Differences []Difference
}

// Difference is an entry to which the code answers differently than it was recorded.
type Difference struct {
	Room    string
	Segment uint64      // its number
	Number  uint64      // of the entry in the segment, from 1; 0: the segment's beginning
	Entry   *room.Entry // nil for the beginning
	What    string      // what happened, in a few words
	// Recorded is what the room answered, and Now what it answers, as far as they differ.
	Recorded, Now string
	// Note says what may be behind it; it may be empty.
	Note string
}

// maxBody limits the body in a text.
const maxBody = 400

// String describes the difference in a sentence or two.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "room %q, segment %d", d.Room, d.Segment)
	if e := d.Entry; e != nil {
		fmt.Fprintf(&b, ", entry %d (position %d, at %s)", d.Number, e.Pos, e.Time.Format("2006-01-02 15:04:05.000"))
	}
	fmt.Fprintf(&b, ": %s", d.What)
	if d.Entry != nil && len(d.Entry.Body) > 0 {
		fmt.Fprintf(&b, " with %s", cut(d.Entry.Body))
	}
	fmt.Fprintf(&b, "\n  recorded: %s\n  now:      %s", d.Recorded, d.Now)
	if d.Note != "" {
		fmt.Fprintf(&b, "\n  %s", d.Note)
	}
	return b.String()
}

func cut(body []byte) string {
	if len(body) <= maxBody {
		return string(body)
	}
	return fmt.Sprintf("%s... (%d bytes)", body[:maxBody], len(body))
}

// Run replays a recording of one room against the room of that name on a server, a
// *simplysocket.Server, which is neither used nor changed. The error is that of a recording
// that cannot be read, with a report of what was read before, or that of a name that opens
// no room.
func Run(srv any, r io.Reader, o Options) (*Report, error) {
	p := &player{srv: srv, options: o, reader: recording.NewReader(r), report: &Report{}}
	if p.options.Log == nil {
		p.options.Log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if p.room != nil {
			p.room.Discard()
		}
	}()
	for !p.over {
		p.contain(p.play)
	}
	return p.report, p.err
}

// player replays one recording.
type player struct {
	srv     any
	options Options
	reader  *recording.Reader
	report  *Report
	room    testroom.Room // nil before the first segment

	segment  *recording.Segment
	number   uint64 // of the entry in the segment
	step     *recording.Step
	what     string
	same     bool   // the room has answered as it was recorded up to here
	within   bool   // a segment is being replayed
	handling bool   // code of the application runs
	lost     uint64 // after the segment before
	encoded  []byte
	over     bool
	err      error
}

// contain runs f, which calls code of the application. If that ends its goroutine, the room
// has closed, and f is to be called again.
func (p *player) contain(f func()) {
	returned := make(chan bool)
	go func() {
		ended := true
		defer func() { returned <- !ended }()
		f()
		ended = false
	}()
	if <-returned {
		return
	}
	if !p.handling {
		p.fail(errors.New("the goroutine of a replay has ended"))
		return
	}
	p.handling = false
	out := p.room.Machine().Exited()
	p.compare(out)
	if out.Closed {
		p.room.Discard()
	}
}

// fail ends the replay.
func (p *player) fail(err error) { p.over, p.err = true, err }

// play replays until the end.
func (p *player) play() {
	for !p.over {
		if !p.within {
			p.begin()
			continue
		}
		step, err := p.reader.Step()
		switch {
		case err == io.EOF: //nolint:errorlint // it is not wrapped
			p.end()
		case err != nil:
			p.fail(err)
		case !p.same:
			p.report.Skipped++
		default:
			p.take(step)
		}
	}
}

// begin begins the next segment.
func (p *player) begin() {
	before := p.segment
	s, err := p.reader.Next()
	switch {
	case err == io.EOF: //nolint:errorlint // it is not wrapped
		p.over = true
		p.report.Lost += p.lost
		return
	case err != nil:
		p.fail(err)
		return
	}
	p.lost = 0 // the segment says it again
	p.segment, p.number, p.step, p.within = s, 0, nil, true
	p.report.Segments++
	p.report.Lost += s.Lost
	if p.room == nil {
		p.report.Room = s.Room
		if p.room, err = testroom.New(p.srv, s.Room, p.options.Log); err != nil {
			p.fail(fmt.Errorf("room %q: %w", s.Room, err))
			return
		}
	}
	if s.Room != p.report.Room {
		p.fail(fmt.Errorf("a recording of room %q goes on with room %q", p.report.Room, s.Room))
		return
	}
	goesOn := before != nil && p.same && s.Why == recording.Full && s.Number == before.Number+1
	if goesOn {
		return
	}
	p.room.NoteChanges(s.Stored)
	if s.Opening != nil {
		p.open(s.Opening)
	} else {
		p.restore(s.Snapshot)
	}
}

func (p *player) open(o *recording.Opening) {
	p.what, p.same = "the setup", true
	p.room.Discard()
	p.handling = true
	out := p.room.Open(testroom.Opening{Config: &o.Config})
	p.handling = false
	p.compare(out)
}

func (p *player) restore(snapshot []byte) {
	p.what, p.same = "the beginning of the segment", true
	if err := p.room.Restore(snapshot); err != nil {
		p.differ("a snapshot of the room", "it cannot be restored: "+err.Error(), "")
	}
}

// end ends a segment.
func (p *player) end() {
	p.within = false
	if end := p.reader.End(); end == nil {
		p.report.Torn = true
	} else if p.lost = end.Lost; end.Why == recording.Gap {
		p.same = false
	}
}

// take has the room handle an entry, and compares.
func (p *player) take(step *recording.Step) {
	p.number++
	p.step = step
	e := &step.Entry
	p.what = p.describe(e)
	p.handling = true
	var out *room.Output
	if step.Refused != nil {
		out = p.room.Refuse(e, step.Refused)
	} else {
		out = p.room.Apply(e)
	}
	p.handling = false
	p.compare(out)
	for { // what its code has sent to the room was recorded as well
		_, settle, ok := p.room.Posted()
		if !ok {
			return
		}
		settle(nil)
	}
}

// compare compares what an entry, or the setup, yields with what was recorded.
func (p *player) compare(out *room.Output) {
	var want []byte
	if p.step != nil {
		want = p.step.Output
		p.report.Entries++
	} else {
		want = p.segment.Opening.Output
	}
	p.encoded = room.AppendOutput(p.encoded[:0], out)
	if bytes.Equal(p.encoded, want) {
		return
	}
	recorded, rest, err := room.ReadOutput(want)
	now, _, _ := room.ReadOutput(p.encoded) // it was just encoded
	if err != nil || len(rest) > 0 {
		p.fail(fmt.Errorf("room %q, segment %d, entry %d: %w", p.report.Room, p.segment.Number, p.number, room.ErrEncoding))
		return
	}
	was, is, differ := testroom.Difference(recorded, now)
	if !differ {
		was, is = summary(recorded), summary(now)
	}
	p.differ(was, is, p.note())
}

// summary is for outputs whose messages are the same.
func summary(o *room.Output) string {
	return fmt.Sprintf("%d deliveries, a member %t, a wrong password %t", o.Deliveries, o.Reply.IsMember, o.Reply.BadGuess)
}

func (p *player) note() string {
	switch {
	case p.step == nil:
		return ""
	case p.step.Entry.Kind == room.KindJoin && bytes.Contains(p.step.Entry.Body, []byte(recording.Hidden)):
		return "The password of the join is not in the recording. A handler that checks it itself cannot be replayed."
	case p.segment.Snapshot != nil && p.segment.Why != recording.Full:
		return "The segment begins with a snapshot, which has no plain variables of the setup."
	default:
		return ""
	}
}

// differ notes a difference.
func (p *player) differ(recorded, now, note string) {
	p.same = false
	d := Difference{
		Room: p.report.Room, Segment: p.segment.Number, Number: p.number, What: p.what,
		Recorded: recorded, Now: now, Note: note,
	}
	if p.step != nil {
		e := p.step.Entry
		d.Entry = &e
	}
	p.report.Differences = append(p.report.Differences, d)
	if !p.options.All {
		p.over = true
	}
}

// describe says what an entry is.
func (p *player) describe(e *room.Entry) string {
	if e.Kind == room.KindTimer {
		return p.room.Machine().DescribeAlarm(e.Number)
	}
	return testroom.Describe(e)
}

// MarshalJSON encodes what a reader of reports needs.
func (d *Difference) MarshalJSON() ([]byte, error) {
	report := struct {
		Room     string          `json:"room"`
		Segment  uint64          `json:"segment"`
		Number   uint64          `json:"number"`
		Position uint64          `json:"position,omitempty"`
		What     string          `json:"what"`
		Member   string          `json:"member,omitempty"`
		Action   string          `json:"action,omitempty"`
		Body     json.RawMessage `json:"body,omitempty"`
		Recorded string          `json:"recorded"`
		Now      string          `json:"now"`
		Note     string          `json:"note,omitempty"`
	}{Room: d.Room, Segment: d.Segment, Number: d.Number, What: d.What, Recorded: d.Recorded, Now: d.Now, Note: d.Note}
	if e := d.Entry; e != nil {
		report.Position, report.Member, report.Action, report.Body = e.Pos, e.Member, e.Action, e.Body
	}
	return json.Marshal(report)
}
