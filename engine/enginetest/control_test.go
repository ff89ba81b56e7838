package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
)

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }
func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }
func (r *recorder) FailNow()          { runtime.Goexit() }
func (r *recorder) Fail()             { r.Errorf("failed") }

// outcome runs one test of the suite and returns how it fails.
func outcome(t *testing.T, name string, h Harness) []string {
	r := &recorder{TB: t}
	for _, test := range suite {
		if test.name == name {
			c := newCheck(r, h)
			c.patience = time.Second
			done := make(chan struct{})
			go func() {
				defer close(done)
				c.run(test.run)
			}()
			<-done
			r.mu.Lock()
			defer r.mu.Unlock()
			return slices.Clone(r.failures)
		}
	}
	t.Fatalf("the suite has no test %s", name)
	return nil
}

// flawed is a place with engines that break a rule.
type flawed struct {
	place
	flaw func(engine.Log) engine.Log
	// Or any of these.
	host  func(engine.Host) engine.Host
	close func(context.Context, *Memory, engine.Host) error
	part  func(string) int
}

type flawedEngine struct {
	*Memory
	flawed *flawed
	host   engine.Host
}

func (f *flawed) Open() (engine.Engine, error) {
	return &flawedEngine{NewMemory(f.store, &f.options), f, nil}, nil
}

func (f *flawed) Contend() (engine.Engine, error) { return f.Open() }

func (f *flawed) Crash(e engine.Engine) error {
	e.(*flawedEngine).Crash()
	return nil
}

func (e *flawedEngine) Start(ctx context.Context, host engine.Host) error {
	if e.flawed.host != nil {
		host = e.flawed.host(host)
	}
	e.host = host
	return e.Memory.Start(ctx, &flawedHost{host, e.flawed.flaw})
}

func (e *flawedEngine) Close(ctx context.Context) error {
	if e.flawed.close != nil {
		return e.flawed.close(ctx, e.Memory, e.host)
	}
	return e.Memory.Close(ctx)
}

func (e *flawedEngine) Partition(room string) int {
	if e.flawed.part != nil {
		return e.flawed.part(room)
	}
	return e.Memory.Partition(room)
}

type flawedHost struct {
	engine.Host
	flaw func(engine.Log) engine.Log
}

func (h *flawedHost) Own(partition int, log engine.Log) error {
	if h.flaw != nil {
		log = h.flaw(log)
	}
	return h.Host.Own(partition, log)
}

// queue runs functions one after the other, each after a pause.
type queue struct {
	pause time.Duration
	mu    sync.Mutex
	jobs  []func()
	busy  bool
}

func (q *queue) add(job func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, job)
	if !q.busy {
		q.busy = true
		go q.run()
	}
}

func (q *queue) run() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.jobs) > 0 {
		job := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()
		time.Sleep(q.pause)
		job()
		q.mu.Lock()
	}
	q.busy = false
}

// altered is a log with some of its methods replaced.
type altered struct {
	engine.Log
	append  func(room string, record []byte, done func(error))
	replace func(room string, parts iter.Seq[[]byte], done func(error))
	delete  func(room string, done func(error))
	load    func(ctx context.Context, room string) iter.Seq2[engine.Chunk, error]
	rooms   func(ctx context.Context) iter.Seq2[string, error]
	answer  func(room string, done func(error)) func(error) // of all writes
}

func (l *altered) done(room string, done func(error)) func(error) {
	if l.answer != nil {
		return l.answer(room, done)
	}
	return done
}

func (l *altered) Append(room string, record []byte, done func(error)) {
	if l.append != nil {
		l.append(room, record, done)
		return
	}
	l.Log.Append(room, record, l.done(room, done))
}

func (l *altered) Replace(room string, parts iter.Seq[[]byte], done func(error)) {
	if l.replace != nil {
		l.replace(room, parts, done)
		return
	}
	l.Log.Replace(room, parts, l.done(room, done))
}

func (l *altered) Delete(room string, done func(error)) {
	if l.delete != nil {
		l.delete(room, done)
		return
	}
	l.Log.Delete(room, l.done(room, done))
}

func (l *altered) Load(ctx context.Context, room string) iter.Seq2[engine.Chunk, error] {
	if l.load != nil {
		return l.load(ctx, room)
	}
	return l.Log.Load(ctx, room)
}

func (l *altered) Rooms(ctx context.Context) iter.Seq2[string, error] {
	if l.rooms != nil {
		return l.rooms(ctx)
	}
	return l.Log.Rooms(ctx)
}

func nothing(error) {}

// says makes a flaw of what becomes of an answer.
func says(alter func(error) error) func(engine.Log) engine.Log {
	return func(log engine.Log) engine.Log {
		return &altered{Log: log, answer: func(_ string, done func(error)) func(error) {
			return func(err error) { done(alter(err)) }
		}}
	}
}

// counted makes a flaw of what every nth write does.
func counted(n int, alter func(done func(error)) func(error)) func(engine.Log) engine.Log {
	return func(log engine.Log) engine.Log {
		var mu sync.Mutex
		count := 0
		return &altered{Log: log, answer: func(_ string, done func(error)) func(error) {
			mu.Lock()
			defer mu.Unlock()
			if count++; count%n == 0 {
				return alter(done)
			}
			return done
		}}
	}
}

// ofLoad makes a flaw of what Load yields.
func ofLoad(alter func([]engine.Chunk) []engine.Chunk) func(engine.Log) engine.Log {
	return func(log engine.Log) engine.Log {
		return &altered{Log: log, load: func(ctx context.Context, room string) iter.Seq2[engine.Chunk, error] {
			return func(yield func(engine.Chunk, error) bool) {
				chunks, err := collect(log.Load(ctx, room))
				for _, c := range alter(chunks) {
					if !yield(c, nil) {
						return
					}
				}
				if err != nil {
					yield(engine.Chunk{}, err)
				}
			}
		}}
	}
}

// ofRooms makes a flaw of what Rooms yields.
func ofRooms(alter func([]string) []string) func(engine.Log) engine.Log {
	return func(log engine.Log) engine.Log {
		return &altered{Log: log, rooms: func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				names, err := collect(log.Rooms(ctx))
				for _, name := range alter(names) {
					if !yield(name, nil) {
						return
					}
				}
				if err != nil {
					yield("", err)
				}
			}
		}}
	}
}

func drain(ctx context.Context, log engine.Log, room string) {
	_, _ = collect(log.Load(ctx, room))
}

// controls break a rule each. Test is a test that must notice, and how.
var controls = []struct {
	name   string
	test   string
	says   string
	flawed flawed
}{
	{"answers before it stores", "Crash", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		late, answers := &queue{pause: 2 * time.Millisecond}, &queue{}
		early := func(done func(error), write func()) {
			late.add(write)
			answers.add(func() { done(nil) })
		}
		return &altered{
			Log: log,
			append: func(room string, record []byte, done func(error)) {
				early(done, func() { log.Append(room, record, nothing) })
			},
			replace: func(room string, parts iter.Seq[[]byte], done func(error)) {
				var all [][]byte
				for p := range parts {
					all = append(all, bytes.Clone(p))
				}
				early(done, func() { log.Replace(room, slices.Values(all), nothing) })
			},
			delete: func(room string, done func(error)) {
				early(done, func() { log.Delete(room, nothing) })
			},
		}
	}}},
	{"appends later", "Load", "Load has returned when", flawed{flaw: func(log engine.Log) engine.Log {
		late := &queue{pause: time.Millisecond}
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			late.add(func() { log.Append(room, record, done) })
		}}
	}}},
	{"reorders records", "Order", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		held := map[string]func(){}
		var mu sync.Mutex
		n := 0
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			mu.Lock()
			defer mu.Unlock()
			answers := &queue{} // the answers come in order
			if n++; n%20 == 7 {
				held[room] = func() { log.Append(room, record, nothing) }
				answers.add(func() { done(nil) })
				return
			}
			log.Append(room, record, done)
			if held[room] != nil {
				held[room]()
				delete(held, room)
			}
		}}
	}}},
	{"stores after a failure", "Broken", "a hole", flawed{flaw: func(log engine.Log) engine.Log {
		tooLarge := map[string]bool{}
		var mu sync.Mutex
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			mu.Lock()
			defer mu.Unlock()
			if tooLarge[room] {
				drain(context.Background(), log, room)
			}
			tooLarge[room] = len(record) > engine.MaxRecord
			log.Append(room, record, done)
		}}
	}}},
	{"counts a room that is half read", "Broken", "not read to its end", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, load: func(ctx context.Context, room string) iter.Seq2[engine.Chunk, error] {
			return func(yield func(engine.Chunk, error) bool) {
				chunks, err := collect(log.Load(ctx, room))
				for _, c := range chunks {
					if !yield(c, nil) {
						return
					}
				}
				if err != nil {
					yield(engine.Chunk{}, err)
				}
			}
		}}
	}}},
	{"stays broken", "Broken", "none has failed before it", flawed{flaw: func(log engine.Log) engine.Log {
		failed := map[string]bool{}
		var mu sync.Mutex
		return &altered{Log: log, answer: func(room string, done func(error)) func(error) {
			return func(err error) {
				mu.Lock()
				defer mu.Unlock()
				if failed[room] = failed[room] || err != nil; failed[room] && err == nil {
					err = engine.ErrBroken
				}
				done(err)
			}
		}}
	}}},
	{"answers twice", "Answers", "is called 2 times", flawed{flaw: counted(7, func(done func(error)) func(error) {
		return func(err error) { done(err); done(err) }
	})}},
	{"forgets to answer", "Answers", "writes are answered within", flawed{flaw: counted(50, func(func(error)) func(error) { return nothing })}},
	{"answers out of order", "Answers", "is due", flawed{flaw: func(log engine.Log) engine.Log {
		var mu sync.Mutex
		held := map[string]func(){}
		n := 0
		return &altered{Log: log, answer: func(room string, done func(error)) func(error) {
			mu.Lock()
			defer mu.Unlock()
			n++
			hold := n%20 == 5
			return func(err error) {
				mu.Lock()
				defer mu.Unlock()
				if hold {
					held[room] = func() { done(err) }
					return
				}
				done(err)
				if held[room] != nil {
					held[room]()
					delete(held, room)
				}
			}
		}}
	}}},
	{"answers several at a time", "Answers", "while another of the room runs", flawed{flaw: counted(1, func(done func(error)) func(error) {
		return func(err error) { go done(err) }
	})}},
	{"answers within Append", "Answers", "within Append", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			answer := make(chan error)
			log.Append(room, record, func(err error) { answer <- err })
			done(<-answer)
		}}
	}}},
	{"answers a snapshot within Replace", "Answers", "within Append, Replace", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, replace: func(room string, parts iter.Seq[[]byte], done func(error)) {
			answer := make(chan error)
			log.Replace(room, parts, func(err error) { answer <- err })
			done(<-answer)
		}}
	}}},
	{"stores half a snapshot", "CrashInSnapshot", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, replace: func(room string, parts iter.Seq[[]byte], done func(error)) {
			var all [][]byte
			for p := range parts {
				all = append(all, bytes.Clone(p))
			}
			for i := 1; i < len(all); i++ {
				log.Replace(room, slices.Values(all[:i]), nothing)
			}
			log.Replace(room, slices.Values(all), done)
		}}
	}}},
	{"keeps the parts of a snapshot", "Replace", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, replace: func(room string, parts iter.Seq[[]byte], done func(error)) {
			log.Replace(room, slices.Values(slices.Collect(parts)), done)
		}}
	}}},
	{"appends snapshots", "Replace", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, replace: func(room string, parts iter.Seq[[]byte], done func(error)) {
			whole := slices.Concat(slices.Collect(parts)...)
			log.Append(room, whole[:min(len(whole), engine.MaxRecord)], done)
		}}
	}}},
	{"calls a snapshot a record", "Load", "stored of room", flawed{flaw: ofLoad(func(all []engine.Chunk) []engine.Chunk {
		for i := range all {
			all[i].Snapshot = false
		}
		return all
	})}},
	{"loads records before the snapshot", "Replace", "stored of room", flawed{flaw: ofLoad(func(all []engine.Chunk) []engine.Chunk {
		slices.SortStableFunc(all, func(a, b engine.Chunk) int {
			if a.Snapshot == b.Snapshot {
				return 0
			} else if b.Snapshot {
				return -1
			}
			return 1
		})
		return all
	})}},
	{"drops empty records", "Bytes", "stored of room", flawed{flaw: ofLoad(func(all []engine.Chunk) []engine.Chunk {
		return slices.DeleteFunc(all, func(c engine.Chunk) bool { return len(c.Bytes) == 0 })
	})}},
	{"shares what it loads", "Bytes", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		cache := map[string][]byte{}
		return ofLoad(func(all []engine.Chunk) []engine.Chunk {
			for i, c := range all {
				if cache[string(c.Bytes)] == nil {
					cache[string(c.Bytes)] = c.Bytes
				}
				all[i].Bytes = cache[string(c.Bytes)]
			}
			return all
		})(log)
	}}},
	{"reads although the context has ended", "LoadContext", "with a context that has ended", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, load: func(_ context.Context, room string) iter.Seq2[engine.Chunk, error] {
			return log.Load(context.Background(), room)
		}}
	}}},
	{"deletes nothing", "Delete", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, delete: func(room string, done func(error)) { (&queue{}).add(func() { done(nil) }) }}
	}}},
	{"omits a room", "Rooms", "Rooms yields", flawed{flaw: ofRooms(func(all []string) []string { return all[min(len(all), 1):] })}},
	{"names a room twice", "Rooms", "Rooms yields", flawed{flaw: ofRooms(func(all []string) []string { return append(all, all[:min(len(all), 1)]...) })}},
	{"confuses names", "Names", "stored of room", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			if room == "a\x00b" {
				drain(context.Background(), log, room)
				log.Append(room, append([]byte("a"), record...), done)
				return
			}
			log.Append(room, record, done)
		}}
	}}},
	{"refuses the largest record", "TooLarge", "bytes and 0 parts, and fails", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			if len(record) == engine.MaxRecord {
				record = append(bytes.Clone(record), 0)
			}
			log.Append(room, record, done)
		}}
	}}},
	{"cuts what is too large", "TooLarge", "is too large, and stored", flawed{flaw: func(log engine.Log) engine.Log {
		return &altered{Log: log, append: func(room string, record []byte, done func(error)) {
			log.Append(room, record[:min(len(record), engine.MaxRecord)], done)
		}}
	}}},
	{"calls stored what was lost", "History", "stored of room", flawed{
		place: place{options: Options{Forgotten: 0.1}},
		flaw:  says(func(error) error { return nil }),
	}},
	{"calls lost what was stored", "History", "stored of room", flawed{
		place: place{options: Options{Unknown: 0.1}},
		flaw: says(func(err error) error {
			if errors.Is(err, engine.ErrUnknown) {
				return engine.ErrFenced
			}
			return err
		}),
	}},
	{"calls broken what was first", "History", "none has failed before it", flawed{
		place: place{options: Options{Unknown: 0.1}},
		flaw: says(func(err error) error {
			if err != nil {
				return engine.ErrBroken
			}
			return nil
		}),
	}},
	{"makes errors up", "TooLarge", "no error of package engine", flawed{flaw: says(func(err error) error {
		if err != nil {
			return errors.New("something is wrong")
		}
		return nil
	})}},
	{"calls the host from everywhere", "Start", "while another call of the host runs", flawed{host: func(h engine.Host) engine.Host {
		return &hostFunc{h, func(p int, log engine.Log) error {
			go func() { _ = h.Own(p, log) }()
			return nil
		}}
	}}},
	{"hides that Own has failed", "OwnFails", "Start returns <nil>", flawed{host: func(h engine.Host) engine.Host {
		return &hostFunc{h, func(p int, log engine.Log) error {
			_ = h.Own(p, log)
			return nil
		}}
	}}},
	{"moves rooms", "Partition", "is in partition", flawed{part: func(room string) int { return int(time.Now().UnixNano() % 4) }}},
	{"closes without waiting", "Close", "Close returns nil, and a write before it has failed", flawed{close: func(_ context.Context, m *Memory, _ engine.Host) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = m.Close(ctx)
		return nil
	}}},
	{"closes before it has answered", "Close", "Close has returned when", flawed{close: func(ctx context.Context, m *Memory, _ engine.Host) error {
		go func() { _ = m.Close(ctx) }()
		return nil
	}}},
	{"loses what it gives up", "Close", "Close calls Lose", flawed{close: func(ctx context.Context, m *Memory, h engine.Host) error {
		h.Lose(0, errors.New("closing"))
		return m.Close(ctx)
	}}},
	{"does not say that it is closed", "Close", "after Close is answered", flawed{flaw: says(func(err error) error {
		if errors.Is(err, engine.ErrClosed) {
			return nil
		}
		return err
	})}},
	{"lets an elder write", "Contend", "a write of the elder is stored", flawed{flaw: says(func(err error) error {
		if errors.Is(err, engine.ErrFenced) {
			return nil
		}
		return err
	})}},
	{"does not tell the elder", "Contend", "not within", flawed{host: func(h engine.Host) engine.Host {
		return &deafHost{h}
	}}},
}

type hostFunc struct {
	engine.Host
	own func(int, engine.Log) error
}

func (h *hostFunc) Own(p int, log engine.Log) error { return h.own(p, log) }

type deafHost struct{ engine.Host }

func (*deafHost) Lose(int, error) {}

// TestControls: the suite notices engines that break a rule.
func TestControls(t *testing.T) {
	for _, control := range controls {
		t.Run(control.name, func(t *testing.T) {
			var failures []string
			for range 5 { // some rules are broken by chance
				f := control.flawed
				f.store = NewStore(4)
				f.options.MaxDelay = time.Millisecond
				failures = outcome(t, control.test, &f)
				if strings.Contains(strings.Join(failures, "\n"), control.says) {
					return
				}
			}
			t.Errorf("%s fails with %q, and says nothing of %q", control.test, failures, control.says)
		})
	}
}

// TestControlsOfControls: without a flaw the same harness passes.
func TestControlsOfControls(t *testing.T) {
	for _, test := range suite {
		f := flawed{place: place{NewStore(4), Options{MaxDelay: time.Millisecond}}}
		if failures := outcome(t, test.name, &f); len(failures) > 0 {
			t.Errorf("%s: %q", test.name, failures)
		}
	}
}
