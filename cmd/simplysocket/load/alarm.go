package load

import (
	"context"
	"time"
)

// alarm waits for one time after the other.
type alarm struct{ timer *time.Timer }

func newAlarm() alarm {
	timer := time.NewTimer(0)
	timer.Stop()
	return alarm{timer}
}

// wait waits until then, and reports whether the context is still alive. It does not wait
// for a time in the past.
func (a alarm) wait(ctx context.Context, then time.Time) bool {
	rest := time.Until(then)
	if rest <= 0 {
		return ctx.Err() == nil
	}
	a.timer.Reset(rest)
	select {
	case <-a.timer.C:
		return true
	case <-ctx.Done():
		a.timer.Stop()
		return false
	}
}
