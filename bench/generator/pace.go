//go:build linux

package generator

import (
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// Pace implements [Generator.Pace].
func (c *Clients) Pace(p Pace, h *Heard) error {
	s := c.sets[p.Set]
	action := wire.Say
	if p.Inputs {
		action = wire.Input
	}
	for _, r := range s.rooms {
		r.speak(action, p.Body, 1)
		r.await = 0
	}
	c.begin(s)
	start := time.Now()
	step := time.Duration(float64(time.Second) / p.Rate)
	messages := p.Messages
	if messages == 0 {
		messages = max(int(p.For/step), 1)
	}
	for k := 0; k < messages; {
		now := time.Since(start)
		for ; k < messages && time.Duration(k)*step <= now; k++ {
			r := s.rooms[k%len(s.rooms)]
			speaker := r.members[0] // in whose order they are handled
			if p.Inputs {
				speaker = r.speaker()
			}
			if err := r.say(speaker, start.Add(time.Duration(k)*step)); err != nil {
				return err
			}
		}
		c.busy += time.Since(start) - now
		if err := c.look(awake); err != nil {
			return err
		}
	}
	if !p.Inputs {
		if err := c.settle(func() bool { return s.deliveries >= s.said*s.Size }); err != nil {
			return err
		}
		s.lost = s.said*s.Size - s.deliveries
	}
	*h = s.result(time.Since(start), c.busy)
	return nil
}
