package simplysocket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/engine/enginetest"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// kept serves rooms over a store, as one process of several.
func kept(t *testing.T, store *enginetest.Store, o *simplysocket.Options, setup func(*simplysocket.Room) error) (*host, *enginetest.Memory) {
	t.Helper()
	memory := enginetest.NewMemory(store, nil)
	if o == nil {
		o = &simplysocket.Options{}
	}
	o.Engine = memory
	return serve(t, true, o, func(s *simplysocket.Server) {
		if setup != nil {
			s.HandleRoom("{room}", setup)
		}
	}), memory
}

// counter is a room that counts, and panics on demand.
func counter(room *simplysocket.Room) error {
	total := simplysocket.NewState(room, "total", 0)
	simplysocket.OnCall(room, "add", func(_ *simplysocket.Member, n count) (count, error) {
		*total += n.N
		if n.N == 13 {
			panic("unlucky")
		}
		return count{*total}, room.Broadcast("total", count{*total})
	})
	bomb := simplysocket.NewTimer(room, "bomb", func(simplysocket.None) error { panic("boom") })
	simplysocket.On(room, "arm", func(*simplysocket.Member, simplysocket.None) error {
		bomb.Set(time.Millisecond, simplysocket.None{})
		return nil
	})
	return nil
}

// TestPanicLosesNothing: a panic in a room that is stored is a pause. The sender reads an
// error, and nobody else notices.
func TestPanicLosesNothing(t *testing.T) {
	h, _ := kept(t, enginetest.NewStore(1), nil, counter)
	var members []*page
	for range 21 {
		p := h.page()
		p.Call("join-room", "r", nil)
		members = append(members, p)
	}
	culprit, others := members[0], members[1:]
	for i, p := range others {
		p.Call("add", "r", count{1})
		if i%7 == 0 {
			culprit.Refused("add", "r", count{13}, "internal")
		}
	}
	if got := others[0].Call("add", "r", count{1}); string(got.Body) != `{"n":21}` {
		t.Errorf("got %s", got.Body)
	}
	for _, p := range others {
		p.Call("list-members", "r", nil)
		last := 0
		for _, m := range p.Received() {
			switch m.Action {
			case "total":
				if n := decode[count](t, m.Body).N; n != last+1 {
					t.Fatalf("%d follows %d", n, last)
				}
				last++
			case "room-closed", "left-room", "gap":
				t.Fatalf("got %v", m)
			}
		}
		if last != 21 {
			t.Errorf("a member has read %d of 21", last)
		}
	}
	if panics := h.Stats().Panics; panics != 3 {
		t.Errorf("%d panics", panics)
	}
}

// TestPanicsOfOneMember: a member whose messages make the room panic again and again is
// disconnected, although it sends good ones in between. The others play on.
func TestPanicsOfOneMember(t *testing.T) {
	h, _ := kept(t, enginetest.NewStore(1), nil, counter)
	bad, good := h.member("r"), h.member("r")
	for range 20 {
		for _, n := range []int{13, 1} { // it may be disconnected already
			_ = bad.Conn.WriteText([]byte(servertest.Envelope(0, "add", "r", count{n})))
		}
	}
	if end := bad.Closing(); end.Code != 1011 {
		t.Errorf("closed with %v", end)
	}
	good.Call("add", "r", count{1})
	for _, m := range good.Received() {
		if m.Action == "room-closed" || m.Action == "left-room" {
			t.Errorf("got %v", m)
		}
	}
	if panics := h.Stats().Panics; panics != 4 {
		t.Errorf("%d panics", panics)
	}
}

// TestPanicsOfTheRoom: a room that panics by itself again and again closes. What is stored of
// it is kept, and the next join opens it again.
func TestPanicsOfTheRoom(t *testing.T) {
	h, _ := kept(t, enginetest.NewStore(1), nil, counter)
	c := h.page()
	c.Call("join-room", "r", nil)
	c.Call("add", "r", count{5})
	for range 4 {
		c.Call("arm", "r", nil)
		panics := h.Stats().Panics
		waitFor(t, "the bomb", func() bool { return h.Stats().Panics > panics })
	}
	if m := c.Expect("left-room"); m.Field("reason") != "closed" {
		t.Errorf("got %v", m)
	}
	c.Call("join-room", "r", nil)
	if got := c.Call("add", "r", count{1}); string(got.Body) != `{"n":6}` {
		t.Errorf("got %s", got.Body)
	}
}

// world is a room that keeps something of each kind.
func world(room *simplysocket.Room) error {
	visits := simplysocket.NewState(room, "visits", map[string]int{})
	words := simplysocket.NewTable[string, note](room, "words")
	title := simplysocket.NewKey[string]("title", simplysocket.Listed())
	ring := simplysocket.NewTimer(room, "ring", func(n note) error {
		words.Set("rang", n)
		return nil
	})
	find := simplysocket.NewTask(room, "find", func(ctx context.Context, n note) (note, error) {
		<-ctx.Done()
		return n, ctx.Err()
	}, func(asked, _ note, err error) error {
		if errors.Is(err, simplysocket.ErrInterrupted) {
			words.Set("interrupted", asked)
		}
		return nil
	})
	room.SetEmptyTimeout(simplysocket.Forever)
	room.OnJoin(func(j *simplysocket.Join) error { (*visits)["joined"]++; return nil })
	room.OnLeave(func(m *simplysocket.Member, why simplysocket.LeaveReason) error {
		(*visits)[why.String()]++
		return nil
	})
	room.OnRestore(func(down time.Duration) error {
		if down < 0 || down > time.Minute {
			return fmt.Errorf("down for %v", down)
		}
		(*visits)["restored"]++
		return nil
	})
	simplysocket.On(room, "write", func(_ *simplysocket.Member, n note) error {
		words.Set(n.Text, n)
		title.Set(room, n.Text)
		room.SetCapacity(7)
		ring.Set(10*time.Millisecond, n)
		find.Start(n)
		return nil
	})
	simplysocket.OnCall(room, "show", func(m *simplysocket.Member, _ simplysocket.None) (map[string]any, error) {
		keys := []string{}
		for key := range words.All() {
			keys = append(keys, key)
		}
		return map[string]any{"visits": visits, "words": keys, "title": title.Value(room), "members": room.Len()}, nil
	})
	return nil
}

// restart ends a server, by a shutdown or like a process that is killed, and serves the same
// rooms from the same store.
func restart(t *testing.T, h *host, memory *enginetest.Memory, kill bool) {
	t.Helper()
	if kill {
		memory.Crash()
		h.Kill()
		return
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
}

// TestRestart: a room continues in another process with all that it has declared. Its members
// have left, its tasks were interrupted, and its timers run.
func TestRestart(t *testing.T) {
	for name, kill := range map[string]bool{"shutdown": false, "crash": true} {
		t.Run(name, func(t *testing.T) {
			store := enginetest.NewStore(2)
			h, memory := kept(t, store, nil, world)
			a, b := h.member("r"), h.page()
			b.Call("join-room", "r", nil)
			a.Call("write", "r", note{"one"})
			b.Call("write", "r", note{"two"})
			if !kill {
				a.CutOff()
				waitFor(t, "the leave", func() bool { return h.Stats().Leaves > 0 })
			}
			restart(t, h, memory, kill)
			again, _ := kept(t, store, nil, world)
			if err := again.Server.Server.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the room", func() bool { return again.Stats().Rooms == 1 })
			c := again.member("r")
			want := `{"members":1,"title":"two","visits":{"dropped":2,"joined":3,"restored":1},"words":["one","two","interrupted","rang"]}`
			waitFor(t, want, func() bool {
				got := string(c.Call("show", "r", nil).Body)
				return got == want || strings.Replace(got, `"rang","interrupted"`, `"interrupted","rang"`, 1) == want
			})
			if got := c.Call("list-rooms", "", nil); !strings.Contains(string(got.Body), `"capacity":7,"properties":{"title":"two"}`) {
				t.Errorf("list %s", got.Body)
			}
		})
	}
}

// TestRelayRestart: relay rooms are kept, too: with what their opener has set.
func TestRelayRestart(t *testing.T) {
	store := enginetest.NewStore(1)
	h, _ := kept(t, store, &simplysocket.Options{EmptyRoomTimeout: time.Hour}, nil)
	c := h.connect()
	c.Call("join-room", "r", object{"capacity": 3, "password": "secret", "properties": object{"level": 4}})
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	h, _ = kept(t, store, &simplysocket.Options{EmptyRoomTimeout: time.Hour}, nil)
	c = h.connect()
	c.Refused("join-room", "r", nil, "forbidden")
	c.Call("join-room", "r", object{"password": "secret"})
	if got := c.Call("list-rooms", "", nil); !strings.Contains(string(got.Body), `"capacity":3,"locked":true,"properties":{"level":4}`) {
		t.Errorf("list %s", got.Body)
	}
}

// TestEphemeral: a room that declares nothing, or says so, ends with its process.
func TestEphemeral(t *testing.T) {
	for name, setup := range map[string]func(*simplysocket.Room) error{
		"declares nothing": func(room *simplysocket.Room) error {
			simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
			return nil
		},
		"says so": func(room *simplysocket.Room) error {
			room.SetDurability(simplysocket.DurabilityEphemeral)
			return counter(room)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := enginetest.NewStore(1)
			h, memory := kept(t, store, nil, setup)
			h.member("r")
			restart(t, h, memory, true)
			h, _ = kept(t, store, nil, setup)
			if err := h.Server.Server.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rooms := h.Stats().Rooms; rooms > 1 {
				t.Errorf("%d rooms", rooms)
			}
		})
	}
}

// versioned is a room whose state had another form in version 1.
func versioned(version int) func(*simplysocket.Room) error {
	return func(room *simplysocket.Room) error {
		migrate := func(from int, old json.RawMessage) (json.RawMessage, error) {
			if from != 1 {
				return nil, fmt.Errorf("from version %d", from)
			}
			return []byte(`{"text":` + string(old) + `}`), nil
		}
		if version == 1 {
			state := simplysocket.NewState(room, "s", "", simplysocket.Version(1, nil))
			table := simplysocket.NewTable[int, string](room, "t", simplysocket.Version(1, nil))
			simplysocket.On(room, "set", func(_ *simplysocket.Member, n note) error {
				*state = n.Text
				table.Set(1, n.Text)
				table.Set(2, n.Text+"!")
				return nil
			})
			simplysocket.OnCall(room, "get", func(*simplysocket.Member, simplysocket.None) (note, error) { return note{*state}, nil })
			return nil
		}
		state := simplysocket.NewState(room, "s", note{}, simplysocket.Version(version, migrate))
		table := simplysocket.NewTable[int, note](room, "t", simplysocket.Version(version, migrate))
		simplysocket.OnCall(room, "get", func(*simplysocket.Member, simplysocket.None) (note, error) {
			one, _ := table.Get(1)
			two, _ := table.Get(2)
			return note{state.Text + " " + one.Text + " " + two.Text}, nil
		})
		simplysocket.On(room, "touch", func(*simplysocket.Member, simplysocket.None) error {
			table.Set(1, note{"new"})
			return nil
		})
		return nil
	}
}

// TestVersions: a newer program reads what an older one has stored; an older one refuses to.
func TestVersions(t *testing.T) {
	store := enginetest.NewStore(1)
	serve := func(version int) (*peer, *host, func() string) {
		var mu sync.Mutex
		var log bytes.Buffer
		h, _ := kept(t, store, &simplysocket.Options{Logger: slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))}, versioned(version))
		return h.connect(), h, func() string {
			mu.Lock()
			defer mu.Unlock()
			return log.String()
		}
	}
	c, h, _ := serve(1)
	c.Call("join-room", "r", nil)
	c.Call("set", "r", note{"old"})
	_ = h.Stop()

	c, h, _ = serve(2)
	c.Call("join-room", "r", nil)
	c.Call("touch", "r", nil)
	_ = h.Stop()

	c, h, log := serve(1)
	c.Refused("join-room", "r", nil, "internal")
	if all := log(); !strings.Contains(all, "stored by a later version of the program") || !strings.Contains(all, `value \"s\"`) {
		t.Errorf("the log:\n%s", all)
	}
	_ = h.Stop()

	c, _, _ = serve(2)
	c.Call("join-room", "r", nil)
	if got := c.Call("get", "r", nil); got.Field("text") != "old new old!" {
		t.Errorf("got %v", got)
	}
}

// TestRestoreFails: if OnRestore fails, the room stays closed, and what is stored is kept.
func TestRestoreFails(t *testing.T) {
	store := enginetest.NewStore(1)
	broken := false
	setup := func(room *simplysocket.Room) error {
		room.OnRestore(func(time.Duration) error {
			if broken {
				return errors.New("not yet")
			}
			return nil
		})
		room.SetEmptyTimeout(simplysocket.Forever)
		return counter(room)
	}
	h, memory := kept(t, store, nil, setup)
	h.member("r").Call("add", "r", count{5})
	restart(t, h, memory, true)

	broken = true
	h, _ = kept(t, store, nil, setup)
	h.connect().Refused("join-room", "r", nil, "internal")
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}

	broken = false
	h, _ = kept(t, store, nil, setup)
	if got := h.member("r").Call("add", "r", count{1}); string(got.Body) != `{"n":6}` {
		t.Errorf("got %s", got.Body)
	}
}

// TestTooMuchToStore: a message after which the room could not be stored is refused and
// undone. Those beside it are handled.
func TestTooMuchToStore(t *testing.T) {
	h, _ := kept(t, enginetest.NewStore(1), nil, func(room *simplysocket.Room) error {
		text := simplysocket.NewState(room, "text", "")
		simplysocket.OnCall(room, "append", func(_ *simplysocket.Member, n count) (count, error) {
			*text += strings.Repeat("x", n.N)
			return count{len(*text)}, nil
		})
		return nil
	})
	c := h.member("r")
	for range 3 {
		c.Send("append", "r", count{10})
		c.Send("append", "r", count{engine.MaxRecord})
	}
	if got := c.Call("append", "r", count{1}); string(got.Body) != `{"n":31}` {
		t.Errorf("got %s", got.Body)
	}
	refused := 0
	for _, m := range c.Received() {
		if m.Action == "error" && m.Code() == "internal" {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("%d were refused", refused)
	}
}

// TestNoEngine: without an engine, Start does nothing.
func TestNoEngine(t *testing.T) {
	srv, err := simplysocket.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(srv.Start(t.Context()), srv.Start(t.Context()), srv.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestEngineFails: a server whose engine does not start takes nobody in.
func TestEngineFails(t *testing.T) {
	store := enginetest.NewStore(1)
	memory := enginetest.NewMemory(store, nil)
	memory.Crash()
	h := serve(t, true, &simplysocket.Options{Engine: memory}, nil...)
	if _, err := h.open(""); servertest.Status(err) != 503 {
		t.Errorf("got %v", err)
	}
	if err := h.Server.Server.Start(t.Context()); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestMessagesFitRecords: a server with an engine takes no messages that could not be stored.
func TestMessagesFitRecords(t *testing.T) {
	memory := enginetest.NewMemory(enginetest.NewStore(1), nil)
	var wrong *simplysocket.OptionError
	if _, err := simplysocket.New(&simplysocket.Options{Engine: memory, MaxMessageBytes: 1 << 20}); !errors.As(err, &wrong) || wrong.Field != "MaxMessageBytes" {
		t.Errorf("got %v", err)
	}
	const most = 256 << 10
	h, _ := kept(t, enginetest.NewStore(1), &simplysocket.Options{MaxMessageBytes: most}, simplysocket.Relay)
	c := h.member("r")
	c.Call("say", "r", note{strings.Repeat("x", most-1000)})
	if m := c.Expect("say"); len(m.Field("text")) != most-1000 {
		t.Errorf("%d bytes came", len(m.Field("text")))
	}
}
