package simplysockettest

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/replay"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Replay runs a recording against a room with that setup: the room takes each entry that was
// recorded, at its time, and what it yields is compared with what was recorded. The first
// difference fails the test and says which entry it is and what both answers are. The path
// is that of a file, see [simplysocket.RoomRef.Record], or of a folder with the recordings
// of several rooms, see [simplysocket.Options.Record].
//
// A recording that was cut off is replayed as far as it goes; one that is damaged fails the
// test. A segment that follows a full one is replayed without a restore, so a recording of
// a whole opening can be replayed even if the room has plain variables. Tasks do not run:
// their results are in the recording. What the room sends to other rooms goes nowhere.
//
// The options [Pattern], [ServerOptions] and [EveryDifference] count.
func Replay(t testing.TB, path string, setup func(*simplysocket.Room) error, opts ...Option) {
	t.Helper()
	o := apply(opts)
	replayAll(t, path, o, func(cfg *room.Config) (*simplysocket.Server, error) {
		server := simplysocket.Options{}
		if o.server != nil {
			server = *o.server
		}
		server.Name = cfg.Server
		if cfg.Lobby {
			server.Lobby = cfg.Name
		}
		recorded := *o
		recorded.server = &server
		return recorded.serve(cfg.Name, setup)
	})
}

// ReplayOn is [Replay] with the rooms as they are on a server: with the setups of the
// patterns that match and the server's middleware. The server is neither used nor changed.
func ReplayOn(t testing.TB, srv *simplysocket.Server, path string, opts ...Option) {
	t.Helper()
	replayAll(t, path, apply(opts), func(*room.Config) (*simplysocket.Server, error) { return srv, nil })
}

// EveryDifference makes [Replay] go on after a difference: with the next segment, which
// begins with a snapshot, and with the next room. The default is to stop.
func EveryDifference() Option { return func(o *options) { o.everyDifference = true } }

func replayAll(t testing.TB, path string, o *options, serverFor func(*room.Config) (*simplysocket.Server, error)) {
	t.Helper()
	sources, err := replay.Sources(path)
	if err != nil {
		t.Fatalf("recording: %v", err)
	}
	for _, source := range sources {
		cfg, err := source.Config()
		if err != nil {
			t.Fatalf("recording %s: %v", source[0], err)
		}
		srv, err := serverFor(cfg)
		if err != nil {
			t.Fatalf("recording %s: %v", source[0], err)
		}
		report, err := source.Replay(srv, replay.Options{All: o.everyDifference, Log: logTo(t)})
		if report != nil {
			t.Logf("room %q: %d entries of %d segments replayed, %d passed over", report.Room, report.Entries, report.Segments, report.Skipped)
			for i := range report.Differences {
				t.Errorf("a recorded room answers differently: %s", &report.Differences[i])
			}
		}
		if err != nil {
			t.Errorf("recording %s: %v", source[0], err)
		}
		if t.Failed() && !o.everyDifference {
			t.FailNow()
		}
	}
}
