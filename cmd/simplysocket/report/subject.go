package report

import (
	"fmt"
	"strconv"

	"github.com/go-analyze/charts"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

// curveChart shows the percentiles of the latency, with equal space for each further
// nine.
func curveChart(r *load.Result) chart {
	c := chart{names: []string{"latency"}, values: [][]float64{{}}, format: axisMillis}
	for _, p := range r.Curve {
		c.labels = append(c.labels, fmt.Sprintf("%g%%", p.Percentile))
		c.values[0] = append(c.values[0], float64(p.Value))
	}
	c.marks = len(c.labels)/load.PerNine + 1
	return c
}

// timeChart shows values of every sample.
func timeChart(r *load.Result, names []string, format func(float64) string, values func(load.Sample) []float64) chart {
	c := chart{names: names, values: make([][]float64, len(names)), format: format}
	samples := thin(r.Series, timePoints)
	every := (len(samples) + timeLabels - 1) / timeLabels
	for i, s := range samples {
		label := ""
		if i%every == 0 {
			label = fmt.Sprintf("%.0f s", s.At)
		}
		c.labels = append(c.labels, label)
		for i, v := range values(s) {
			c.values[i] = append(c.values[i], v)
		}
	}
	c.marks = len(c.labels)
	return c
}

const (
	timeLabels = 6
	timePoints = 240
)

func latencyChart(r *load.Result) chart {
	return timeChart(r, []string{"p50", "p99"}, axisMillis, func(s load.Sample) []float64 {
		return []float64{orNull(s.P50), orNull(s.P99)}
	})
}

func sentChart(r *load.Result) chart {
	return timeChart(r, []string{"sent"}, Number, func(s load.Sample) []float64 { return []float64{s.Sent} })
}

func deliveredChart(r *load.Result) chart {
	return timeChart(r, []string{"delivered"}, Number, func(s load.Sample) []float64 { return []float64{s.Delivered} })
}

func connectionChart(r *load.Result) chart {
	return timeChart(r, []string{"connected"}, Number, func(s load.Sample) []float64 { return []float64{float64(s.Connected)} })
}

func dropChart(r *load.Result) chart {
	return timeChart(r, []string{"broken on purpose", "came back"}, Number, func(s load.Sample) []float64 {
		return []float64{float64(s.Drops), float64(s.Reconnects)}
	})
}

func orNull(m *load.Milliseconds) float64 {
	if m == nil {
		return charts.GetNullValue()
	}
	return float64(*m)
}

// axisMillis is a time as an axis shows it, with the same unit for all labels.
func axisMillis(ms float64) string { return strconv.FormatFloat(ms, 'g', 6, 64) + " ms" }
