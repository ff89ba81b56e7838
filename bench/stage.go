//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/generator"
)

// stage is where one candidate does one job: its process, and that of its clients.
type stage struct {
	*bench
	job       *job
	candidate *candidate
	batch     int
	server    *server
	clients   *generator.Generator
	values    map[string]float64
}

// perform makes a candidate do a job.
func (b *bench) perform(ctx context.Context, j *job, c *candidate) (values map[string]float64, err error) {
	told := j.config
	told.Candidate, told.Body, told.Batch = cmp.Or(c.runs, c.Name), j.body, cmp.Or(c.batch, j.batch)
	if j.tls {
		told.Cert, told.Key = b.cert, b.key
	}
	s := &stage{bench: b, job: j, candidate: c, batch: told.Batch, values: map[string]float64{}}
	if s.server, err = start(ctx, c, told, b.serverProcessor); err != nil {
		return nil, err
	}
	defer s.server.stop()
	if s.clients, err = generator.Start(ctx, b.generatorProcessor, b.self, "generator"); err != nil {
		return nil, err
	}
	defer s.clients.Close()
	err = j.measure(s)
	return s.values, err
}

// enter connects the job's clients, and returns when nothing more happens.
func (s *stage) enter() (set int, err error) {
	entered, err := s.clients.Dial(s.job.dialling(s))
	if err != nil {
		return 0, err
	}
	if s.job.size > announced && !s.job.lobby {
		err = s.clients.AwaitCount(entered.Set, s.job.size)
	}
	return entered.Set, err
}

// announced is the number of members above which a SimplySocket room announces its count,
// at most once per second.
const announced = 200

// using measures what the server uses while f runs.
func (s *stage) using(do func() error) (cpu, wall time.Duration, err error) {
	before, err := s.server.cpu()
	if err != nil {
		return 0, 0, err
	}
	if s.profile != "" && s.candidate.Library != "" {
		if _, err := s.server.command("profile " + s.profileName(s)); err != nil {
			return 0, 0, err
		}
		defer func() { _, _ = s.server.command("stop") }() // without its profile
	}
	began := time.Now()
	if err := do(); err != nil {
		return 0, 0, err
	}
	wall = time.Since(began)
	after, err := s.server.cpu()
	return after - before, wall, err
}

// note records what was received.
func (s *stage) note(h generator.Heard, cpu time.Duration) error {
	if h.Deliveries == 0 {
		return fmt.Errorf("%d messages were sent and none arrived", h.Messages)
	}
	s.values[perDelivery] = float64(cpu) / float64(h.Deliveries)
	s.values[deliveryRate] = float64(h.Deliveries) / h.Wall.Seconds()
	s.values[messageRate] = float64(h.Messages) / h.Wall.Seconds()
	s.values[wireBytes] = float64(h.Bytes) / float64(h.Deliveries)
	s.values[serverLoad] = 100 * cpu.Seconds() / h.Wall.Seconds()
	s.values[generatorLoad] = 100 * h.Busy.Seconds() / h.Wall.Seconds()
	s.values[lostShare] = 100 * float64(h.Lost) / float64(h.Deliveries+h.Lost)
	s.values[doubled] = float64(h.Doubled)
	if s.job.config.TickMS == 0 { // nobody knows when a tick was due
		s.values[p50] = float64(h.P50.Microseconds())
		s.values[p99] = float64(h.P99.Microseconds())
	}
	return nil
}
