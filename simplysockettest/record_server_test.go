package simplysockettest_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// A server with real clients is recorded, always and for a while, and replays as it was.
func TestRecordServer(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { recordServer(t, seed) })
	}
}

func recordServer(t *testing.T, seed uint64) {
	dir := filepath.Join(t.TempDir(), "all")
	srv, err := simplysocket.New(&simplysocket.Options{
		Logger: servertest.Quiet, MessageRate: simplysocket.Unlimited,
		Record: &simplysocket.RecordFolder{Rooms: []string{"{room}"}, Dir: dir, RoomSegments: 1000, RecordOptions: simplysocket.RecordOptions{SegmentBytes: 20_000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.HandleRoom("coded", playRoom)
	srv.HandleRoom("relay", simplysocket.Relay)
	host := kit.Serve(t, srv)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	joined := make(chan struct{}, 4)
	var conns []*client.Conn
	for range 4 {
		conns = append(conns, host.Dial(&client.Options{Logger: servertest.Quiet, MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond}))
	}
	for i, conn := range conns {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			var rooms []*client.Room
			for _, name := range []string{"coded", "relay"} {
				room, err := conn.Join(ctx, name, nil)
				if err != nil {
					t.Error(err)
					return
				}
				rooms = append(rooms, room)
			}
			joined <- struct{}{}
			for n := range 150 {
				if ctx.Err() != nil {
					return
				}
				action := []string{"say", "fail", "blink", "set", "move", "move"}[rng.IntN(6)]
				_, _ = client.Call[simplysocket.None](ctx, rooms[rng.IntN(2)], action, number{n})
				if rng.IntN(40) == 0 {
					host.Break()
				}
			}
		})
	}
	for range 4 {
		<-joined
	}
	var some bytes.Buffer
	rec, err := srv.Room("coded").Record(ctx, &some, nil)
	if err != nil {
		t.Fatal(err)
	}
	enough := 100
	if servertest.Stores() {
		enough = 10 // each fault takes its time
	}
	for rec.Stats().Entries < uint64(enough) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := rec.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	recorded := bytes.Clone(some.Bytes())
	wg.Wait()
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(recorded, some.Bytes()) {
		t.Error("something was written after Stop")
	}
	if gaps := srv.Stats().RecordingGaps; gaps != 0 {
		t.Errorf("%d gaps", gaps)
	}
	kit.ReplayOn(t, srv, dir)
	kit.Replay(t, write(t, some.Bytes()), playRoom)
}
