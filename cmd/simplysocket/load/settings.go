// Package load puts load on a SimplySocket server and keeps account of the results: which
// message was handled, who received it, when, and how often.
//
// Its clients are those of package client, with sessions that outlive their connections,
// so it measures what users see. When a message is due depends on the clock alone, never
// on answers, and latency counts from then: a server that stalls cannot hide it by
// holding back the load (coordinated omission).
package load

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"math"
	"time"
)

// Settings describe the load.
type Settings struct {
	URL      string        // ws:// or wss://
	Clients  int           // how many connect
	Rooms    int           // the clients are spread over them evenly
	Rate     float64       // messages per second, over all clients; 0: none
	Body     int           // bytes of a message's body, at least [MinBody]
	Ramp     time.Duration // over which the clients connect
	Warmup   time.Duration // of sending before it counts
	Duration time.Duration // of sending messages that count
	Grace    time.Duration // how long to wait for missing deliveries at the end
	DropRate float64       // connections broken per second, over all clients
	Seed     uint64        // for who sends when and whose connection breaks
	Action   string        // of the messages
	Room     string        // names of the rooms; see [RoomName]

	// Token is the bearer token of all clients; "" is none.
	Token string
	// TLS is for wss:// URLs; nil is the default.
	TLS *tls.Config
}

// MinBody is the smallest body that holds the number of a message.
const MinBody = 64

// maxAccount bounds the memory of the account.
const maxAccount = 4 << 30

// messages returns how many messages the settings ask for. Those that do not count come
// first.
func (s *Settings) messages() (warmup, all int) {
	in := func(d time.Duration) int { return int(math.Round(s.Rate * d.Seconds())) }
	return in(s.Warmup), in(s.Warmup + s.Duration)
}

// Check returns an error if the account of the run would take too much memory: an
// entry for each message, and a bit for each of its receivers.
func (s *Settings) Check() error {
	members := (s.Clients + s.Rooms - 1) / max(s.Rooms, 1)
	account := s.Rate * (s.Warmup + s.Duration).Seconds() * (entrySize + float64(members)/8)
	if account > maxAccount {
		return fmt.Errorf("the account of so many messages takes %.1f GB of memory, and the limit is %d: lower the rate, the duration or the clients per room",
			account/(1<<30), maxAccount>>30)
	}
	return nil
}

// Phase is a phase of a run.
type Phase string

// The phases of a run, in order.
const (
	Connecting Phase = "connecting"
	Warming    Phase = "warming"
	Running    Phase = "running"
	Draining   Phase = "draining"
	Closing    Phase = "closing"
)

// length is how long a phase should take; 0 if unknown.
func (s *Settings) length(p Phase) time.Duration {
	switch p {
	case Connecting:
		return cmp.Or(s.Ramp, time.Second)
	case Warming:
		return s.Warmup
	case Running:
		return s.Duration
	case Draining:
		return s.Grace
	default:
		return 0
	}
}
