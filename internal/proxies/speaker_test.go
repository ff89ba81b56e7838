//go:build linux

package proxies_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
)

// pause is how long a session waits between lines.
const pause = 20 * time.Millisecond

// speaker is a session that sends numbered lines.
type speaker struct {
	drill  *drill
	number int
	conn   *client.Conn
	rooms  map[string]*client.Room
	next   int          // number of the next line
	said   atomic.Int64 // acknowledged
	failed atomic.Int64
	why    atomic.Value // the text of the newest error
}

// connect connects a session and joins it to all rooms.
func (d *drill) connect(number int, url string) *speaker {
	d.t.Helper()
	conn, err := client.Dial(d.t.Context(), url, &client.Options{
		Logger:     quiet,
		MaxBackoff: time.Second, // the drill is short
		NetDial:    dial,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.Close() })
	s := &speaker{drill: d, number: number, conn: conn, rooms: map[string]*client.Room{}}
	for name, a := range d.accounts {
		room, err := conn.Join(d.t.Context(), name, nil, func(room *client.Room) {
			client.On(room, "say", func(_ string, l line) { a.hear(number, l) })
			room.OnGap(func(client.Gap) { a.gap() })
		})
		if err != nil {
			d.t.Fatalf("session %d joins %s: %v", number, name, err)
		}
		s.rooms[name] = room
	}
	return s
}

// say sends the next line in a room and returns it.
func (s *speaker) say(room string) line {
	ctx, cancel := context.WithTimeout(s.drill.t.Context(), patience)
	defer cancel()
	s.next++
	l := line{From: s.number, N: s.next}
	if err := s.rooms[room].Send(ctx, "say", l); err != nil {
		s.failed.Add(1)
		s.why.Store(err.Error())
		return l
	}
	s.drill.accounts[room].say(l)
	s.said.Add(1)
	return l
}

// speak sends lines in all rooms until the context ends, which interrupts none.
func (s *speaker) speak(ctx context.Context) {
	for ctx.Err() == nil {
		for room := range s.rooms {
			s.say(room)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// String describes the session for the log.
func (s *speaker) String() string {
	return fmt.Sprintf("session %d is %v (%v): %d messages acknowledged, %d not (%v)",
		s.number, s.conn.State(), s.conn.Err(), s.said.Load(), s.failed.Load(), s.why.Load())
}

// remote is the clients' address, which differs from the trusted one of the proxies.
const remote = "127.0.0.2"

// dial connects from remote.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(remote)}}
	return d.DialContext(ctx, network, address)
}
