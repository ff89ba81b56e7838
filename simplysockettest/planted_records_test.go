package simplysockettest_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/engine/enginetest"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// TestPlantedRecords: what the kit cannot show, because it restores rooms from snapshots, a
// server shows that continues from the records of another.
func TestPlantedRecords(t *testing.T) {
	for _, p := range plantedRooms() {
		if !p.records {
			continue
		}
		for what, tt := range map[string]struct {
			setup func(*simplysocket.Room) error
			kept  int
		}{"buggy": {p.buggy, 0}, "fixed": {p.fixed, 1}} {
			t.Run(p.name+"/"+what, func(t *testing.T) {
				store := enginetest.NewStore(1)
				first, host := serveFrom(t, store, tt.setup)
				room, err := host.Dial(nil).Join(t.Context(), "planted", nil)
				if err == nil {
					err = room.Send(t.Context(), "score", nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := first.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}

				_, host = serveFrom(t, store, tt.setup)
				if room, err = host.Dial(nil).Join(t.Context(), "planted", nil); err != nil {
					t.Fatal(err)
				}
				v, err := client.Call[struct{ Total, Points int }](t.Context(), room, "look", nil)
				if err != nil {
					t.Fatal(err)
				}
				if v.Total != 1 || v.Points != tt.kept {
					t.Errorf("restored is %+v", v)
				}
			})
		}
	}
}

// serveFrom serves a room over a store, as one process of several.
func serveFrom(t *testing.T, store *enginetest.Store, setup func(*simplysocket.Room) error) (*simplysocket.Server, *kit.Host) {
	t.Helper()
	srv, err := simplysocket.New(&simplysocket.Options{Engine: enginetest.NewMemory(store, nil)})
	if err != nil {
		t.Fatal(err)
	}
	srv.HandleRoom("planted", setup)
	return srv, kit.Serve(t, srv)
}
