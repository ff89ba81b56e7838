// Package worker runs tasks on pooled goroutines. Each task may block for as long as it
// likes.
package worker

import (
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/ring"
)

// Pool runs a function for each task on a pooled goroutine. A new goroutine for each task
// would have to grow its stack every time, which costs more than most tasks do.
//
// Tasks start in submission order and never wait for one another: before a worker runs a
// task, it makes sure that another worker is coming for the rest. While no task blocks,
// the workers that come find little left to do, and there are about as many as processors.
//
// A Pool is safe for concurrent use.
type Pool[T any] struct {
	run func(T)

	mu     sync.Mutex
	queue  ring.Ring[T]
	coming bool // a worker was woken and has not looked at the queue yet
	idle   int  // workers that wait to be woken
	closed chan struct{}
	wakeup chan struct{}
}

const (
	// maxIdle is the largest number of idle workers.
	maxIdle = 16
	// idleTimeout is how long a worker stays idle before it ends. At fewer tasks than one
	// in this time, nobody notices what it takes to start a goroutine.
	idleTimeout = 100 * time.Millisecond
)

// New returns a pool that calls run for each task.
func New[T any](run func(T)) *Pool[T] {
	return &Pool[T]{run: run, wakeup: make(chan struct{}), closed: make(chan struct{})}
}

// Submit has the task run, and does not wait for it.
func (p *Pool[T]) Submit(task T) {
	p.mu.Lock()
	p.queue.Push(task)
	needed := p.needsWorker()
	p.mu.Unlock()
	if needed {
		p.wake()
	}
}

// needsWorker reports whether a worker must be woken for the queue. The caller holds the
// lock, and wakes one.
func (p *Pool[T]) needsWorker() bool {
	if p.coming || p.queue.Len() == 0 {
		return false
	}
	p.coming = true
	return true
}

// wake wakes an idle worker, or starts one.
func (p *Pool[T]) wake() {
	select {
	case p.wakeup <- struct{}{}:
	default:
		go p.work()
	}
}

// work is a worker. A task may end it by runtime.Goexit.
func (p *Pool[T]) work() {
	timer := time.NewTimer(idleTimeout)
	defer timer.Stop()
	for woken := true; ; {
		if task, ok := p.take(woken); ok {
			p.run(task)
			woken = false
		} else if woken = p.wait(timer); !woken {
			return
		}
	}
}

// take returns the next task, and wakes a worker for the rest.
func (p *Pool[T]) take(woken bool) (task T, ok bool) {
	p.mu.Lock()
	if woken {
		p.coming = false
	}
	if p.queue.Len() == 0 {
		p.mu.Unlock()
		return task, false
	}
	task = p.queue.Pop()
	needed := p.needsWorker()
	p.mu.Unlock()
	if needed {
		p.wake()
	}
	return task, true
}

// wait waits to be woken. It reports false after a timeout, when the pool is closed, and
// if enough other workers are idle.
func (p *Pool[T]) wait(timer *time.Timer) bool {
	p.mu.Lock()
	if p.idle == maxIdle {
		p.mu.Unlock()
		return false
	}
	p.idle++
	p.mu.Unlock()
	defer p.stopWaiting()
	timer.Reset(idleTimeout)
	select {
	case <-p.wakeup:
		return true
	case <-timer.C:
		return false
	case <-p.closed:
		return false
	}
}

func (p *Pool[T]) stopWaiting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle--
}

// Close ends the idle workers, and each worker that becomes idle later. Tasks that are
// submitted afterwards still run. Calling Close twice panics.
func (p *Pool[T]) Close() { close(p.closed) }
