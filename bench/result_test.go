//go:build linux

package main

import (
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// told is a result of three rounds.
func told() *result {
	r := &result{Candidates: []description{{Name: wholeFloor}, {Name: ours}, {Name: "gws"}, {Name: "coder"}}}
	o := &outcome{Name: "room-1000-rate", About: "one room", Unit: perDelivery, Window: "1s"}
	for _, values := range [][3]float64{{1000, 1100, 2000}, {2000, 2400, 3000}, {500, 650, 1500}} {
		o.Rounds = append(o.Rounds, &round{
			Values: map[string]map[string]float64{
				wholeFloor: {perDelivery: values[0]},
				ours:       {perDelivery: values[1], p99: 50},
				"gws":      {perDelivery: values[2], lostShare: 0},
			},
			Failures: map[string]string{"coder": "gone|away\nfor ever"},
		})
	}
	r.Jobs = append(r.Jobs, o)
	return r
}

// A ratio is taken within a round: the speed of the machine differs between rounds.
func TestRatios(t *testing.T) {
	o := told().Jobs[0]
	s := o.ratios(ours, wholeFloor, perDelivery)
	for i, want := range []float64{1.1, 1.2, 1.3} {
		if math.Abs(s[i]-want) > 1e-9 {
			t.Errorf("round %d: the ratio is %v, want %v", i, s[i], want)
		}
	}
	if m := s.median(); m != s[1] {
		t.Errorf("the median of %v is %v", s, m)
	}
	if m := (series{4, 1, 3, 2}).median(); m != 2.5 {
		t.Errorf("the median of four is %v, want 2.5", m)
	}
	if s := o.ratios(ours, "coder", perDelivery); len(s) > 0 {
		t.Errorf("with a candidate that has failed the ratios are %v", s)
	}
}

func TestMissed(t *testing.T) {
	r := told()
	for name, test := range map[string]struct {
		goal goal
		by   float64
	}{
		"at most, within": {goal{one: ours, other: wholeFloor, most: 1.2}, 0},
		"at most, beyond": {goal{one: ours, other: wholeFloor, most: 0.6}, 1},
		"nothing, met":    {goal{one: "gws", measure: lostShare}, 0},
		"at least, met":   {goal{one: wholeFloor, other: ours, least: 0.5}, -0.4},
		"at least, below": {goal{one: wholeFloor, other: ours, least: 1}, 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			test.goal.job = r.Jobs[0].Name
			if test.goal.measure == "" {
				test.goal.measure = perDelivery
			}
			if by := test.goal.missedBy(test.goal.measured(r)); math.Abs(by-test.by) > 1e-9 {
				t.Errorf("it is missed by %v, want %v", by, test.by)
			}
		})
	}
}

func TestTable(t *testing.T) {
	r := told()
	const want = `One room: rounds: 3, each measured for 1s.

| candidate | CPU ns/delivery | range | simplysocket / candidate | p99 us |
|---|---:|---|---:|---:|
| floor | 1000 | 500 to 2000 | 1.20 |  |
| simplysocket | 1100 | 650 to 2400 |  | 50.0 |
| gws | 2000 | 1500 to 3000 | 0.55 |  |
| coder | gone/away | | | |
`
	if got := r.table(r.Jobs[0]); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
}

func TestFill(t *testing.T) {
	r := told()
	text := "before\n<!-- measured: goals -->\nold\n<!-- end -->\nafter\n"
	filled, err := r.fill(text)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(filled, r.goalTable()) || strings.Contains(filled, "old") || !strings.HasSuffix(filled, "-->\nafter\n") {
		t.Errorf("it became %q", filled)
	}
	if again, err := r.fill(filled); err != nil || again != filled {
		t.Errorf("the second time it became %q: %v", again, err)
	}
	if _, err := r.fill("<!-- measured: nothing -->\n<!-- end -->"); err == nil {
		t.Error("no error for a job that was not measured")
	}
}

func TestChart(t *testing.T) {
	r := told()
	svg, err := r.chart(r.Jobs[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", ours, "gws", "floor"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("there is no %q in the chart", want)
		}
	}
	if strings.Contains(string(svg), "coder") {
		t.Error("a candidate that has failed is in the chart")
	}
}

// The result file holds what the run has measured, and can be read back.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	o := &options{
		own:        true,
		rounds:     1,
		window:     window{warm: 20 * time.Millisecond, measured: 500 * time.Millisecond}, // a loaded machine may starve a process for 100 ms
		jobs:       regexp.MustCompile("^(ticks|rooms-4-limit|tls|deflate|slow-member|reconnect)$"),
		candidates: regexp.MustCompile("^(floor|simplysocket|simplysocket-v1)$"),
		file:       file,
		module:     "..",
	}
	var printed strings.Builder
	if err := o.run(t.Context(), &printed); err != nil {
		t.Fatal(err)
	}
	r, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	for job, candidates := range map[string][]string{
		"rooms-4-limit": {wholeFloor, ours, sessions},
		"ticks":         {ours, sessions},
		"tls":           {ours, sessions},
		"deflate":       {ours, sessions},
		"slow-member":   {ours, sessions},
		"reconnect":     {sessions},
	} {
		outcome := r.job(job)
		for _, name := range candidates {
			if s := outcome.series(name, outcome.Unit); len(s) != 1 || s.min() <= 0 {
				t.Errorf("%s: %s has measured %v: %s", job, name, s, outcome.failure(name))
			}
			for _, measure := range []string{lostShare, doubled, missing} {
				for _, value := range outcome.series(name, measure) {
					if value != 0 {
						t.Errorf("%s: %s: %s is %v", job, name, measure, value)
					}
				}
			}
		}
		if !strings.Contains(printed.String(), "\n"+job+"\n") {
			t.Errorf("%s was not printed", job)
		}
	}
}
