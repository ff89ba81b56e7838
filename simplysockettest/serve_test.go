package simplysockettest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// TestServe: a whole server and the Go client, under virtual time.
func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := simplysocket.New(&simplysocket.Options{Logger: servertest.Quiet})
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("game/{id}", game)
		host := kit.Serve(t, srv)
		ann, bob := host.Dial(nil), host.Dial(nil)
		var mu sync.Mutex
		var heard []string
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, what)
		}
		ctx := context.Background()
		room, err := ann.Join(ctx, "game/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = bob.Join(ctx, "game/1", nil, func(room *client.Room) {
			client.On(room, "round-started", func(string, number) { note("started") })
			client.On(room, "time-up", func(string, number) { note("time-up") })
			room.OnGap(func(client.Gap) { note("gap") })
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := room.Send(ctx, "start", nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		host.Break()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(heard, []string{"started", "time-up"}) {
			t.Errorf("bob heard %q", heard)
		}
		if ann.State() != client.Online || !ann.Session().Resumed {
			t.Errorf("ann is %v, resumed: %v", ann.State(), ann.Session().Resumed)
		}
	})
}

// TestServeRefuses: a refused handshake is an error of TryDial and fails Dial.
func TestServeRefuses(t *testing.T) {
	o := &simplysocket.Options{Logger: servertest.Quiet, Authenticate: func(*http.Request) (simplysocket.Identity, error) {
		return simplysocket.Identity{}, errors.New("nobody")
	}}
	srv, err := simplysocket.New(o)
	if err != nil {
		t.Fatal(err)
	}
	host := kit.Serve(t, srv)
	if _, err := host.TryDial(t.Context(), "?room=x", nil); err == nil {
		t.Error("it was admitted")
	}
	mustFail(t, func(t testing.TB) {
		srv, err := simplysocket.New(o)
		if err != nil {
			t.Fatal(err)
		}
		kit.Serve(t, srv).Dial(nil)
	}, "a client is not admitted")
}
