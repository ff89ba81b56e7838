package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/go-analyze/charts"
)

// Charts are drawn in placeholder colors, which are replaced by the page's own, so that
// they follow it from light to dark.
var (
	inkColor  = charts.ColorRGB(11, 1, 1)
	gridColor = charts.ColorRGB(11, 2, 2)
	lineColor = []charts.Color{charts.ColorRGB(11, 3, 3), charts.ColorRGB(11, 4, 4)}

	pageColors = strings.NewReplacer(
		inkColor.String(), "var(--muted)",
		gridColor.String(), "var(--grid)",
		lineColor[0].String(), "var(--line-1)",
		lineColor[1].String(), "var(--line-2)",
		lineColor[0].WithAlpha(areaOpacity).String(), "var(--area-1)",
		"'Roboto Medium',sans-serif", "inherit",
	)
)

const (
	areaOpacity = 40
	fullWidth   = 880
	halfWidth   = 430
	chartHeight = 260
)

// chart is lines over one axis of labels.
type chart struct {
	labels []string
	marks  int // how many of the labels are shown, at equal distances
	names  []string
	values [][]float64
	format func(float64) string
}

// svg draws the chart. A single line needs no name, and its area is filled.
func (c chart) svg(width int) (template.HTML, error) {
	theme := charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor:    gridColor,
		AxisSplitLineColor: gridColor,
		BackgroundColor:    charts.ColorTransparent,
		TextColor:          inkColor,
		SeriesColors:       lineColor,
	})
	text := charts.FontStyle{FontSize: 12, FontColor: inkColor}
	alone := len(c.names) == 1
	o := charts.NewLineChartOptionWithData(c.values)
	o.Theme = theme
	o.Padding = charts.NewBox(0, 8, 14, 0)
	o.LineStrokeWidth = 2
	o.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	o.ValueFormatter = c.format
	o.FillArea, o.FillOpacity = &alone, areaOpacity
	o.XAxis.Labels = c.labels
	o.XAxis.LabelCount = c.marks
	o.XAxis.LabelFontStyle = text
	o.XAxis.BoundaryGap = charts.Ptr(false)
	o.YAxis[0].LabelFontStyle = text
	o.YAxis[0].LabelCount = ySteps + 1
	o.YAxis[0].Min, o.YAxis[0].Max = charts.Ptr(0.0), charts.Ptr(ySteps*roundStep(c.highest()/ySteps))
	o.Legend = charts.LegendOption{Show: charts.Ptr(!alone), SeriesNames: c.names, FontStyle: text}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: chartHeight, Theme: theme})
	if err := p.LineChart(o); err != nil {
		return "", fmt.Errorf("chart of %s: %w", strings.Join(c.names, ", "), err)
	}
	drawing, err := p.Bytes()
	if err != nil {
		return "", fmt.Errorf("chart of %s: %w", strings.Join(c.names, ", "), err)
	}
	return template.HTML(pageColors.Replace(string(drawing))), nil // made of numbers and of names in this package
}

const ySteps = 5

// highest is the largest of the values.
func (c chart) highest() float64 {
	highest := 0.0
	for _, line := range c.values {
		for _, v := range line {
			if v != charts.GetNullValue() {
				highest = max(highest, v)
			}
		}
	}
	return highest
}

// roundStep returns a step of at least that size that is easy to count in.
func roundStep(least float64) float64 {
	if least <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(least)))
	for _, times := range []float64{1, 2, 3, 4, 5, 6, 8} {
		if least <= times*unit {
			return times * unit
		}
	}
	return 10 * unit
}
