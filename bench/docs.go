//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The measurements in docs/performance.md are between two comments. The first names the
// content: "machine", "candidates", "goals", or a job.
var measuredBlock = regexp.MustCompile(`(?s)(<!-- measured: ([\w-]+) -->\n).*?(<!-- end -->)`)

// writeDocs writes the tables and charts of a result.
func writeDocs(dir string, r *result) error {
	path := filepath.Join(dir, performance)
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	after, err := r.fill(string(before))
	if err != nil {
		return err
	}
	charts, err := r.charts()
	if err != nil {
		return err
	}
	for name, chart := range charts {
		if err := os.WriteFile(filepath.Join(dir, "images", name), chart, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(after), 0o644)
}

const performance = "performance.md"

// fill puts the result into a text.
func (r *result) fill(text string) (string, error) {
	var failed error
	filled := measuredBlock.ReplaceAllStringFunc(text, func(block string) string {
		parts := measuredBlock.FindStringSubmatch(block)
		content, err := r.block(parts[2])
		if err != nil {
			failed = err
		}
		return parts[1] + content + parts[3]
	})
	return filled, failed
}

func (r *result) block(name string) (string, error) {
	switch name {
	case "machine":
		return r.machineLine() + "\n", nil
	case "candidates":
		return r.candidateTable(), nil
	case "goals":
		return r.goalTable(), nil
	}
	o := r.job(name)
	if o == nil {
		return "", fmt.Errorf("%s asks for the job %q, which was not measured", performance, name)
	}
	var t strings.Builder
	if charted(o) {
		fmt.Fprintf(&t, "![%s](images/%s)\n\n", o.Name+": "+o.Unit, chartFile(o))
	}
	t.WriteString(r.table(o))
	return t.String(), nil
}
