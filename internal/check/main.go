// Command check runs everything that must hold before a change is accepted.
//
//	go run ./internal/check                 # everything
//	go run ./internal/check -list           # the names of the steps
//	go run ./internal/check -run 'vet|lint' # some of them
//	go run ./internal/check -install        # what some of them need, too
//
// It needs Go and a network. Steps that need more, a C compiler for the race detector,
// Chromium, Node.js or a proxy, are skipped where that is missing, and say how to get
// it. With -install, the compiler and Chromium are installed by apt-get.
//
// The exit status is 0 if all steps pass, 1 if one fails and 2 if the flags are
// wrong. The work tree stays as it was, but for one case: an input that makes a
// fuzz target fail is kept under testdata, where go test replays it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	os.Exit(check())
}

func check() (status int) {
	only := flag.String("run", "", "run only the steps whose name matches this `regexp`")
	list := flag.Bool("list", false, "print the steps and exit")
	failFast := flag.Bool("fail-fast", false, "stop at the first step that fails")
	// A number instead of a time: at the end of a time go test -fuzz may fail with
	// nothing but "context deadline exceeded".
	fuzzTime := flag.String("fuzztime", "20000x", "how long each fuzz target runs, as for go test")
	install := flag.Bool("install", false, "install a C compiler and Chromium with apt-get if they are missing")
	flag.Parse()

	pattern, err := regexp.Compile(*only)
	if err != nil || flag.NArg() > 0 {
		fmt.Fprintln(flag.CommandLine.Output(), "check: -run needs a regular expression, and there are no other arguments")
		flag.Usage()
		return 2
	}
	chosen := matching(steps(*fuzzTime, needs{*install}), pattern)
	if len(chosen) == 0 {
		fmt.Fprintf(os.Stderr, "check: no step matches %q\n", *only)
		return 2
	}
	if *list {
		for _, s := range chosen {
			fmt.Printf("%-12s %s\n", s.name, s.about)
		}
		return 0
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !runAll(ctx, os.Stdout, chosen, *failFast) {
		return 1
	}
	return 0
}

func matching(all []step, pattern *regexp.Regexp) []step {
	var chosen []step
	for _, s := range all {
		if pattern.MatchString(s.name) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// runAll runs the steps one after the other, so that they do not slow each other down,
// and reports whether all of them passed. It shows the output of a step only if the step
// failed, and then in full.
func runAll(ctx context.Context, w io.Writer, chosen []step, failFast bool) bool {
	var passed int
	var failed, left, partial []string
	for _, s := range chosen {
		if ctx.Err() != nil || failFast && len(failed) > 0 {
			break
		}
		fmt.Fprintf(w, "%-12s ", s.name)
		began := time.Now()
		var output transcript
		err := s.run(ctx, &output)
		var why skipped
		var but passedBut
		switch {
		case err == nil:
			passed++
			fmt.Fprintf(w, "ok    %s\n", seconds(began))
			continue
		case errors.As(err, &but):
			passed++
			fmt.Fprintf(w, "ok    %s, %s\n", seconds(began), but)
			partial = append(partial, s.name)
			continue
		case errors.As(err, &why):
			fmt.Fprintf(w, "skip  %s\n", why)
			left = append(left, s.name)
			continue
		}
		failed = append(failed, s.name)
		fmt.Fprintf(w, "FAIL  %s\n\n%s\n%v\n\n", seconds(began), output.String(), err)
	}

	switch {
	case ctx.Err() != nil:
		fmt.Fprint(w, "\ninterrupted")
	case len(failed) > 0:
		fmt.Fprintf(w, "\nfailed: %s", strings.Join(failed, ", "))
	}
	if len(partial) > 0 {
		fmt.Fprintf(w, "\nincomplete, for the reasons above: %s", strings.Join(partial, ", "))
	}
	if len(left) > 0 {
		fmt.Fprintf(w, "\nskipped, for the reasons above: %s", strings.Join(left, ", "))
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped\n", passed, len(failed), len(chosen)-passed-len(failed))
	return ctx.Err() == nil && len(failed) == 0
}

func seconds(since time.Time) string {
	return time.Since(since).Round(100 * time.Millisecond).String()
}
