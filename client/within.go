package client

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// errNoReturn is the error of a function that has called runtime.Goexit.
var errNoReturn = errors.New("the function ended its goroutine")

// within calls a function of the application, or one that calls one, and waits
// for it no longer than the context allows. A panic is an error. What comes too
// late goes to late.
func within[T any](ctx context.Context, f func() (T, error), late func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	results := make(chan result)
	go func() {
		r := result{err: errNoReturn}
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			select {
			case results <- r:
			case <-ctx.Done():
				if r.err == nil {
					late(r.value)
				}
			}
		}()
		r.value, r.err = f()
	}()
	select {
	case r := <-results:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
