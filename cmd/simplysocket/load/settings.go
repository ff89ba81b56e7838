// Package load puts load on a server of SimplySocket and keeps account of what
// comes of it: which message was handled, who received it, when, and how often.
//
// Its clients are those of package client, so that what is measured is what users
// see, with sessions that outlive their connections. When a message is due depends
// on the clock alone, never on answers, and latency counts from then on: a server
// that stalls does not hide it by holding back the load (coordinated omission).
package load

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"math"
	"time"
)

// Settings say what the load is.
type Settings struct {
	URL      string        // ws:// or wss://
	Clients  int           // how many connect
	Rooms    int           // over which they are spread evenly
	Rate     float64       // messages per second, of all clients together; 0: none
	Body     int           // bytes of a message's body, at least [MinBody]
	Ramp     time.Duration // over which the clients connect
	Warmup   time.Duration // of sending before it counts
	Duration time.Duration // of sending that counts
	Grace    time.Duration // how long to wait for what is missing at the end
	DropRate float64       // connections broken per second, of all together
	Seed     uint64        // of who sends when and whose connection breaks
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

// messages is how many the settings ask for, those that do not count first.
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
		return fmt.Errorf("to keep account of so many messages takes %.1f GB of memory, and at most %d are taken: lower the rate, the duration or the clients of a room",
			account/(1<<30), maxAccount>>30)
	}
	return nil
}

// Phase is what a run is at.
type Phase string

// The phases of a run, in their order.
const (
	Connecting Phase = "connecting"
	Warming    Phase = "warming"
	Running    Phase = "running"
	Draining   Phase = "draining"
	Closing    Phase = "closing"
)

// length is how long a phase is meant to take; 0 if nobody knows.
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
