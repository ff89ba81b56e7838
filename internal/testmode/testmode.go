// Package testmode holds switches that make tests run the same server under harder
// conditions. They are set before a server is made, and only by tests.
package testmode

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Encoded makes every entry be encoded and decoded on its way into a mailbox, to detect a
// field that the encoding forgets.
var Encoded bool

// Gate takes the releases of a room in order and runs each of them later: one at a time,
// in the same order. It stands between sealed output and its release, where output could
// be made durable.
type Gate func(release func())

// NewGate returns the gate of one room. If it is nil, output is released at once.
var NewGate func() Gate

// NewEngine returns the engine of a server whose options have none. If it is nil, such a
// server has none.
var NewEngine func() engine.Engine

// Late returns gates that wait for a random time up to limit and then release everything
// sealed meanwhile, like a disk that commits waiting writes in one batch.
func Late(limit time.Duration) func() Gate {
	return func() Gate {
		var mu sync.Mutex
		var waiting []func()
		busy := false
		commit := func() {
			for more := true; more; {
				time.Sleep(rand.N(limit))
				mu.Lock()
				batch := waiting
				waiting = nil
				mu.Unlock()
				for _, release := range batch {
					release()
				}
				mu.Lock()
				busy = len(waiting) > 0
				more = busy
				mu.Unlock()
			}
		}
		return func(release func()) {
			mu.Lock()
			defer mu.Unlock()
			waiting = append(waiting, release)
			if !busy {
				busy = true
				go commit()
			}
		}
	}
}

// Recode replaces an entry with its encoded and decoded form.
func Recode(e *room.Entry) {
	if e.Kind == 0 {
		return
	}
	decoded, rest, err := room.ReadEntry(room.AppendEntry(nil, e))
	if err != nil || len(rest) > 0 {
		panic("an entry does not survive its encoding: " + e.Action)
	}
	*e = decoded
}
