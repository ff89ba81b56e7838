package crew_test

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/crew"
	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// lent are how many goroutines there are of crews: of one, since those of another
// test end with its bubble.
func lent() int {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("crew.(*Crew[...]).serve("))
}

func TestEachPieceIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const givers, each = 8, 5000
		var done [givers * each]atomic.Int32
		c := crew.New(func(n int) { done[n].Add(1) })
		defer c.Close()
		for g := range givers {
			go func() {
				for n := range each {
					c.Do(g*each + n)
				}
			}()
		}
		synctest.Wait()
		for n := range done {
			if got := done[n].Load(); got != 1 {
				t.Errorf("piece %d was done %d times", n, got)
			}
		}
	})
}

// However many pieces block, those behind them are done.
func TestNoPieceWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int32
		release := make(chan struct{})
		c := crew.New(func(blocks bool) {
			if blocks {
				<-release
			}
			done.Add(1)
		})
		defer c.Close()
		for n := range 200 {
			c.Do(n%2 == 0)
		}
		synctest.Wait()
		if got := done.Load(); got != 100 {
			t.Errorf("%d pieces were done beside 100 that block, want 100", got)
		}
		close(release)
		synctest.Wait()
		if got := done.Load(); got != 200 {
			t.Errorf("%d of 200 pieces were done", got)
		}
	})
}

// A goroutine that a piece has ended is no loss.
func TestGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		c := crew.New(func(int) {
			begun.Add(1)
			runtime.Goexit()
		})
		defer c.Close()
		for n := range 100 {
			c.Do(n)
		}
		synctest.Wait()
		if got := begun.Load(); got != 100 {
			t.Errorf("%d of 100 pieces were begun", got)
		}
	})
}

func TestGoroutinesEnd(t *testing.T) {
	const most = 16 // that rest
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := crew.New(func(struct{}) { <-release })
		block := func() {
			for range 100 {
				c.Do(struct{}{})
			}
		}
		block()
		if got := lent(); got < 100 || got > 101 {
			t.Errorf("%d goroutines for 100 pieces that block", got)
		}
		close(release)
		if got := lent(); got != most {
			t.Errorf("%d goroutines rest, want %d", got, most)
		}
		time.Sleep(time.Second)
		if got := lent(); got != 0 {
			t.Errorf("%d goroutines a second later", got)
		}

		release = make(chan struct{})
		block()
		c.Close()
		close(release)
		if got := lent(); got != 0 {
			t.Errorf("%d goroutines after the end", got)
		}
		c.Do(struct{}{})
		if got := lent(); got != 0 {
			t.Errorf("%d goroutines for a piece after the end", got)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	var done sync.WaitGroup
	c := crew.New(func(struct{}) { done.Done() })
	defer c.Close()
	for name, pieces := range map[string]int{"one": 1, "a thousand": 1000} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				done.Add(pieces)
				for range pieces {
					c.Do(struct{}{})
				}
				done.Wait()
			}
		})
	}
}
