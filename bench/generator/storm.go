//go:build linux

package generator

import (
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// Break implements [Generator.Break].
func (c *Clients) Break(s Storm, _ *int) error {
	broken := c.sets[s.Set]
	for _, r := range broken.rooms {
		for _, p := range r.members[1:] {
			if err := c.cut(p); err != nil {
				return err
			}
		}
	}
	time.Sleep(settling)
	c.begin(broken)
	for _, r := range broken.rooms {
		r.speak(wire.Say, s.Body, 1)
		r.await = 0
		for range s.Missed {
			if err := r.say(r.members[0], time.Now()); err != nil {
				return err
			}
		}
	}
	return c.poll(asleep, func() bool { return broken.deliveries >= broken.said })
}

// settling is how long a server may take to notice that connections are broken.
const settling = 500 * time.Millisecond

// Return implements [Generator.Return].
func (c *Clients) Return(s Storm, back *Returned) error {
	set := c.sets[s.Set]
	var away []*client
	for _, r := range set.rooms {
		away = append(away, r.members[1:]...)
	}
	c.begin(set)
	for _, p := range away {
		p.synced = true // what it receives next is what it has missed
	}
	start := time.Now()
	if err := c.connect(set, away); err != nil {
		return err
	}
	missed := len(away) * s.Missed
	if err := c.settle(func() bool { return set.deliveries >= missed }); err != nil {
		return err
	}
	*back = Returned{Clients: len(away), Missing: missed - set.deliveries, Wall: c.quiet.Sub(start)}
	return nil
}
