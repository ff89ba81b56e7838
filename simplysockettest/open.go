package simplysockettest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
)

// Option changes how a room is opened.
type Option func(*options)

type options struct {
	pattern   string
	server    *simplysocket.Options
	seed      uint64
	start     time.Time
	forgetful bool
	kept      []string // states that may differ after an error

	record          func(room string) *recording.Tape // nil: the room is not recorded
	everyDifference bool
}

// Pattern is the pattern under which the room's setup would be registered with
// [simplysocket.Server.HandleRoom], for setups that call [simplysocket.Room.Param]. It
// matches the name of the room.
func Pattern(pattern string) Option { return func(o *options) { o.pattern = pattern } }

// ServerOptions sets the options of the server, such as AnnounceMaxMembers,
// EmptyRoomTimeout, ResumeWindow or HistoryMessages. The Logger and the Trace are not used.
func ServerOptions(opts simplysocket.Options) Option {
	return func(o *options) { o.server = &opts }
}

// Seed sets what [simplysocket.Room.Rand] is seeded with. The default is 1.
func Seed(n uint64) Option { return func(o *options) { o.seed = n } }

// StartAt sets the time at which the room opens. The default is the first of January 2026.
func StartAt(now time.Time) Option { return func(o *options) { o.start = now } }

// Forgetful runs the room a second time beside the first. Before each entry the second one
// is discarded and made again from the encoding of the first: its setup runs, and then all
// that a room keeps has its value again. Its connections, tasks and clock go on, and no hook
// runs. The test fails at the first entry
//
//   - to which the two answer differently, or after which they keep something different: a
//     plain variable of the setup is not kept. Nor is anything else that is not the room's
//     own, such as the time of the system or the order of a map.
//   - in which a value of a table, or a property, has changed without being set. What is
//     not set is not stored.
//   - in which a handler or a hook has changed a state and then returned an error. An error
//     undoes what was set in tables, properties, settings and timers, but not what was done
//     to the value of a [simplysocket.NewState]. [KeptOnError] allows it.
//
// The failure names the state, key, property, timer, task or member, with both forms. The test
// sees the first room alone, but what a setup and its handlers do outside of the room is
// done twice.
func Forgetful() Option { return func(o *options) { o.forgetful = true } }

// KeptOnError names states that code of the room changes on purpose before it returns an
// error, such as the number of failed attempts. For the other states, [Forgetful] and
// [Explore] report that as a failure. Each name is that of a [simplysocket.NewState]. The
// option changes nothing in a room that is opened without Forgetful, or explored with
// [Exploration.Unrestored].
func KeptOnError(states ...string) Option {
	return func(o *options) { o.kept = append(o.kept, states...) }
}

// Open opens a room with that name and setup. It ends with the test.
func Open(t testing.TB, name string, setup func(*simplysocket.Room) error, opts ...Option) *Room {
	t.Helper()
	o := apply(opts)
	srv, err := o.serve(name, setup)
	if err != nil {
		t.Fatalf("room %q: %v", name, err)
	}
	return open(t, srv, name, o)
}

// serve returns a server with a room.
func (o *options) serve(name string, setup func(*simplysocket.Room) error) (*simplysocket.Server, error) {
	srv, err := simplysocket.New(o.server)
	if err != nil {
		return nil, err
	}
	pattern := o.pattern
	if pattern == "" {
		pattern = name
	}
	srv.HandleRoom(pattern, setup)
	return srv, nil
}

// OpenOn opens the room of that name as it is on a server: with the setup of the pattern
// that matches, with the server's middleware and its options. The server is neither used
// nor changed.
func OpenOn(t testing.TB, srv *simplysocket.Server, name string, opts ...Option) *Room {
	t.Helper()
	o := apply(opts)
	if o.pattern != "" || o.server != nil {
		t.Fatalf("room %q: Pattern and ServerOptions are for Open; the server has its own", name)
	}
	return open(t, srv, name, o)
}

func apply(opts []Option) *options {
	o := &options{seed: 1, start: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)}
	for _, opt := range opts {
		opt(o)
	}
	return o
}

func open(t testing.TB, srv *simplysocket.Server, name string, o *options) *Room {
	t.Helper()
	r := &Room{t: t, log: logTo(t), name: name, seed: o.seed, now: o.start, byID: map[string]*Client{}, words: map[string]string{}}
	var err error
	if r.room, err = testroom.New(srv, name, r.log); err != nil {
		t.Fatalf("room %q: %v", name, err)
	}
	r.limits = r.room.Limits()
	if o.forgetful {
		r.twin = &twin{keeps: o.kept}
		if r.twin.room, err = testroom.New(srv, name, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatalf("room %q: %v", name, err)
		}
		r.twin.record(r)
	}
	if o.record != nil {
		r.tape = o.record(name)
	}
	t.Cleanup(r.discard)
	if err := r.open(); err != nil {
		r.fatalf(": its setup failed: %v%s", err, stackOf(err))
	}
	if r.inTrouble() {
		r.tell()
	}
	return r
}

// logTo returns a logger that writes to the log of the test.
func logTo(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey { // that of the system means nothing here
				return slog.Attr{}
			}
			return a
		},
	}))
}
