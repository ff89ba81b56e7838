package load

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Run is one run of a load.
type Run struct {
	settings Settings
	name     string // unique to this run
	template *bodyTemplate
	random   *mathrand.Rand // of the goroutine that drops, once there is a plan
	begun    time.Time
	members  []*member   // those in their rooms
	messages *messageLog // valid once the clients are connected

	account atomic.Pointer[messageLog] // the same, for receivers; nil until then
	phase   atomic.Pointer[stage]
	closing atomic.Bool // sessions that end are ended by us

	counts   counts
	inFlight atomic.Int64
	sends    sync.WaitGroup
	answers  context.Context // ends when no more answers are awaited
	giveUp   context.CancelFunc
	failures tally

	latency *recorder // from when a message was due until a member has it
	lag     *recorder // from when a message was due until it was sent
	connect *recorder // from dialing until the client is in its room
	away    *recorder // from a broken connection to the next

	series series
	cpu    cpuMeter
}

// counts are for the whole run, as they grow.
type counts struct {
	connected    atomic.Int64 // connections that are up
	ended        atomic.Int64 // sessions that the server ended for good
	sent         atomic.Int64 // messages that were sent
	received     atomic.Int64 // deliveries of them
	owed         atomic.Int64 // expected deliveries: of messages that were handled and count
	delivered    atomic.Int64 // deliveries of messages that count, each once
	doubled      atomic.Int64
	disordered   atomic.Int64
	gaps         atomic.Int64
	foreign      atomic.Int64
	drops        atomic.Int64
	reconnects   atomic.Int64
	lostSessions atomic.Int64
}

// stage is a phase and when it began.
type stage struct {
	phase Phase
	since time.Time
}

// New prepares a run.
func New(s Settings) *Run {
	r := &Run{
		settings: s,
		name:     strings.ToLower(rand.Text()[:8]),
		random:   mathrand.New(mathrand.NewPCG(s.Seed, 0)),
		latency:  newRecorder(),
		lag:      newRecorder(),
		connect:  newRecorder(),
		away:     newRecorder(),
	}
	r.answers, r.giveUp = context.WithCancel(context.Background())
	r.template = newBodyTemplate(r.name, s.Body)
	r.begun = time.Now()
	r.enter(Connecting)
	return r
}

// Do runs the load and returns the result. If the context ends, the sending ends early;
// what was sent until then counts. An error means that there was no load at all.
func (r *Run) Do(ctx context.Context) (*Result, error) {
	defer r.giveUp()
	defer r.close()
	stop := r.sample()
	defer stop()
	if err := r.connectAll(ctx); err != nil {
		return nil, err
	}
	r.open()
	r.load(ctx)
	r.enter(Draining)
	r.drain(ctx)
	stop()
	return r.result(ctx.Err() != nil), nil
}

// clock is the time since the run began.
func (r *Run) clock() time.Duration { return time.Since(r.begun) }

func (r *Run) enter(p Phase) { r.phase.Store(&stage{p, time.Now()}) }

// counted reports whether events count for the result now.
func (r *Run) counted() bool {
	p := r.phase.Load().phase
	return p == Running || p == Draining
}

// RoomName is the name of a room. In the pattern, {run} stands for the name of the run
// and {room} for the room's number.
func RoomName(pattern, run string, room int) string {
	return strings.NewReplacer("{run}", run, "{room}", strconv.Itoa(room)).Replace(pattern)
}

// open makes the plan and its account.
func (r *Run) open() {
	plan := newPlan(&r.settings, r.members, r.random)
	r.messages = &messageLog{plan: plan, entries: make([]loggedMessage, plan.all)}
	for _, m := range r.members {
		m.received = make([]uint64, plan.indexes(len(m.room.members))/64+1)
	}
	r.messages.start = r.clock()
	r.account.Store(r.messages)
}

// close ends all sessions, a few at a time: each waits for the server to confirm.
func (r *Run) close() {
	r.enter(Closing)
	r.closing.Store(true)
	var tasks sync.WaitGroup
	places := make(chan struct{}, 64)
	for _, m := range r.members {
		places <- struct{}{}
		tasks.Go(func() {
			_ = m.conn.Close() // everything that counts is counted
			<-places
		})
	}
	tasks.Wait()
}
