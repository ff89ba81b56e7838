package enginetest

import (
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// flight is operations of one room that were written without waiting for the answers.
type flight struct {
	check *check
	room  string

	mu      sync.Mutex
	sent    int
	calls   []int // of done, for each operation
	answers []error
	inDone  bool
	ended   bool // the engine has crashed: no answer may come
}

func (c *check) flight(room string) *flight { return &flight{check: c, room: room} }

// send writes operations to a log.
func (f *flight) send(log engine.Log, ops ...op) {
	for _, o := range ops {
		f.mu.Lock()
		i := f.sent
		f.sent++
		f.calls = append(f.calls, 0)
		f.mu.Unlock()
		writeOp(o, log, f.room, func(err error) { f.done(i, err) })
	}
}

// writeOp is on the stack of a done that is called within Append.
//
//go:noinline
func writeOp(o op, log engine.Log, room string, done func(error)) { o.write(log, room, done) }

// done is the i-th answer.
func (f *flight) done(i int, err error) {
	if withinAppend() {
		f.check.Errorf("room %s: done of write %d is called within Append, Replace or Delete", brief([]byte(f.room)), i)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[i]++
	switch {
	case f.ended:
		f.check.Errorf("room %s: done of write %d is called after the crash", brief([]byte(f.room)), i)
	case f.calls[i] > 1:
		f.check.Errorf("room %s: done of write %d is called %d times", brief([]byte(f.room)), i, f.calls[i])
		return
	case f.inDone:
		f.check.Errorf("room %s: done of write %d is called while another of the room runs", brief([]byte(f.room)), i)
	case i != len(f.answers):
		f.check.Errorf("room %s: done of write %d is called when that of write %d is due", brief([]byte(f.room)), i, len(f.answers))
	}
	f.answers = append(f.answers, err)
	f.inDone = true
	f.mu.Unlock()
	runtime.Gosched()
	f.mu.Lock()
	f.inDone = false
}

// withinAppend reports whether the goroutine is in a call of writeOp.
func withinAppend() bool {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "/enginetest.writeOp") {
			return true
		}
		if !more {
			return false
		}
	}
}

// wait returns the answers when all have come.
func (f *flight) wait(c *check) []error {
	c.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Microsecond) {
		answers, sent := f.sofar()
		if len(answers) == sent {
			return answers
		}
		if time.Since(began) > c.patience {
			c.Fatalf("room %s: %d of %d writes are answered within %v", brief([]byte(f.room)), len(answers), sent, c.patience)
		}
	}
}

// sofar returns the answers that have come, and how many operations were sent.
func (f *flight) sofar() (answers []error, sent int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answers[:len(f.answers):len(f.answers)], f.sent
}

// end returns the answers that have come before a crash.
func (f *flight) end() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return f.answers
}

// try writes operations, waits for the answers and takes them into the account. It returns
// how many are surely stored.
func (c *check) try(n *node, a *account, ops ...op) int {
	c.Helper()
	f := c.flight(a.room)
	f.send(c.log(n, a.room), ops...)
	stored, err := a.judge(n, ops, f.wait(c))
	if err != nil {
		c.Fatalf("room %s: %v", brief([]byte(a.room)), err)
	}
	return stored
}

// write writes operations until all are stored.
func (c *check) write(n *node, a *account, ops ...op) {
	c.Helper()
	for began := time.Now(); ; {
		ops = ops[c.try(n, a, ops...):]
		if len(ops) == 0 {
			return
		}
		ops = ops[c.verify(n, a):]
		if time.Since(began) > c.patience {
			c.Fatalf("room %s: writes fail for %v", brief([]byte(a.room)), c.patience)
		}
	}
}

// verify compares a room with its account. It returns how many of the operations that may
// have been stored are.
func (c *check) verify(n *node, a *account) int {
	c.Helper()
	stored, err := a.settle(c.read(n, a.room))
	if err != nil {
		c.Fatal(err)
	}
	return stored
}
