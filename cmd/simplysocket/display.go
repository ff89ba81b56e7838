package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/report"
)

// How often the display changes: for a person, and in a log.
const (
	frameEvery = 200 * time.Millisecond
	lineEvery  = 5 * time.Second
)

// display shows the progress of the run until stop is called: in a terminal as lines that
// overwrite each other, elsewhere as a line from time to time and at each new phase.
func display(run *load.Run, w io.Writer) (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			show(run, f, end)
		} else {
			tell(run, w, end)
		}
	}()
	return func() {
		close(end)
		<-done
	}
}

// tell writes lines for a log.
func tell(run *load.Run, w io.Writer, end <-chan struct{}) {
	ticker := time.NewTicker(frameEvery)
	defer ticker.Stop()
	var phase load.Phase
	var told time.Time
	for {
		if p := run.Progress(); p.Phase != phase || time.Since(told) >= lineEvery {
			phase, told = p.Phase, time.Now()
			fmt.Fprintln(w, logLine(p))
		}
		select {
		case <-ticker.C:
		case <-end:
			return
		}
	}
}

// logLine is the progress as one line.
func logLine(p load.Progress) string {
	return fmt.Sprintf("%s %s: %s", p.Phase, elapsed(p), strings.Join(facts(p), ", "))
}

// show draws frames over each other and erases the last one.
func show(run *load.Run, f *os.File, end <-chan struct{}) {
	ticker := time.NewTicker(frameEvery)
	defer ticker.Stop()
	drawn := 0
	for {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			width = 80
		}
		frame := frameOf(run.Progress(), width)
		fmt.Fprint(f, over(drawn)+strings.Join(frame, "\r\n"))
		drawn = len(frame)
		select {
		case <-ticker.C:
		case <-end:
			fmt.Fprint(f, over(drawn))
			return
		}
	}
}

// over goes back to the first of the lines and clears everything below.
func over(lines int) string {
	if lines == 0 {
		return ""
	}
	back := "\r"
	if lines > 1 {
		back += fmt.Sprintf("\x1b[%dA", lines-1)
	}
	return back + "\x1b[J"
}

// frameOf returns the progress as lines that fit the width of the terminal; with longer
// lines, going back would miss their beginning.
func frameOf(p load.Progress, width int) []string {
	head := fmt.Sprintf("%-11s", p.Phase)
	tail := " " + elapsed(p)
	lines := []string{head + bar(p, width-len(head)-len(tail)-1) + tail}
	line := ""
	for _, fact := range facts(p) {
		switch {
		case line == "":
			line = fact
		case len(line)+len(fact)+4 < width:
			line += "   " + fact
		default:
			lines = append(lines, line)
			line = fact
		}
	}
	lines = append(lines, line)
	for i, line := range lines {
		runes := []rune(line)
		lines[i] = string(runes[:min(len(runes), max(width-1, 0))])
	}
	return lines
}

// bar shows how much of the phase is over, in the given number of columns.
func bar(p load.Progress, width int) string {
	width = min(width, 50) - 2
	if width < 5 || p.Length <= 0 {
		return ""
	}
	full := int(float64(width) * min(1, float64(p.Elapsed)/float64(p.Length)))
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "]"
}

// elapsed says how long the phase has taken, and how long it may take.
func elapsed(p load.Progress) string {
	at := p.Elapsed.Truncate(time.Second).String()
	switch {
	case p.Phase == load.Draining:
		return fmt.Sprintf("%s of at most %s", at, p.Length)
	case p.Length > 0:
		return fmt.Sprintf("%s of %s", at, p.Length)
	default:
		return at
	}
}

// facts are the numbers that a user looks at, without those that say nothing yet.
func facts(p load.Progress) []string {
	list := []string{fmt.Sprintf("%s of %s clients", report.Count(p.Connected), report.Count(p.Clients))}
	if p.Phase == load.Connecting {
		return appendTroubles(list, p)
	}
	list = append(list, fmt.Sprintf("%s sent/s, %s received/s", report.Number(p.Sent), report.Number(p.Delivered)))
	if p.Measured {
		list = append(list, fmt.Sprintf("p50 %s, p99 %s", report.Millis(p.P50), report.Millis(p.P99)))
	}
	if p.OnTheWay > 0 {
		list = append(list, fmt.Sprintf("%s on the way", report.Count(p.OnTheWay)))
	}
	return appendTroubles(list, p)
}

func appendTroubles(list []string, p load.Progress) []string {
	if p.Drops > 0 {
		list = append(list, fmt.Sprintf("%s dropped, %s back", report.Count(p.Drops), report.Count(p.Reconnects)))
	}
	if p.Doubled > 0 {
		list = append(list, fmt.Sprintf("%s doubled", report.Count(p.Doubled)))
	}
	if p.Failures > 0 {
		list = append(list, fmt.Sprintf("%s errors", report.Count(p.Failures)))
	}
	return list
}
