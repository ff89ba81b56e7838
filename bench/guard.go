//go:build linux

package main

import (
	"fmt"
	"strings"
)

const (
	// tolerance is by what part of its bound a goal may be missed under -guard.
	// It is there for what has become slower, not for what is a little beside its
	// goal.
	tolerance = 0.25
	// mostRounds are how many rounds a verdict may take. Where others use the
	// machine the median of a few says little, and that of many is still beyond
	// the bound if the program is to blame.
	mostRounds = 15
)

// doubtful reports whether a job needs a further round.
func (b *bench) doubtful(o *outcome) bool {
	return len(o.Rounds) < mostRounds && len(b.result.missed(o.Name, tolerance)) > 0
}

// verdict is an error that names the goals which are missed by more than the
// tolerance.
func (b *bench) verdict() error {
	var missed []string
	for _, g := range b.result.missed("", tolerance) {
		missed = append(missed, fmt.Sprintf("%s, %s: %s, %s", g.job, g.what(), figure(g.measured(b.result).median()), g.bound()))
	}
	for _, o := range b.result.Jobs {
		for _, name := range o.candidates(b.result.Candidates) {
			if why := o.failure(name); why != "" {
				missed = append(missed, fmt.Sprintf("%s, %s: %s", o.Name, name, why))
			}
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("a goal is missed by more than a quarter:\n%s", strings.Join(missed, "\n"))
	}
	return nil
}
