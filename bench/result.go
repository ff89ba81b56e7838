//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// result is everything that was measured, as it is kept in a file.
type result struct {
	Taken      time.Time     `json:"taken"`
	Machine    string        `json:"machine"`
	Processors int           `json:"processors"`
	Kernel     string        `json:"kernel"`
	Go         string        `json:"go"`
	Node       string        `json:"node,omitempty"`
	Candidates []description `json:"candidates"`
	Jobs       []*outcome    `json:"jobs"`
}

// outcome is the result of a job.
type outcome struct {
	Name   string   `json:"name"`
	About  string   `json:"about"`
	Unit   string   `json:"unit"`
	Window string   `json:"window"` // how long each candidate is measured
	Rounds []*round `json:"rounds"`
}

// round is the result of one round, in which every candidate ran once.
type round struct {
	Order    []string                      `json:"order"`
	Values   map[string]map[string]float64 `json:"values"`             // by candidate and measure
	Failures map[string]string             `json:"failures,omitempty"` // by candidate
}

func newResult() *result {
	return &result{
		Taken:      time.Now().UTC().Truncate(time.Second),
		Machine:    kernel.Processor(),
		Processors: runtime.NumCPU(),
		Kernel:     kernel.Release(),
		Go:         runtime.Version(),
	}
}

func readResult(path string) (*result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &result{}
	return r, json.Unmarshal(text, r)
}

func (r *result) write(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func (r *result) job(name string) *outcome {
	for _, o := range r.Jobs {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// add adds the result of a job, replacing an earlier one.
func (r *result) add(o *outcome) {
	if i := slices.IndexFunc(r.Jobs, func(other *outcome) bool { return other.Name == o.Name }); i >= 0 {
		r.Jobs[i] = o
		return
	}
	r.Jobs = append(r.Jobs, o)
}

// candidates returns those that have done the job, in the order in which they are
// described, and then the others.
func (o *outcome) candidates(all []description) (names []string) {
	seen := map[string]bool{}
	for _, r := range o.Rounds {
		for name := range r.Values {
			seen[name] = true
		}
		for name := range r.Failures {
			seen[name] = true
		}
	}
	for _, d := range all {
		if seen[d.Name] {
			names = append(names, d.Name)
			delete(seen, d.Name)
		}
	}
	rest := make([]string, 0, len(seen))
	for name := range seen {
		rest = append(rest, name)
	}
	slices.SortFunc(rest, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return append(names, rest...)
}

// series is the values of one thing over the rounds.
type series []float64

func (s series) sorted() series { return slices.Sorted(slices.Values(s)) }

func (s series) median() float64 {
	sorted := s.sorted()
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

func (s series) min() float64 { return slices.Min(s) }
func (s series) max() float64 { return slices.Max(s) }

// series returns a candidate's values.
func (o *outcome) series(candidate, measure string) (s series) {
	for _, r := range o.Rounds {
		if value, ok := r.Values[candidate][measure]; ok {
			s = append(s, value)
		}
	}
	return s
}

// ratios returns, for each round that has both, one candidate's value over the other's.
func (o *outcome) ratios(one, other, measure string) (s series) {
	for _, r := range o.Rounds {
		a, ok := r.Values[one][measure]
		b, both := r.Values[other][measure]
		if ok && both && b != 0 {
			s = append(s, a/b)
		}
	}
	return s
}

// failure says why a candidate failed in some round; "" if it did not.
func (o *outcome) failure(candidate string) string {
	for _, r := range o.Rounds {
		if why := r.Failures[candidate]; why != "" {
			return why
		}
	}
	return ""
}
