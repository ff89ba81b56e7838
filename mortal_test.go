package simplysocket_test

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// mortal is an engine whose process dies at a given step: a write begins, or is answered. From
// then on nothing is written and nothing is answered. What was written stays.
type mortal struct {
	engine.Engine
	died  chan struct{}
	early bool // it answers before it writes

	mu    sync.Mutex
	steps int // until it dies
}

func newMortal(e engine.Engine, steps int, early bool) *mortal {
	return &mortal{Engine: e, steps: steps, early: early, died: make(chan struct{})}
}

func (m *mortal) isDead() bool {
	select {
	case <-m.died:
		return true
	default:
		return false
	}
}

// lives counts a step, and reports whether it is taken.
func (m *mortal) lives() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps--
	if m.steps == 0 {
		close(m.died)
	}
	return m.steps > 0
}

func (m *mortal) Start(ctx context.Context, host engine.Host) error {
	return m.Engine.Start(ctx, mortalHost{host, m})
}

type mortalHost struct {
	engine.Host
	m *mortal
}

func (h mortalHost) Own(partition int, log engine.Log) error {
	return h.Host.Own(partition, mortalLog{log, h.m})
}

type mortalLog struct {
	engine.Log
	m *mortal
}

// step takes a write and its answer, in the right order or, if the engine is too early, in the
// wrong one.
func (l mortalLog) step(write func(done func(error)), done func(error)) {
	switch {
	case !l.m.lives():
	case l.m.early:
		go func() {
			done(nil)
			time.Sleep(5 * time.Millisecond)
			if l.m.lives() {
				write(func(error) {})
			}
		}()
	default:
		write(func(err error) {
			if l.m.lives() {
				done(err)
			}
		})
	}
}

func (l mortalLog) Append(room string, record []byte, done func(error)) {
	l.step(func(done func(error)) { l.Log.Append(room, record, done) }, done)
}

func (l mortalLog) Replace(room string, parts iter.Seq[[]byte], done func(error)) {
	l.step(func(done func(error)) { l.Log.Replace(room, parts, done) }, done)
}

func (l mortalLog) Delete(room string, done func(error)) {
	l.step(func(done func(error)) { l.Log.Delete(room, done) }, done)
}
