//go:build linux

package main

import (
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/generator"
	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// talk sends each message when the ones before it were received.
func talk(s *stage) error {
	set, err := s.enter()
	if err != nil {
		return err
	}
	return s.hear(func(long time.Duration) (generator.Heard, error) {
		return s.clients.Talk(generator.Talk{Set: set, For: long, Batch: s.batch, Body: s.job.body})
	})
}

// pace sends messages at a fixed rate.
func pace(s *stage) error { return s.paced(s.job.rate) }

// half sends half as many messages as gorilla could handle.
func half(s *stage) error {
	limit, ok := s.median("rooms-4-limit", "gorilla", messageRate)
	if !ok {
		limit = 10_000
	}
	return s.paced(limit / 2)
}

func (s *stage) paced(rate float64) error {
	set, err := s.enter()
	if err != nil {
		return err
	}
	return s.hear(func(long time.Duration) (generator.Heard, error) {
		return s.clients.Pace(generator.Pace{Set: set, For: long, Rate: rate, Body: s.job.body, Inputs: s.job.config.TickMS > 0})
	})
}

// hear measures the messages after a warm-up.
func (s *stage) hear(say func(time.Duration) (generator.Heard, error)) error {
	if _, err := say(s.window.warm); err != nil {
		return err
	}
	var h generator.Heard
	cpu, _, err := s.using(func() (err error) { h, err = say(s.window.measured); return err })
	if err != nil {
		return err
	}
	return s.note(h, cpu)
}

// elsewhere is the address that slow members come from.
const elsewhere = "127.0.0.2"

// slow measures how long a message takes to the other members, without a member that
// never reads and with one.
func slow(s *stage) error {
	set, err := s.enter()
	if err != nil {
		return err
	}
	t := generator.Talk{Set: set, For: s.window.warm, Batch: 1, Body: s.job.body}
	if _, err := s.clients.Talk(t); err != nil {
		return err
	}
	t.For = s.window.measured
	without, err := s.clients.Talk(t)
	if err != nil {
		return err
	}
	deaf := s.job.dialling(s)
	deaf.Size, deaf.From, deaf.ReceiveBuffer, deaf.Deaf = 1, elsewhere, 4<<10, true
	entered, err := s.clients.Dial(deaf)
	if err != nil {
		return err
	}
	var with generator.Heard
	cpu, _, err := s.using(func() (err error) { with, err = s.clients.Talk(t); return err })
	if err != nil {
		return err
	}
	if err := s.note(with, cpu); err != nil {
		return err
	}
	s.values[slowRatio] = float64(with.P99) / float64(without.P99)
	d, err := s.clients.Drain(entered.Set)
	s.values["slow member: messages"] = float64(d.Messages)
	s.values["slow member: close code"] = float64(d.Code)
	return err
}

// connect measures handshakes, after some for warming up.
func connect(s *stage) error {
	d := s.job.dialling(s)
	d.Size = 200
	if _, err := s.clients.Dial(d); err != nil {
		return err
	}
	d.Size = s.scaled(s.job.size)
	var entered generator.Entered
	cpu, _, err := s.using(func() (err error) { entered, err = s.clients.Dial(d); return err })
	if err != nil {
		return err
	}
	s.values[perUpgrade] = float64(cpu.Microseconds()) / float64(d.Size)
	s.values[upgradeRate] = float64(d.Size) / entered.Wall.Seconds()
	s.values[serverLoad] = 100 * cpu.Seconds() / entered.Wall.Seconds()
	return nil
}

// reconnect measures the cost of reconnecting.
func reconnect(s *stage) error {
	set, err := s.enter()
	if err != nil {
		return err
	}
	storm := generator.Storm{Set: set, Missed: 10, Body: s.job.body}
	if err := s.clients.Break(storm); err != nil {
		return err
	}
	var back generator.Returned
	cpu, _, err := s.using(func() (err error) { back, err = s.clients.Return(storm); return err })
	if err != nil {
		return err
	}
	s.values[perReturn] = float64(cpu.Microseconds()) / float64(back.Clients)
	s.values[returnTime] = back.Wall.Seconds()
	s.values[missing] = float64(back.Missing)
	return nil
}

// idle measures the memory of clients that say nothing.
func idle(s *stage) error {
	if _, err := s.settle(); err != nil {
		return err
	}
	before, err := s.holding()
	if err != nil {
		return err
	}
	d := s.job.dialling(s)
	d.Size = s.scaled(s.job.size)
	if _, err := s.clients.Dial(d); err != nil {
		return err
	}
	grown, err := s.server.resident()
	if err != nil {
		return err
	}
	after, err := s.holding()
	if err != nil {
		return err
	}
	each := func(bytes float64) float64 { return bytes / float64(d.Size) }
	s.values[residentBefore] = each(grown - before.resident)
	s.values[resident] = each(after.resident - before.resident)
	s.values[heapBytes] = each(after.Heap - before.Heap)
	s.values[stackBytes] = each(after.Stack - before.Stack)
	s.values[kernelBytes] = each(after.kernel - before.kernel)
	return nil
}

// holding is the memory of a server.
type holding struct {
	memory
	resident float64
	kernel   float64 // of both ends of the connections, and of anything else on the machine
}

func (s *stage) holding() (h holding, err error) {
	if h.memory, err = s.settle(); err != nil {
		return h, err
	}
	if h.resident, err = s.server.resident(); err != nil {
		return h, err
	}
	h.kernel, err = kernel.Slab()
	return h, err
}

// settle makes the server free what it does not need. Stacks shrink by half at a time.
func (s *stage) settle() (m memory, err error) {
	for range 4 {
		if m, err = s.server.command("gc"); err != nil {
			return m, err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return m, nil
}
