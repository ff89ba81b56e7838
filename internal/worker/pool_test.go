package worker_test

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
	"github.com/DhruvikDonga/simplysocket/internal/worker"
)

func TestMain(m *testing.M) { leak.Main(m) }

// workers is the number of workers, of one pool: those of another test end with its
// bubble.
func workers() int {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("worker.(*Pool[...]).work("))
}

func TestEachPieceIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const givers, each = 8, 5000
		var done [givers * each]atomic.Int32
		c := worker.New(func(n int) { done[n].Add(1) })
		defer c.Close()
		for g := range givers {
			go func() {
				for n := range each {
					c.Submit(g*each + n)
				}
			}()
		}
		synctest.Wait()
		for n := range done {
			if got := done[n].Load(); got != 1 {
				t.Errorf("task %d was done %d times", n, got)
			}
		}
	})
}

// No matter how many tasks block, later ones run.
func TestNoPieceWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int32
		release := make(chan struct{})
		c := worker.New(func(blocks bool) {
			if blocks {
				<-release
			}
			done.Add(1)
		})
		defer c.Close()
		for n := range 200 {
			c.Submit(n%2 == 0)
		}
		synctest.Wait()
		if got := done.Load(); got != 100 {
			t.Errorf("%d tasks were done while 100 block, want 100", got)
		}
		close(release)
		synctest.Wait()
		if got := done.Load(); got != 200 {
			t.Errorf("%d of 200 tasks were done", got)
		}
	})
}

// A worker that a task has ended is replaced.
func TestGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		c := worker.New(func(int) {
			begun.Add(1)
			runtime.Goexit()
		})
		defer c.Close()
		for n := range 100 {
			c.Submit(n)
		}
		synctest.Wait()
		if got := begun.Load(); got != 100 {
			t.Errorf("%d of 100 tasks were started", got)
		}
	})
}

func TestGoroutinesEnd(t *testing.T) {
	const most = 16 // that stay idle
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := worker.New(func(struct{}) { <-release })
		block := func() {
			for range 100 {
				c.Submit(struct{}{})
			}
		}
		block()
		if got := workers(); got < 100 || got > 101 {
			t.Errorf("%d goroutines for 100 blocked tasks", got)
		}
		close(release)
		if got := workers(); got != most {
			t.Errorf("%d goroutines are idle, want %d", got, most)
		}
		time.Sleep(time.Second)
		if got := workers(); got != 0 {
			t.Errorf("%d goroutines a second later", got)
		}

		release = make(chan struct{})
		block()
		c.Close()
		close(release)
		if got := workers(); got != 0 {
			t.Errorf("%d goroutines after the end", got)
		}
		c.Submit(struct{}{})
		if got := workers(); got != 0 {
			t.Errorf("%d goroutines for a task after the end", got)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	var done sync.WaitGroup
	c := worker.New(func(struct{}) { done.Done() })
	defer c.Close()
	for name, tasks := range map[string]int{"one": 1, "a thousand": 1000} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				done.Add(tasks)
				for range tasks {
					c.Submit(struct{}{})
				}
				done.Wait()
			}
		})
	}
}
