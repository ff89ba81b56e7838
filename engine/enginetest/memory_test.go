package enginetest

import (
	"testing"
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
