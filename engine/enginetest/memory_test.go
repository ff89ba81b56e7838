package enginetest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// place is a store with engines of the same options.
type place struct {
	store   *Store
	options Options
}

func (p *place) Open() (engine.Engine, error)    { return NewMemory(p.store, &p.options), nil }
func (p *place) Contend() (engine.Engine, error) { return p.Open() }

func (p *place) Crash(e engine.Engine) error {
	e.(*Memory).Crash()
	return nil
}

func TestConformance(t *testing.T) {
	for name, options := range map[string]Options{
		"at once": {},
		"late":    {MaxDelay: time.Millisecond},
		"faults":  {MaxDelay: time.Millisecond, Fenced: 0.005, Unknown: 0.02, Forgotten: 0.02},
	} {
		t.Run(name, func(t *testing.T) {
			Run(t, func(testing.TB) Harness {
				return &place{NewStore(4), options}
			})
		})
	}
}

// own is a host that keeps its logs and counts what it loses.
type own struct {
	logs map[int]engine.Log
	lost chan error
}

func (o *own) Own(partition int, log engine.Log) error {
	o.logs[partition] = log
	return nil
}

func (o *own) Lose(_ int, why error) { o.lost <- why }

// TestFence: an owner learns that it is fenced even if it writes nothing, and may take the
// partition again.
func TestFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, host := NewStore(2), &own{map[int]engine.Log{}, make(chan error, 1)}
		m := NewMemory(store, &Options{MaxDelay: time.Second})
		if err := m.Start(t.Context(), host); err != nil {
			t.Fatal(err)
		}
		store.Fence(1)
		if why := <-host.lost; !errors.Is(why, engine.ErrFenced) {
			t.Errorf("lost: %v", why)
		}
		if err := m.Take(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if s := m.Stats(); s.Owned != 3 || s.Taken != 1 {
			t.Errorf("%+v", s)
		}
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := m.Take(t.Context(), 1); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("Take after Close: %v", err)
		}
	})
}

// TestStandby: an engine on standby takes only the partitions that Take names.
func TestStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewStore(2)
		a, b := &own{map[int]engine.Log{}, make(chan error, 1)}, &own{map[int]engine.Log{}, make(chan error, 1)}
		first, second := NewMemory(store, nil), NewMemory(store, &Options{Standby: true})
		for m, host := range map[*Memory]*own{first: a, second: b} {
			if err := m.Start(t.Context(), host); err != nil {
				t.Fatal(err)
			}
			defer m.Crash()
		}
		if err := second.Take(t.Context(), 1); err != nil || len(b.logs) != 1 {
			t.Fatalf("owns %d, %v", len(b.logs), err)
		}
		if why := <-a.lost; !errors.Is(why, engine.ErrFenced) {
			t.Errorf("lost: %v", why)
		}
		if s := second.Stats(); s.Owned != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestWrongLog: a host that writes a room to the log of another partition fails at once.
func TestWrongLog(t *testing.T) {
	host := &own{map[int]engine.Log{}, nil}
	m := NewMemory(NewStore(2), nil)
	if err := m.Start(context.Background(), host); err != nil {
		t.Fatal(err)
	}
	defer m.Crash()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	host.logs[1-m.Partition("a")].Append("a", nil, func(error) {})
}
