// Package report writes the result of a load as text, as JSON and as a page with
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

// Version is that of the form of the JSON. It changes when a name goes or means
// something else.
const Version = 1

// Report is a result and what was wanted of it.
type Report struct {
	Version int    `json:"version"`
	Program string `json:"program"` // that measured
	Passed  bool   `json:"passed"`  // all thresholds hold
	*load.Result
	Thresholds []Threshold `json:"thresholds"`
}

// Threshold is something that was wanted.
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

// Err names the thresholds that are broken; nil is none.
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
