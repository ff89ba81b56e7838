//go:build linux

package main

import (
	"fmt"
	"strings"
)

const (
	// tolerance is the fraction of its bound by which a goal may be missed under -guard,
	// which looks for regressions, not for small deviations.
	tolerance = 0.25
	// mostRounds is the most rounds that a verdict may take. If other programs use the
	// machine, the median of a few says little; that of many is still beyond the bound if
	// this program is to blame.
	mostRounds = 15
)

// doubtful reports whether a job needs another round.
func (b *bench) doubtful(o *outcome) bool {
	return len(o.Rounds) < mostRounds && len(b.result.missed(o.Name, tolerance)) > 0
}

// verdict is an error that names the goals that are missed by more than the tolerance.
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
