//go:build linux

package generator

import (
	"fmt"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// Talk implements [Generator.Talk].
func (c *Clients) Talk(t Talk, h *Heard) error {
	s := c.sets[t.Set]
	for _, r := range s.rooms {
		r.speak(wire.Say, t.Body, t.Batch)
		r.await = t.Batch * len(r.members)
	}
	c.begin(s)
	start := time.Now()
	s.ready = slices.Clone(s.rooms)
	for talking := len(s.rooms); talking > 0; {
		began := time.Now()
		ready := s.ready
		s.ready = nil
		for _, r := range ready {
			if t.Messages == 0 && began.Sub(start) >= t.For || t.Messages > 0 && r.said-r.first >= t.Messages {
				talking--
			} else if err := r.say(r.speaker(), time.Now()); err != nil {
				return err
			}
		}
		if len(ready) > 0 {
			c.busy += time.Since(began)
		}
		if err := c.take(awake); err != nil {
			return fmt.Errorf("%d messages were sent and %d deliveries arrived: %w", s.said, s.deliveries, err)
		}
	}
	*h = s.result(time.Since(start), c.busy)
	return nil
}
