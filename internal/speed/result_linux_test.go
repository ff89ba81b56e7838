package speed

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// series is what the rounds of a benchmark have measured of one thing.
type series []float64

func (s *series) add(value float64) { *s = append(*s, value) }

func (s series) sorted() series { return slices.Sorted(slices.Values(s)) }

func (s series) median() float64 {
	sorted := s.sorted()
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// over returns the ratios of two series, round by round.
func (s series) over(other series) series {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / other[i]
	}
	return ratios
}

// row is a line of the table.
type row struct{ job, what, value, spread string }

var results []row

// report gives the median of a series to the benchmark and the table.
func report(b *testing.B, unit string, s series) {
	b.Helper()
	b.ReportMetric(s.median(), unit)
	sorted := s.sorted()
	results = append(results, row{
		job:    strings.TrimPrefix(b.Name(), "Benchmark"),
		what:   unit,
		value:  figure(s.median()),
		spread: figure(sorted[0]) + " to " + figure(sorted[len(sorted)-1]),
	})
}

// figure rounds to what a measurement is worth.
func figure(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.2f", value)
	}
}

// quiet takes the time of a round, which says nothing, out of the output.
func quiet(b *testing.B) { b.ReportMetric(0, "ns/op") }

func printTable(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n\n| job | what | median | of rounds |\n|---|---|---:|---|\n", machine())
	for _, r := range results {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", r.job, r.what, r.value, r.spread)
	}
}

// machine says where the numbers are from.
func machine() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	return fmt.Sprintf("%s, %d processors, Linux %s, %s %s",
		processor(), runtime.NumCPU(), unix.ByteSliceToString(u.Release[:]), runtime.Version(), runtime.GOARCH)
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
