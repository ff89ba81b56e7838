package simplysocket_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// pantry is what the rooms of these tests keep.
type pantry struct {
	Served int            `json:"served"`
	Left   map[string]int `json:"left"`
}

type item struct {
	Key   string `json:"key,omitempty"`
	Value int    `json:"value"`
	Fail  bool   `json:"fail,omitempty"`
}

// result makes a handler that fails after it has done its work, if the item says so.
func (i item) result() error {
	if i.Fail {
		return simplysocket.Errorf("no-way", "undone")
	}
	return nil
}

// keeping is a room whose handlers set, delete and show what it keeps.
func keeping(room *simplysocket.Room) error {
	state := simplysocket.NewState(room, "pantry", pantry{Left: map[string]int{"tea": 2}})
	table := simplysocket.NewTable[string, int](room, "table")
	size := simplysocket.NewKey[int]("size", simplysocket.Listed())
	simplysocket.On(room, "serve", func(_ *simplysocket.Member, i item) error {
		state.Served += i.Value
		state.Left[i.Key] += i.Value
		return i.result()
	})
	simplysocket.On(room, "set", func(m *simplysocket.Member, i item) error {
		table.Set(i.Key, i.Value)
		size.Set(room, i.Value)
		size.Set(m, i.Value)
		room.SetCapacity(i.Value)
		return i.result()
	})
	simplysocket.On(room, "delete", func(m *simplysocket.Member, i item) error {
		table.Delete(i.Key)
		table.Set("new", 1)
		table.Delete("new")
		size.Delete(room)
		size.Delete(m)
		return i.result()
	})
	simplysocket.OnCall(room, "show", func(m *simplysocket.Member, _ simplysocket.None) (map[string]any, error) {
		var rows []string
		for key, value := range table.All() {
			if got, ok := table.Get(key); !ok || got != value || !table.Has(key) {
				return nil, fmt.Errorf("Get and All differ for %q", key)
			}
			rows = append(rows, fmt.Sprint(key, "=", value))
		}
		if len(rows) != table.Len() {
			return nil, errors.New("Len and All differ")
		}
		return map[string]any{"state": state, "rows": strings.Join(rows, " "), "room": size.Value(room), "member": size.Value(m)}, nil
	})
	return nil
}

func TestState(t *testing.T) {
	c := coded(t, "r", keeping).member("r")
	show := func(want string) {
		t.Helper()
		if got := c.Call("show", "r", nil); string(got.Body) != want {
			t.Errorf("got  %s\nwant %s", got.Body, want)
		}
	}
	show(`{"member":0,"room":0,"rows":"","state":{"served":0,"left":{"tea":2}}}`)
	c.Call("serve", "r", item{Key: "tea", Value: 3})
	c.Call("set", "r", item{Key: "a", Value: 5})
	c.Call("set", "r", item{Key: "b", Value: 6})
	c.Call("set", "r", item{Key: "a", Value: 7})
	kept := `{"member":7,"room":7,"rows":"a=7 b=6","state":{"served":3,"left":{"tea":5}}}`
	show(kept)
	listed := c.Call("list-rooms", "", nil)

	c.Refused("set", "r", item{Key: "a", Value: 1, Fail: true}, "no-way")
	c.Refused("set", "r", item{Key: "c", Value: 1, Fail: true}, "no-way")
	c.Refused("delete", "r", item{Key: "a", Fail: true}, "no-way")
	show(kept)
	if got := c.Call("list-rooms", "", nil); string(got.Body) != string(listed.Body) {
		t.Errorf("a handler that failed changed what listings show:\n%s\n%s", listed.Body, got.Body)
	}
	c.Call("set", "r", item{Key: "c", Value: 8})
	c.Call("delete", "r", item{Key: "a"})
	show(`{"member":0,"room":0,"rows":"b=6 c=8","state":{"served":3,"left":{"tea":5}}}`)
	c.Call("set", "r", item{Key: "a", Value: 9})
	show(`{"member":9,"room":9,"rows":"b=6 c=8 a=9","state":{"served":3,"left":{"tea":5}}}`)

	c.Refused("serve", "r", item{Key: "tea", Value: 1, Fail: true}, "no-way")
	show(`{"member":9,"room":9,"rows":"b=6 c=8 a=9","state":{"served":4,"left":{"tea":6}}}`) // a state is not undone
}

// TestStateOfEachRoom: rooms do not share what their initial state points to.
func TestStateOfEachRoom(t *testing.T) {
	shared := pantry{Left: map[string]int{}}
	h := serve(t, true, nil, func(s *simplysocket.Server) {
		s.HandleRoom("{room}", func(room *simplysocket.Room) error {
			state := simplysocket.NewState(room, "pantry", shared)
			simplysocket.OnCall(room, "take", func(*simplysocket.Member, simplysocket.None) (pantry, error) {
				state.Left[room.Name()]++
				return *state, nil
			})
			return nil
		})
	})
	c := h.member("a")
	c.Call("take", "a", nil)
	c.Call("join-room", "b", nil)
	if got := c.Call("take", "b", nil); string(got.Body) != `{"served":0,"left":{"b":1}}` {
		t.Errorf("got %s", got.Body)
	}
}

// TestTableLoop: a loop over a table may change it.
func TestTableLoop(t *testing.T) {
	c := coded(t, "r", func(room *simplysocket.Room) error {
		table := simplysocket.NewTable[int64, string](room, "table")
		for i := range int64(10) {
			table.Set(i, fmt.Sprint(i))
		}
		simplysocket.OnCall(room, "thin-out", func(*simplysocket.Member, simplysocket.None) (note, error) {
			var seen []string
			for key, value := range table.All() {
				seen = append(seen, value)
				table.Delete(key + 1)
				table.Delete(key)
				table.Set(key+100, "new")
			}
			return note{fmt.Sprint(seen, table.Len())}, nil
		})
		return nil
	}).member("r")
	if got := c.Call("thin-out", "r", nil).Field("text"); got != "[0 2 4 6 8] 5" {
		t.Errorf("got %s", got)
	}
}

type (
	hidden   struct{ board [3]int }
	inside   struct{ Games []map[string]*hidden }
	callback struct{ Done func() }
	channel  struct{ Done chan int }
	anything struct{ Any any }
	twice    struct {
		A int
		B int `json:"A"`
	}
	halfForm struct{ n int }
	embeds   struct{ hidden } //nolint:unused // it is there to be found
	keyed    struct{ ByPoint map[[2]int]string }
	skipped  struct {
		Kept    int
		scratch int
	}
	ignored struct {
		Kept    int
		Scratch func() `json:"-"`
	}
	tree struct {
		Name     string
		At       time.Time
		Raw      json.RawMessage
		Children []*tree
		Parent   *tree
		ByTime   map[time.Time]int
		ignored
	}
)

func (halfForm) MarshalJSON() ([]byte, error) { return []byte("0"), nil }

// TestMisdeclared: a type that would lose something is an error of the setup that names the
// field.
func TestMisdeclared(t *testing.T) {
	_ = hidden{}.board
	_ = halfForm{}.n
	_ = skipped{}.scratch
	state := func(declare func(*simplysocket.Room)) func(*simplysocket.Room) error {
		return func(room *simplysocket.Room) error { declare(room); return nil }
	}
	for want, setup := range map[string]func(*simplysocket.Room) error{
		`NewState "s": simplysocket_test.hidden.board is not exported and would be lost`: state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", hidden{}) }),
		`NewTable "t": simplysocket_test.inside.Games.board is not exported and would be lost`: state(func(r *simplysocket.Room) {
			simplysocket.NewTable[string, inside](r, "t")
		}),
		`callback.Done is a func, which has no JSON form`:                state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", callback{}) }),
		`channel.Done is a chan, which has no JSON form`:                 state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", channel{}) }),
		`anything.Any is an interface`:                                   state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", anything{}) }),
		`twice.A and simplysocket_test.twice.B have the same JSON name`:  state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", twice{}) }),
		`halfForm has MarshalJSON but not UnmarshalJSON`:                 state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", halfForm{}) }),
		`embeds.hidden.board is not exported`:                            state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", embeds{}) }),
		`keyed.ByPoint has keys of type [2]int`:                          state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", keyed{}) }),
		`skipped.scratch is not exported`:                                state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", &skipped{}) }),
		`NewState "s": the initial value: json: unsupported value: +Inf`: state(func(r *simplysocket.Room) { simplysocket.NewState(r, "s", math.Inf(1)) }),
		`keeps a value "s" already`: state(func(r *simplysocket.Room) {
			simplysocket.NewState(r, "s", 1)
			simplysocket.NewTable[string, int](r, "s")
		}),
		"": state(func(r *simplysocket.Room) {
			simplysocket.NewState(r, "tree", tree{})
			simplysocket.NewTable[uint64, tree](r, "trees")
		}),
	} {
		t.Run(want, func(t *testing.T) {
			var mu sync.Mutex
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))
			h := serve(t, true, &simplysocket.Options{Logger: logger}, func(s *simplysocket.Server) { s.HandleRoom("r", setup) })
			c := h.connect()
			if want == "" {
				c.Call("join-room", "r", nil)
				return
			}
			c.Refused("join-room", "r", nil, "internal")
			mu.Lock()
			defer mu.Unlock()
			if all := log.String(); !strings.Contains(strings.ReplaceAll(all, `\"`, `"`), want) {
				t.Errorf("the log does not say %q:\n%s", want, all)
			}
		})
	}
}
