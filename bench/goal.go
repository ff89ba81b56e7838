//go:build linux

package main

import (
	"fmt"
	"slices"
)

// goal is a target for a result: for a measure, or for the ratio of two candidates within
// each round.
type goal struct {
	job, measure string
	one, other   string // one alone, or one over other
	most, least  float64
}

// goals are all of them.
func goals() (all []goal) {
	most := func(job, measure, one string, bound float64, others ...string) {
		for _, other := range others {
			all = append(all, goal{job: job, measure: measure, one: one, other: other, most: bound})
		}
	}
	most("room-1000-rate", perDelivery, ours, 1.20, wholeFloor)
	most("room-1000-rate", perDelivery, ours, 0.60, "centrifuge", "socket.io", "gorilla", "coder", "melody")
	most("room-1000-rate", perDelivery, ours, 0.80, "gws", "ws")
	most("room-1000-burst", perDelivery, ours, 2.0, bytesFloor)
	most("room-1000-burst", perDelivery, ours, 0.65, "centrifuge", "centrifuge-tuned")
	most("room-1000-burst", perDelivery, ours, 0.17, "gorilla", "gorilla-prepared", "coder", "gws", "gobwas", "melody", "ws", "socket.io")
	most("rooms-4-rate", perDelivery, ours, 1.40, wholeFloor)
	most("rooms-4-rate", perDelivery, ours, 0.70, "gorilla", "centrifuge", "socket.io")
	most("rooms-4-flush", serverLoad, ours, 75, "")
	most("rooms-4-flush", lostShare, ours, 0, "")
	most("idle-10000", resident, ours, 5<<10, "")
	most("idle-10000", resident, ours, 1.0/3, "socket.io")
	most("idle-10000", resident, ours, 1.0/5, "centrifuge")
	all = append(all,
		goal{job: "connect", measure: perUpgrade, one: "gorilla", other: ours, least: 1.3},
		goal{job: "connect", measure: perUpgrade, one: "socket.io", other: ours, least: 5},
	)
	most("rooms-4-half", p99, ours, 0.6, "gorilla")
	most("slow-member", slowRatio, ours, 1.10, "")
	most("processors", perDelivery, "GOMAXPROCS=2", 1.15, "GOMAXPROCS=1")
	return all
}

// measured is its values in the rounds; none if something is missing that it needs.
func (g *goal) measured(r *result) series {
	o := r.job(g.job)
	switch {
	case o == nil:
		return nil
	case g.other == "":
		return o.series(g.one, g.measure)
	default:
		return o.ratios(g.one, g.other, g.measure)
	}
}

// missedBy is how far the median is beyond the bound, as a fraction of it; 0 or less is
// within.
func (g *goal) missedBy(s series) float64 {
	if g.least > 0 {
		return g.least/s.median() - 1
	}
	if s.median() <= g.most {
		return 0
	}
	return s.median()/g.most - 1
}

func (g *goal) met(s series) bool { return g.missedBy(s) <= 0 }

func (g *goal) bound() string {
	if g.least > 0 {
		return "at least " + figure(g.least)
	}
	return "at most " + figure(g.most)
}

func (g *goal) what() string {
	if g.other == "" {
		return fmt.Sprintf("%s: %s", g.one, g.measure)
	}
	return fmt.Sprintf("%s / %s", g.one, g.other)
}

// missed returns the goals of a job, or of all jobs with "", that were measured and are
// missed by more than a fraction of their bound.
func (r *result) missed(job string, by float64) []goal {
	return slices.DeleteFunc(goals(), func(g goal) bool {
		s := g.measured(r)
		return job != "" && g.job != job || len(s) == 0 || g.missedBy(s) <= by
	})
}
