package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

func ms(m load.Milliseconds) *load.Milliseconds { return &m }

// sample is a report in which everything has happened. Its URL and an error come from
// somebody who tries to inject markup.
func sample() *Report {
	const evil = `<script>alert("x")</script>`
	quantiles := load.Quantiles{Count: 1000, Mean: 1, P50: 0.5, P90: 2, P95: 3, P99: 42.42, P999: 1234, Max: 65_432}
	r := &load.Result{
		Load: load.Load{URL: "ws://x/" + evil, Run: "abcdefgh", Clients: 1200, Rooms: 3, Room: "{run}", Action: "bench",
			Rate: 12.5, Body: 128, Ramp: 2, Warmup: 1, Duration: 30, Grace: 20, DropRate: 2, Seed: 7},
		Measured:    30,
		Messages:    load.Messages{Due: 375, Handled: 370, Refused: 2, Unknown: 1, Unsent: 2, Rate: 12.3},
		Deliveries:  load.Deliveries{Expected: 148_000, Delivered: 147_990, Share: 99.993, Lost: 10, LostTold: 8, Doubled: 1, OutOfOrder: 2, Unexpected: 3, Foreign: 4, Gaps: 5, Rate: 4933},
		Latency:     quantiles,
		Connections: load.Connections{Connected: 1199, Connect: quantiles, Drops: 60, Reconnects: 59, LostSessions: 1, Away: quantiles},
		Failures:    []load.Failure{{Kind: load.Refused, Code: "busy", Count: 2, Example: evil}},
		Tool:        load.Tool{CPU: 150, Processors: 2, Lag: quantiles, Warnings: []string{"a warning"}},
	}
	for i := range 30 {
		s := load.Sample{At: float64(i + 1), Phase: load.Running, Sent: 12, Delivered: 4933, Connected: 1199, Drops: 2, Reconnects: 2}
		if i > 3 {
			s.P50, s.P99 = ms(0.5), ms(42)
		}
		r.Series = append(r.Series, s)
	}
	for i := range 3*load.PerNine + 1 {
		nines := float64(i) / load.PerNine
		r.Curve = append(r.Curve, load.Point{Percentile: 100 - math.Pow(10, 2-nines), Value: load.Milliseconds(i)})
	}
	return New(r, "simplysocket test", []Threshold{
		{Name: "p99", Wanted: "at most 50ms", Measured: "42.4 ms", Held: true},
		{Name: "lost", Wanted: "at most 0", Measured: "10", Held: false},
	})
}

func TestText(t *testing.T) {
	const want = `load          1,200 clients in 3 rooms, 12.5 messages/s of 128 bytes for 30s, 2 connections/s broken
connected     1,199 of 1,200 clients, in p50 0.50 ms, p99 42.4 ms
messages      375 due: 370 handled, 2 refused, 2 not sent, 1 unknown (12.3/s)
delivered     147,990 of 148,000, 99.993% (4,933/s)
lost          10, 8 of them reported by the server (in 5 gaps)
doubled       1
out of order  2
unexpected    3 deliveries of messages that were refused
latency       p50 0.50 ms, p95 3.00 ms, p99 42.4 ms, p99.9 1.23 s, max 65.4 s
broken        60 on purpose; 59 came back, 1 of them without their session, after p50 0.50 ms, p99 42.4 ms
load tool     CPU 150% of 200%, late by p99 42.4 ms
error         refused busy, 2 times: <script>alert("x")</script>
warning       a warning
holds         p99: 42.4 ms, wanted at most 50ms
BROKEN        lost: 10, wanted at most 0
`
	if got := sample().Text(); got != want {
		t.Errorf("text is\n%s", got)
	}
}

func TestErr(t *testing.T) {
	if err := sample().Err(); err == nil || err.Error() != "threshold broken: lost is 10, wanted at most 0" {
		t.Errorf("error is %v", err)
	}
	if r := New(&load.Result{}, "", nil); r.Err() != nil || !r.Passed {
		t.Errorf("with no threshold: %v", r.Err())
	}
}

// TestJSONNames fixes the names, which other programs read, and checks that the document
// has them.
func TestJSONNames(t *testing.T) {
	var text bytes.Buffer
	if err := sample().JSON(&text); err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(text.Bytes(), &whole); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	collect(whole, "", names)
	document, err := os.ReadFile("../../../docs/load-testing.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\|").FindAllStringSubmatch(string(document), -1) {
		told[match[1]] = true
	}
	if got, want := slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(names)); !slices.Equal(got, want) {
		t.Errorf("docs/load-testing.md has\n%s\nand the report has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// collect records the paths of all values. Those of quantiles are recorded once.
func collect(v any, path string, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["p999_ms"]; ok {
			names[path] = true
			path = "quantiles"
		}
		for key, value := range v {
			collect(value, strings.TrimPrefix(path+"."+key, "."), names)
		}
	case []any:
		for _, value := range v {
			collect(value, path, names)
		}
	default:
		names[path] = true
	}
}

func TestHTML(t *testing.T) {
	var page bytes.Buffer
	if err := sample().HTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	if n := strings.Count(text, "<svg"); n != len(figures) {
		t.Errorf("%d charts, want %d", n, len(figures))
	}
	for _, never := range []string{"<script", "rgb(11", "rgba(11", "NaN", "ZgotmplZ", "1.79769", "src=", "@import", "url("} {
		if strings.Contains(text, never) {
			t.Errorf("%q is on the page", never)
		}
	}
	for _, want := range []string{"&lt;script&gt;", "failed", "99.993%", "var(--line-1)", "var(--line-2)", "var(--area-1)", "99%"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the page", want)
		}
	}
}

// TestNothing: a run that ended before anything was measured has a report too.
func TestNothing(t *testing.T) {
	var page bytes.Buffer
	r := New(&load.Result{}, "", nil)
	if err := r.HTML(&page); err != nil || strings.Contains(page.String(), "<svg") {
		t.Errorf("%v: %s", err, page.String())
	}
	if text := r.Text(); !strings.Contains(text, "latency       not measured") {
		t.Error(text)
	}
}

func TestFormat(t *testing.T) {
	for want, got := range map[string]string{
		"0.04 ms": Millis(0.041), "9.99 ms": Millis(9.99), "10.0 ms": Millis(10), "999 ms": Millis(999), "1.50 s": Millis(1500), "12.3 s": Millis(12_345),
		"0": Number(0), "2.5": Number(2.5), "99.9": Number(99.9), "101": Number(100.6),
		"999": Count(999), "1,000": Count(1000), "-12,345,678": Count(-12_345_678),
		"not measured": Share(load.Deliveries{}), "97.5%": Share(load.Deliveries{Expected: 1, Share: 97.5}),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRoundStep(t *testing.T) {
	for least, want := range map[float64]float64{0: 1, 0.03: 0.03, 0.9: 1, 1: 1, 2.4: 3, 41: 50, 820: 1000, 6.5: 8} {
		if got := roundStep(least); fmt.Sprintf("%.6g", got) != fmt.Sprint(want) {
			t.Errorf("%v for %v, want %v", got, least, want)
		}
	}
}
