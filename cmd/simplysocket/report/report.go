// Package report writes the result of a load test as text, as JSON and as a page with
// charts.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

// Version is the version of the JSON form. It changes when a name is removed or changes
// its meaning.
const Version = 1

// Report is a result and its thresholds.
type Report struct {
	Version int    `json:"version"`
	Program string `json:"program"` // the program that measured
	Passed  bool   `json:"passed"`  // all thresholds hold
	*load.Result
	Thresholds []Threshold `json:"thresholds"`
}

// Threshold is a limit that the result has to meet.
type Threshold struct {
	Name     string `json:"name"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Held     bool   `json:"held"`
}

// New makes a report.
func New(r *load.Result, program string, thresholds []Threshold) *Report {
	report := &Report{Version: Version, Program: program, Passed: true, Result: r, Thresholds: thresholds}
	for _, t := range thresholds {
		report.Passed = report.Passed && t.Held
	}
	return report
}

// Err names the broken thresholds; it is nil if there are none.
func (r *Report) Err() error {
	var broken []string
	for _, t := range r.Thresholds {
		if !t.Held {
			broken = append(broken, fmt.Sprintf("%s is %s, wanted %s", t.Name, t.Measured, t.Wanted))
		}
	}
	if broken == nil {
		return nil
	}
	return errors.New("threshold broken: " + strings.Join(broken, "; "))
}

// JSON writes the report as a JSON object.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
