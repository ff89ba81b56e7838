package enginetest

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

var histories = flag.Int("histories", 1000, "random histories with an engine in memory; a fifth with -short")

// TestHistories: random histories with random faults, partitions that are taken away and
// crashes, in virtual time.
func TestHistories(t *testing.T) {
	for seed := range uint64(times(*histories)) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			h := &place{NewStore(1 + rng.IntN(4)), Options{
				Seed:      seed,
				MaxDelay:  time.Duration(rng.IntN(3)) * time.Millisecond,
				Fenced:    float64(rng.IntN(3)) * 0.02,
				Unknown:   float64(rng.IntN(3)) * 0.05,
				Forgotten: float64(rng.IntN(3)) * 0.05,
			}}
			defer func() {
				if t.Failed() {
					t.Logf("%d partitions, %+v", len(h.store.owners), h.options)
				}
			}()
			c := newCheck(t, h)
			c.rng = rng
			c.run(func(c *check) {
				(&history{check: c, steps: 60, between: func(n *node) {
					if rng.IntN(15) == 0 {
						away(h, n, rng)
					}
				}}).run()
			})
		})
		if t.Failed() {
			return
		}
	}
}

// away takes a partition from a node for some time.
func away(h *place, n *node, rng *rand.Rand) {
	partition := rng.IntN(len(h.store.owners))
	h.store.Fence(partition)
	time.AfterFunc(time.Duration(rng.IntN(5))*time.Millisecond, func() {
		if err := n.engine.(*Memory).Take(context.Background(), partition); err != nil && !n.ending.Load() {
			n.check.Errorf("Take: %v", err)
		}
	})
}

// transcript is what a host hears, with times.
type transcript struct {
	mu   sync.Mutex
	logs map[int]engine.Log
	text strings.Builder
	from time.Time
}

func (tr *transcript) line(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	fmt.Fprintf(&tr.text, "%v ", time.Since(tr.from))
	fmt.Fprintf(&tr.text, format+"\n", args...)
}

func (tr *transcript) Own(partition int, log engine.Log) error {
	tr.line("own %d", partition)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.logs[partition] = log
	return nil
}

func (tr *transcript) Lose(partition int, why error) { tr.line("lose %d: %v", partition, why) }

// play plays the same calls against an engine, and returns what its host hears.
func play(t *testing.T, seed uint64) (text string) {
	synctest.Test(t, func(t *testing.T) {
		tr := &transcript{logs: map[int]engine.Log{}, from: time.Now()}
		store := NewStore(3)
		options := &Options{Seed: seed, MaxDelay: 2 * time.Millisecond, Fenced: 0.02, Unknown: 0.05, Forgotten: 0.05}
		for range 3 {
			m := NewMemory(store, options)
			if err := m.Start(context.Background(), tr); err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(7, 7))
			for i := range 200 {
				room := fmt.Sprint("room/", rng.IntN(5))
				tr.mu.Lock()
				log := tr.logs[m.Partition(room)]
				tr.mu.Unlock()
				done := func(err error) { tr.line("%s %d: %v", room, i, err) }
				switch rng.IntN(10) {
				case 0:
					for c, err := range log.Load(context.Background(), room) {
						tr.line("%s holds %s %v", room, c.Bytes, err)
					}
				case 1:
					log.Replace(room, parts(fmt.Sprint(i), "part"), done)
				case 2:
					log.Delete(room, done)
				default:
					log.Append(room, fmt.Append(nil, i), done)
				}
				time.Sleep(time.Duration(rng.IntN(400)) * time.Microsecond)
				synctest.Wait()
			}
			m.Crash()
			tr.line("%+v", m.Stats())
		}
		text = tr.text.String()
	})
	return text
}

func parts(texts ...string) iter.Seq[[]byte] { return slices.Values(byteSlices(texts)) }

// TestSeed: the same seed and the same calls have the same faults at the same times.
func TestSeed(t *testing.T) {
	seen := map[string]uint64{}
	for seed := range uint64(50) {
		first := play(t, seed)
		if again := play(t, seed); again != first {
			a, b := strings.Split(first, "\n"), strings.Split(again, "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("seed %d: two runs differ in line %d:\n%s\n\n%s", seed, i, strings.Join(a[max(i-5, 0):i+2], "\n"), strings.Join(b[max(i-5, 0):i+2], "\n"))
				}
			}
			t.Fatalf("seed %d: one run goes on when another ends", seed)
		}
		if other, ok := seen[first]; ok {
			t.Errorf("seeds %d and %d do the same", seed, other)
		}
		seen[first] = seed
	}
}

// TestFates: faults have their probabilities, whatever the name of a room.
func TestFates(t *testing.T) {
	o := Options{Seed: 1, Fenced: 0.1, Unknown: 0.2, Forgotten: 0.3}
	const n = 20_000
	count := map[fateKind]int{}
	for i := range uint64(n) {
		count[o.fate(fmt.Sprint("room/", i%10), i).kind]++
	}
	for kind, p := range map[fateKind]float64{good: 0.4, fenced: 0.1, unknown: 0.2, forgotten: 0.3} {
		if got := float64(count[kind]) / n; got < p-0.02 || got > p+0.02 {
			t.Errorf("fate %d has probability %.3f, want %.1f", kind, got, p)
		}
	}
}
