package simplysockettest

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"testing"
)

// Example calls f with what stands in for a test, where there is none: in an Example
// function or in a program that tries out a room. In a test, use its own t.
//
// A failure is printed to the standard output, where it makes the output of an Example
// differ. FailNow, Fatal and Fatalf end f, as in a test. What was registered with Cleanup
// runs at the end. Logs are discarded. Chdir, Setenv and ArtifactDir are not there.
func Example(f func(t testing.TB)) {
	e := &example{}
	ctx, cancel := context.WithCancel(context.Background())
	e.ctx = ctx
	done := make(chan struct{})
	go func() { // which Fatalf can end
		defer close(done)
		defer e.cleanUp()
		defer cancel()
		f(e)
	}()
	<-done
}

// example stands in for a test.
type example struct {
	testing.TB // nil
	ctx        context.Context

	mu       sync.Mutex
	cleanups []func()
	failed   bool
	skipped  bool
}

func (e *example) Helper()                  {}
func (e *example) Name() string             { return "Example" }
func (e *example) Context() context.Context { return e.ctx }
func (e *example) Output() io.Writer        { return io.Discard }
func (e *example) Attr(string, string)      {}
func (e *example) Log(...any)               {}
func (e *example) Logf(string, ...any)      {}

func (e *example) Cleanup(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cleanups = append(e.cleanups, f)
}

func (e *example) TempDir() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is temporary anyway
	return dir
}

// cleanUp calls what was registered, the newest first. Each of it may end the goroutine.
func (e *example) cleanUp() {
	e.mu.Lock()
	last := len(e.cleanups) - 1
	if last < 0 {
		e.mu.Unlock()
		return
	}
	f := e.cleanups[last]
	e.cleanups = e.cleanups[:last]
	e.mu.Unlock()
	defer e.cleanUp()
	f()
}

func (e *example) Fail() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed = true
}

func (e *example) Failed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed
}

func (e *example) FailNow() {
	e.Fail()
	runtime.Goexit()
}

func (e *example) print(text string) {
	e.Fail()
	fmt.Fprint(os.Stdout, text)
}

func (e *example) Error(args ...any)                 { e.print(fmt.Sprintln(args...)) }
func (e *example) Errorf(format string, args ...any) { e.print(fmt.Sprintf(format, args...) + "\n") }

func (e *example) Fatal(args ...any) {
	e.Error(args...)
	runtime.Goexit()
}

func (e *example) Fatalf(format string, args ...any) {
	e.Errorf(format, args...)
	runtime.Goexit()
}

func (e *example) Skip(...any)          { e.SkipNow() }
func (e *example) Skipf(string, ...any) { e.SkipNow() }

func (e *example) SkipNow() {
	e.mu.Lock()
	e.skipped = true
	e.mu.Unlock()
	runtime.Goexit()
}

func (e *example) Skipped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.skipped
}
