package report

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

//go:embed page.html
var pageText string

// pageTemplate escapes values according to their context.
var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count":   Count[int64],
	"countOf": Count[int],
	"number":  Number,
	"millis":  Millis,
	"time":    Time,
	"share":   Share,
	"summary": Summary,
}).Parse(pageText))

// figure is a chart on the page.
type figure struct {
	Title, About string
	Half         bool // it shares its row with another figure
	of           func(*load.Result) chart
}

var figures = []figure{
	{"Latency by percentile", "The share of deliveries that took at most that long, from when the message was due.", false, curveChart},
	{"Latency over time", "Of the deliveries of each second.", false, latencyChart},
	{"Messages sent", "Per second, to the server.", true, sentChart},
	{"Deliveries", "Per second, to the members of the rooms.", true, deliveredChart},
	{"Connections", "Clients that have one.", true, connectionChart},
	{"Connections broken", "Between one point and the next.", true, dropChart},
}

// SVG draws the chart of the figure. It is empty if there is no line to draw.
func (f figure) SVG(r *Report) (template.HTML, error) {
	c := f.of(r.Result)
	if len(c.labels) < 2 {
		return "", nil
	}
	width := fullWidth
	if f.Half {
		width = halfWidth
	}
	return c.svg(width)
}

// HTML writes the report as a self-contained page: it needs no network and no script.
func (r *Report) HTML(w io.Writer) error {
	return pageTemplate.Execute(w, struct {
		*Report
		Figures []figure
	}{r, figures})
}
