package load

import (
	"context"
	"time"
)

// maxInFlight bounds the unanswered messages of all clients. Each takes a goroutine.
// Messages due beyond that are not sent, and are counted as such.
const maxInFlight = 1 << 16

// load sends every message of the plan when it is due, regardless of the outcome of
// earlier ones. It returns when the last was sent, or when the context ends; answers may
// come for as long as the context of the drain lives.
func (r *Run) load(ctx context.Context) {
	a := r.messages
	start := r.begun.Add(a.start)
	clock := newAlarm()
	r.enter(Warming)
	if !r.pass(ctx, clock, start, 0, a.warmup) || !clock.wait(ctx, start.Add(r.settings.Warmup)) {
		return
	}
	r.enter(Running)
	r.cpu.start()
	defer r.cpu.stop()
	breaking, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.drop(breaking)
	}()
	defer func() {
		stop()
		<-done
	}()
	if r.pass(ctx, clock, start, a.warmup, a.all) {
		clock.wait(ctx, start.Add(r.settings.Warmup+r.settings.Duration))
	}
}

// pass sends the messages of a range, and reports whether it sent all.
func (r *Run) pass(ctx context.Context, clock alarm, start time.Time, from, to int) bool {
	for n := from; n < to; n++ {
		if !clock.wait(ctx, start.Add(r.messages.due(n))) {
			return false
		}
		r.launch(n)
		r.messages.reached.Store(int64(n + 1))
	}
	return true
}

// launch hands a message to a goroutine of its own, which waits for the answer.
func (r *Run) launch(n int) {
	if r.inFlight.Add(1) > maxInFlight {
		r.inFlight.Add(-1)
		r.settle(n, errTooMany)
		return
	}
	r.sends.Go(func() {
		defer r.inFlight.Add(-1)
		r.send(n)
	})
}

// send sends a message and records its outcome.
func (r *Run) send(n int) {
	a := r.messages
	now := r.clock()
	a.entries[n].send(now)
	if n >= a.warmup {
		r.lag.record(n, now-a.start-a.due(n))
	}
	r.counts.sent.Add(1)
	r.settle(n, a.sender(n).seat.Send(r.answers, r.settings.Action, r.template.write(n)))
}

// settle records the answer to a message, or that there is none.
func (r *Run) settle(n int, err error) {
	a := r.messages
	o, kind := outcomeOf(err)
	a.entries[n].settle(r.clock(), o)
	if n < a.warmup {
		return
	}
	if o == handled {
		r.counts.owed.Add(int64(len(a.sender(n).room.members)))
		return
	}
	r.failures.add(kind, err)
}

// drainTick is how often the drain checks whether everything has arrived.
const drainTick = 20 * time.Millisecond

// drain waits until everything is answered and received, at most for the grace. Anything
// missing then is lost. An interrupted run waits less.
func (r *Run) drain(ctx context.Context) {
	grace := r.settings.Grace
	if ctx.Err() != nil {
		grace = min(grace, interruptedGrace)
	}
	clock, end := newAlarm(), time.Now().Add(grace)
	for !r.complete() && time.Now().Before(end) {
		clock.wait(context.Background(), time.Now().Add(drainTick))
	}
	r.giveUp()
	r.sends.Wait()
}

// interruptedGrace is the grace of a run that was ended early.
const interruptedGrace = 2 * time.Second

// complete reports whether nothing more will come: everything is answered and received,
// and every client is back. While that is not so, the sums show it cheaply.
func (r *Run) complete() bool {
	c := &r.counts
	return r.inFlight.Load() == 0 && c.delivered.Load() >= c.owed.Load() &&
		c.connected.Load()+c.ended.Load() >= int64(len(r.members)) && r.audit().lost == 0
}
