//go:build linux

package main

import (
	"fmt"
	"strings"
)

// measuresBeside are the columns of a table after the job's own unit, where they have
// values.
var measuresBeside = []string{
	perDelivery, deliveryRate, p50, p99, lostShare, doubled, wireBytes,
	upgradeRate, returnTime, missing,
	residentBefore, heapBytes, stackBytes, kernelBytes,
	"slow member: messages", "slow member: close code",
	serverLoad, generatorLoad,
}

// machineLine says where a result comes from.
func (r *result) machineLine() string {
	line := fmt.Sprintf("%s, %d processors, Linux %s, %s", r.Machine, r.Processors, r.Kernel, r.Go)
	if r.Node != "" {
		line += ", Node.js " + r.Node
	}
	return line + ", " + r.Taken.Format("2 January 2006") + "."
}

// candidateTable says who took part and how they differ.
func (r *result) candidateTable() string {
	var t strings.Builder
	t.WriteString("| candidate | library | release | what it does differently |\n|---|---|---|---|\n")
	for _, d := range r.Candidates {
		fmt.Fprintf(&t, "| %s | %s | %s | %s |\n", d.Name, d.Library, d.Version, d.Differs)
	}
	return t.String()
}

// goalTable compares the result with the goals.
func (r *result) goalTable() string {
	var t strings.Builder
	t.WriteString("| job | what | goal | median | range | |\n|---|---|---|---:|---|---|\n")
	for _, g := range goals() {
		s := g.measured(r)
		if len(s) == 0 {
			continue
		}
		verdict := "met"
		if !g.met(s) {
			verdict = "**missed**"
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s |\n", g.job, g.what(), g.bound(), figure(s.median()), spread(s), verdict)
	}
	return t.String()
}

func spread(s series) string { return figure(s.min()) + " to " + figure(s.max()) }

// table is the result of a job.
func (r *result) table(o *outcome) string {
	names := o.candidates(r.Candidates)
	var columns []string
	for _, measure := range measuresBeside {
		if measure != o.Unit && o.tells(names, measure) {
			columns = append(columns, measure)
		}
	}
	var t strings.Builder
	fmt.Fprintf(&t, "%s: rounds: %d, each measured for %s.\n\n", o.about(), len(o.Rounds), o.Window)
	fmt.Fprintf(&t, "| %s | %s | range | %s / candidate |", "candidate", o.Unit, ours)
	for _, c := range columns {
		fmt.Fprintf(&t, " %s |", c)
	}
	t.WriteString("\n|---|---:|---|---:|" + strings.Repeat("---:|", len(columns)) + "\n")
	for _, name := range names {
		s := o.series(name, o.Unit)
		if len(s) == 0 {
			fmt.Fprintf(&t, "| %s | %s |%s\n", name, firstLine(o.failure(name)), strings.Repeat(" |", 2+len(columns)))
			continue
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %s |", name, figure(s.median()), spread(s), o.ratioCell(name))
		for _, c := range columns {
			cell := ""
			if s := o.series(name, c); len(s) > 0 {
				cell = figure(s.median())
			}
			fmt.Fprintf(&t, " %s |", cell)
		}
		t.WriteString("\n")
	}
	return t.String()
}

// about is the description, capitalized.
func (o *outcome) about() string { return strings.ToUpper(o.About[:1]) + o.About[1:] }

// tells reports whether a measure has values other than zero.
func (o *outcome) tells(candidates []string, measure string) bool {
	for _, name := range candidates {
		for _, value := range o.series(name, measure) {
			if value != 0 {
				return true
			}
		}
	}
	return false
}

func (o *outcome) ratioCell(name string) string {
	if s := o.ratios(ours, name, o.Unit); len(s) > 0 && name != ours {
		return figure(s.median())
	}
	return ""
}

// firstLine is a failure as a cell of a table.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.ReplaceAll(line, "|", "/")
}

// tables are all of them, for a terminal.
func (r *result) tables() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s\n\n%s\n", r.machineLine(), r.candidateTable())
	for _, o := range r.Jobs {
		fmt.Fprintf(&t, "%s\n\n%s\n", o.Name, r.table(o))
	}
	t.WriteString(r.goalTable())
	return t.String()
}
