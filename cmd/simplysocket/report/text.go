package report

import (
	"fmt"
	"strings"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

// Text is the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s%s\n", name, fmt.Sprintf(format, args...))
	}
	m, d, c, t := r.Messages, r.Deliveries, r.Connections, r.Tool
	row("load", "%s", Summary(r.Load))
	row("connected", "%s of %s clients%s", Count(c.Connected), Count(r.Load.Clients), quantiles(", in ", c.Connect))
	row("messages", "%s due: %s handled, %s refused, %s not sent, %s unknown (%s/s)", Count(m.Due),
		Count(m.Handled), Count(m.Refused), Count(m.Unsent), Count(m.Unknown), Number(m.Rate))
	row("delivered", "%s of %s, %s (%s/s)", Count(d.Delivered), Count(d.Expected), Share(d), Number(d.Rate))
	row("lost", "%s%s", Count(d.Lost), told(d))
	row("doubled", "%s", Count(d.Doubled))
	row("out of order", "%s", Count(d.OutOfOrder))
	if d.Unexpected > 0 {
		row("unexpected", "%s deliveries of messages that were refused", Count(d.Unexpected))
	}
	row("latency", "%s", latency(r.Latency))
	if c.Drops > 0 || c.Reconnects > 0 {
		row("broken", "%s on purpose; %s came back, %s of them without their session%s",
			Count(c.Drops), Count(c.Reconnects), Count(c.LostSessions), quantiles(", after ", c.Away))
	}
	row("load tool", "CPU %.0f%% of %d%%, late by p99 %s", t.CPU, 100*t.Processors, Time(t.Lag.P99, t.Lag))
	for _, f := range r.Failures {
		row("error", "%s %s, %s times: %s", f.Kind, f.Code, Count(f.Count), f.Example)
	}
	for _, w := range t.Warnings {
		row("warning", "%s", w)
	}
	for _, t := range r.Thresholds {
		row(verdict(t), "%s: %s, wanted %s", t.Name, t.Measured, t.Wanted)
	}
	return b.String()
}

// Summary describes the load in a sentence.
func Summary(l load.Load) string {
	text := fmt.Sprintf("%s clients in %s rooms, %s messages/s of %s bytes for %gs", Count(l.Clients), Count(l.Rooms),
		Number(l.Rate), Count(l.Body), l.Duration)
	if l.DropRate > 0 {
		text += fmt.Sprintf(", %s connections/s broken", Number(l.DropRate))
	}
	return text
}

func verdict(t Threshold) string {
	if t.Held {
		return "holds"
	}
	return "BROKEN"
}

func told(d load.Deliveries) string {
	if d.Lost == 0 && d.Gaps == 0 {
		return ""
	}
	return fmt.Sprintf(", %s of them reported by the server (in %s gaps)", Count(d.LostTold), Count(d.Gaps))
}

func latency(q load.Quantiles) string {
	if q.Count == 0 {
		return "not measured"
	}
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s, p99.9 %s, max %s", Millis(q.P50), Millis(q.P95), Millis(q.P99), Millis(q.P999), Millis(q.Max))
}

func quantiles(before string, q load.Quantiles) string {
	if q.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%sp50 %s, p99 %s", before, Millis(q.P50), Millis(q.P99))
}
