//go:build linux

// Package proxies_test puts the reverse proxies that Debian packages in front of a
// server, and reloads, restarts and kills them while sessions send.
package proxies_test

import (
	"context"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// The sessions of a drill. The last one bypasses the proxy: it keeps sending while the
// proxy is away, so that the others miss something.
const (
	throughProxy = 5
	sessions     = throughProxy + 1
	witness      = throughProxy
)

// quota is how many messages each session sends before and after an act.
const quota = 60

// drill is sessions that talk in rooms while the proxy is reloaded, restarted or killed.
type drill struct {
	t        *testing.T
	backend  *backend
	front    *front
	accounts map[string]*account // by room
	speakers []*speaker
}

// act is what an operator, or bad luck, does to a proxy.
type act struct {
	name string
	do   func(*drill)
}

var (
	reload  = act{"reload", func(d *drill) { d.front.reload() }}
	restart = act{"restart", func(d *drill) { d.replace(syscall.SIGTERM) }}
	crash   = act{"crash", func(d *drill) { d.replace(syscall.SIGKILL) }}
)

// replace ends the proxy and starts it after the witness has sent messages.
func (d *drill) replace(s syscall.Signal) {
	d.t.Helper()
	d.front.end(s)
	d.awaitLines(10, d.speakers[witness])
	d.front.start()
}

// TestReload reloads, restarts and kills each proxy while sessions talk. Each session
// receives everything once and in order, and none is lost.
func TestReload(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxy) {
		d := newDrill(t, p, simplysocket.Options{})
		before := d.names()
		d.run(reload, reload, restart, reload, crash)

		for i, name := range d.names() {
			if name != before[i] {
				t.Errorf("session %d was %s and is %s", i, before[i], name)
			}
		}
		s := d.backend.Stats()
		if s.Connects != sessions || s.Disconnects != 0 || s.Disconnected != 0 {
			t.Errorf("%d sessions began and %d ended, %d are disconnected; want %d, 0 and 0", s.Connects, s.Disconnects, s.Disconnected, sessions)
		}
		if s.Resumes < 2*throughProxy {
			t.Errorf("%d resumes; a restart and a crash break every connection", s.Resumes)
		}
		for room, a := range d.accounts {
			if v := a.judge(); v != (verdict{}) {
				t.Errorf("%s: %+v of %d messages", room, v, len(a.said))
			}
		}
		for _, s := range d.speakers {
			if s.failed.Load() > 0 {
				t.Error(s)
			}
		}
	})
}

// TestReloadWithoutResume is the control: if no session outlives its connection, the same
// drill finds that sessions and messages are lost.
func TestReloadWithoutResume(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxy) {
		d := newDrill(t, p, simplysocket.Options{DisableResume: true})
		d.run(restart)

		if s := d.backend.Stats(); s.Connects < sessions+throughProxy {
			t.Errorf("%d sessions began; each connection that breaks should take its session with it", s.Connects)
		}
		for room, a := range d.accounts {
			if v := a.judge(); v.missing < throughProxy || v.gaps < throughProxy {
				t.Errorf("%s: the drill does not see that messages are lost: %+v", room, v)
			}
		}
	})
}

// newDrill connects the sessions to a server behind the proxy.
func newDrill(t *testing.T, p *proxy, o simplysocket.Options) *drill {
	t.Helper()
	// As much as is sent while the slowest proxy stops; Apache takes 10 s.
	o.HistoryMessages, o.HistoryBytes = 4096, 4<<20
	d := &drill{t: t, backend: serve(t, o), accounts: map[string]*account{
		relayRoom: newAccount(sessions),
		codedRoom: newAccount(sessions),
	}}
	d.front = p.stand(t, d.backend.address)
	for i := range sessions {
		url := "ws://" + d.front.address() + "/ws"
		switch {
		case i == witness:
			url = "ws://" + d.backend.address + "/ws"
		case i%2 == 1:
			url = "ws://" + d.front.address() + "/app/ws"
		}
		d.speakers = append(d.speakers, d.connect(i, url))
	}
	return d
}

// run performs the acts while all sessions talk.
func (d *drill) run(acts ...act) {
	d.t.Helper()
	ctx, stop := context.WithCancel(d.t.Context())
	var speaking sync.WaitGroup
	defer speaking.Wait()
	defer stop()
	for _, s := range d.speakers {
		speaking.Go(func() { s.speak(ctx) })
	}
	d.awaitLines(quota, d.speakers...)
	for _, act := range acts {
		d.tell(act.name, func() {
			act.do(d)
			d.awaitLines(quota, d.speakers...)
		})
	}
	stop()
	speaking.Wait()
	d.conclude()
}

// tell logs the result of an act.
func (d *drill) tell(name string, do func()) {
	d.t.Helper()
	began, said, before := time.Now(), d.said(), d.backend.Stats()
	do()
	after := d.backend.Stats()
	d.t.Logf("%s %-7s %6.2f s: %4d messages, %d resumes, %d new sessions", d.front.name, name, time.Since(began).Seconds(),
		d.said()-said, after.Resumes-before.Resumes, after.Connects-before.Connects)
}

// said is how many messages were acknowledged.
func (d *drill) said() (sum int64) {
	for _, s := range d.speakers {
		sum += s.said.Load()
	}
	return sum
}

// awaitLines waits until each of these sessions has sent n more lines.
func (d *drill) awaitLines(n int64, speakers ...*speaker) {
	d.t.Helper()
	var enough []int64
	for _, s := range speakers {
		enough = append(enough, s.said.Load()+n)
	}
	for i, s := range speakers {
		d.await("session "+strconv.Itoa(s.number)+" to speak", func() bool { return s.said.Load() >= enough[i] })
	}
}

// conclude sends a last line from each session in each room, and waits until all have
// received it: every earlier line has then arrived or is lost.
func (d *drill) conclude() {
	d.t.Helper()
	d.sayOnce() // an acknowledgment shows that the session is in the room
	for room, lines := range d.sayOnce() {
		d.await("the last lines in "+room, func() bool { return d.accounts[room].reached(lines) })
	}
}

// sayOnce sends a line from each session in each room, and returns the lines by room.
func (d *drill) sayOnce() map[string][]line {
	lines := map[string][]line{}
	for _, s := range d.speakers {
		for room := range s.rooms {
			lines[room] = append(lines[room], s.say(room))
		}
	}
	return lines
}

// await waits for a condition and fails the test when that takes too long.
func (d *drill) await(what string, done func() bool) {
	d.t.Helper()
	for began := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > patience {
			for _, s := range d.speakers {
				d.t.Log(s)
			}
			d.t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// names are the client IDs of the sessions.
func (d *drill) names() (names []string) {
	for _, s := range d.speakers {
		names = append(names, s.conn.ID())
	}
	return names
}
