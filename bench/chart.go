//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-analyze/charts"
)

// chartedJobs are those whose result is shown as a chart.
var chartedJobs = []string{
	"room-1000-rate", "room-1000-burst", "rooms-4-rate", "rooms-4-half", "connect", "idle-10000", "tls", "deflate",
}

func charted(o *outcome) bool { return slices.Contains(chartedJobs, o.Name) }

func chartFile(o *outcome) string { return "performance-" + o.Name + ".svg" }

// charts returns the files of all charts.
func (r *result) charts() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, o := range r.Jobs {
		if !charted(o) {
			continue
		}
		svg, err := r.chart(o)
		if err != nil {
			return nil, fmt.Errorf("chart of %s: %w", o.Name, err)
		}
		files[chartFile(o)] = svg
	}
	return files, nil
}

// The kinds of candidates, each in its own color.
var kinds = []struct {
	name  string
	color charts.Color
	is    func(name string) bool
}{
	{"SimplySocket", charts.ColorFromHex("#2563eb"), func(name string) bool { return strings.HasPrefix(name, ours) }},
	{"others", charts.ColorFromHex("#9ca3af"), func(name string) bool {
		return !strings.HasPrefix(name, ours) && !strings.HasPrefix(name, wholeFloor)
	}},
	{"floor", charts.ColorFromHex("#f59e0b"), func(name string) bool { return strings.HasPrefix(name, wholeFloor) }},
}

// chart is a bar for each candidate, the best at the top.
func (r *result) chart(o *outcome) ([]byte, error) {
	names := slices.DeleteFunc(o.candidates(r.Candidates), func(name string) bool { return len(o.series(name, o.Unit)) == 0 })
	slices.SortStableFunc(names, func(a, b string) int {
		return int(o.series(b, o.Unit).median()*1000 - o.series(a, o.Unit).median()*1000)
	})
	var data [][]float64
	var legend []string
	var colors []charts.Color
	for _, kind := range kinds {
		if !slices.ContainsFunc(names, kind.is) {
			continue
		}
		values := make([]float64, len(names))
		for i, name := range names {
			if kind.is(name) {
				values[i] = o.series(name, o.Unit).median()
			}
		}
		data, legend, colors = append(data, values), append(legend, kind.name), append(colors, kind.color)
	}
	option := charts.NewBarChartOptionWithData(data)
	option.Horizontal = true
	option.StackSeries = charts.Ptr(true)
	option.Theme = charts.GetTheme(charts.ThemeLight).WithSeriesColors(colors)
	option.Title.Text = o.about()
	option.Title.Subtext = fmt.Sprintf("%s, median of %d rounds; less is better", o.Unit, len(o.Rounds))
	option.Title.FontStyle.FontSize, option.Title.SubtextFontStyle.FontSize = 14, 11
	option.Legend.SeriesNames = legend
	option.Legend.Offset = charts.OffsetRight
	option.CategoryAxis.Labels = names
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 900, Height: 110 + 28*len(names)})
	if err := painter.BarChart(option); err != nil {
		return nil, err
	}
	return painter.Bytes()
}
