package enginetest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// node is an engine that runs, and its host.
type node struct {
	check  *check
	engine engine.Engine
	onOwn  func(partition int, log engine.Log) error // or nil
	ended  bool                                      // closed or crashed, by the test's goroutine

	called atomic.Int32 // calls of the host that run
	ending atomic.Bool  // Close or Crash was called
	closed atomic.Bool  // and has returned
	fenced atomic.Bool  // a partition was lost, or a write has heard so

	mu    sync.Mutex
	logs  map[int]engine.Log
	owned int
}

// open opens the engine and starts it.
func (c *check) open() *node {
	c.Helper()
	e, err := c.harness.Open()
	if err != nil {
		c.Fatalf("Open: %v", err)
	}
	n := c.host(e)
	c.start(n)
	return n
}

// host returns a node that is not started.
func (c *check) host(e engine.Engine) *node {
	n := &node{check: c, engine: e, logs: map[int]engine.Log{}}
	c.nodes = append(c.nodes, n)
	return n
}

func (c *check) start(n *node) {
	c.Helper()
	ctx, cancel := c.context()
	defer cancel()
	if err := n.engine.Start(ctx, n); err != nil {
		c.Fatalf("Start: %v", err)
	}
}

// close closes a node's engine.
func (c *check) close(n *node) {
	c.Helper()
	ctx, cancel := c.context()
	defer cancel()
	if err := c.closeWithin(ctx, n); err != nil {
		c.Errorf("Close: %v", err)
	}
}

// closeWithin closes a node's engine, with a context that may end.
func (c *check) closeWithin(ctx context.Context, n *node) error {
	n.ended = true
	n.ending.Store(true)
	defer n.closed.Store(true)
	return n.engine.Close(ctx)
}

// crash ends a node's engine, if the harness can.
func (c *check) crash(n *node) {
	c.Helper()
	n.ended = true
	n.ending.Store(true)
	defer n.closed.Store(true)
	if err := c.crasher().Crash(n.engine); err != nil {
		c.Fatalf("Crash: %v", err)
	}
}

func (c *check) crasher() Crasher {
	c.Helper()
	h, ok := c.harness.(Crasher)
	if !ok {
		c.Skip("the harness is no Crasher: a crash cannot be simulated")
	}
	return h
}

func (n *node) enter(method string) {
	if n.called.Add(1) > 1 {
		n.check.Errorf("%s is called while another call of the host runs", method)
	}
	if n.closed.Load() {
		n.check.Errorf("%s is called after the end of the engine", method)
	}
}

// Own is the host's.
func (n *node) Own(partition int, log engine.Log) error {
	n.enter("Own")
	defer n.called.Add(-1)
	n.mu.Lock()
	if n.logs[partition] != nil {
		n.check.Errorf("Own of partition %d, which the host owns", partition)
	}
	n.owned++
	n.mu.Unlock()
	if n.onOwn != nil {
		if err := n.onOwn(partition, log); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.logs[partition] = log
	return nil
}

// Lose is the host's.
func (n *node) Lose(partition int, why error) {
	n.enter("Lose")
	defer n.called.Add(-1)
	n.fenced.Store(true)
	if n.ending.Load() && !errors.Is(why, engine.ErrFenced) {
		n.check.Errorf("Close calls Lose: %v", why)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.logs[partition] == nil {
		n.check.Errorf("Lose of partition %d, which the host does not own", partition)
	}
	if why == nil {
		n.check.Errorf("Lose of partition %d does not say why", partition)
	}
	delete(n.logs, partition)
}

// current returns the log of a room's partition, or nil if the host does not own it.
func (n *node) current(room string) engine.Log {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.logs[n.engine.Partition(room)]
}

// log returns the log of a room's partition, as soon as the host owns it.
func (c *check) log(n *node, room string) (log engine.Log) {
	c.Helper()
	c.eventually("the host owns the partition of "+brief([]byte(room)), func() bool {
		log = n.current(room)
		return log != nil
	})
	return log
}

// read returns what is stored of a room.
func (c *check) read(n *node, room string) (chunks []engine.Chunk) {
	c.Helper()
	c.reading(n, room, func(ctx context.Context, log engine.Log) error {
		var err error
		chunks, err = collect(log.Load(ctx, room))
		return err
	})
	return chunks
}

// names returns the names of the rooms in a partition.
func (c *check) names(n *node, room string) (names []string) {
	c.Helper()
	c.reading(n, room, func(ctx context.Context, log engine.Log) error {
		var err error
		names, err = collect(log.Rooms(ctx))
		return err
	})
	return names
}

// reading reads from the log of a room's partition: from the next, if it is lost.
func (c *check) reading(n *node, room string, read func(context.Context, engine.Log) error) {
	c.Helper()
	ctx, cancel := c.context()
	defer cancel()
	for {
		log := c.log(n, room)
		err := read(ctx, log)
		if err == nil {
			return
		}
		if !errors.Is(err, engine.ErrClosed) {
			c.Fatalf("reading: %v", err)
		}
		c.eventually("Lose after ErrClosed", func() bool { return n.current(room) != log })
	}
}

// begin reads the beginning of what an iteration yields, and leaves the rest.
func begin[T any](c *check, seq iter.Seq2[T, error]) {
	c.Helper()
	for _, err := range seq {
		if err != nil && !errors.Is(err, engine.ErrClosed) {
			c.Errorf("reading: %v", err)
		}
		break
	}
}

// collect returns what an iteration yields, and its error.
func collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, e := range seq {
		if err != nil {
			return all, errors.New("something follows an error")
		}
		if e != nil {
			err = e
			continue
		}
		all = append(all, v)
	}
	return all, err
}
