//go:build linux

// Command bench compares SimplySocket with its alternatives and with what the kernel
// allows, in one run.
//
//	go run ./bench -quick           # the most important jobs, in three minutes
//	go run ./bench                  # everything, in an hour
//	go run ./bench -jobs room-1000 -candidates 'floor|simplysocket$|gws'
//	go run ./bench -guard           # fails where SimplySocket is far from its floor
//	go run ./bench -docs            # docs/performance.md from bench/result.json
//
// Every candidate is a process on one processor, and its clients are another process on
// another processor. It compares the CPU time that the kernel accounts to the server's
// process. It needs Linux, two processors and the peers in bench/peers; those in
// JavaScript take part if Node.js is installed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/generator"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command is the benchmark, or one of the processes that it starts.
func command(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "generator":
		return generator.Serve()
	case len(args) == 2 && args[0] == "candidate":
		if err := own(args[1]); !errors.Is(err, errEnd) {
			return err
		}
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.docs {
		return o.document()
	}
	return o.run(ctx, os.Stdout)
}

// options are the flags.
type options struct {
	quick      bool
	docs       bool
	guard      bool
	own        bool
	rounds     int
	window     window
	jobs       *regexp.Regexp
	candidates *regexp.Regexp
	file       string
	profile    string
	module     string // the root of the library
}

// window is how long something is measured, after a warm-up.
type window struct{ warm, measured time.Duration }

func parse(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.quick, "quick", false, "the most important jobs in one short round")
	flags.BoolVar(&o.own, "own", false, "without the peers: SimplySocket and the floors")
	flags.BoolVar(&o.guard, "guard", false, "measure SimplySocket against its floors, and fail if a goal is missed by a quarter")
	flags.BoolVar(&o.docs, "docs", false, "measure nothing: write the tables and charts of docs/performance.md")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds per job")
	flags.DurationVar(&o.window.measured, "window", time.Second, "how long to measure a candidate in each round")
	jobs := flags.String("jobs", "", "only the jobs that match this `regexp`")
	candidates := flags.String("candidates", "", "only the candidates that match this `regexp`")
	flags.StringVar(&o.file, "out", "", "add the results to this `file`, which keeps those of other jobs; -docs reads it (default bench/result.json for -docs)")
	flags.StringVar(&o.profile, "profile", "", "write CPU profiles of the candidates in Go to this `directory`")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("it takes no arguments: %q", flags.Args())
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/DhruvikDonga/simplysocket").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	o.module = strings.TrimSpace(string(out))
	if o.jobs, err = regexp.Compile(*jobs); err != nil {
		return nil, fmt.Errorf("-jobs: %w", err)
	}
	if o.candidates, err = regexp.Compile(*candidates); err != nil {
		return nil, fmt.Errorf("-candidates: %w", err)
	}
	if o.guard {
		o.own, o.rounds, o.window.measured = true, 3, 500*time.Millisecond
	}
	o.window.warm = o.window.measured / 3
	if o.quick {
		o.rounds, o.window = 1, window{warm: 100 * time.Millisecond, measured: 400 * time.Millisecond}
	}
	return o, nil
}

// document writes the documentation of a result.
func (o *options) document() error {
	path := o.file
	if path == "" {
		path = filepath.Join(o.module, "bench", "result.json")
	}
	r, err := readResult(path)
	if err != nil {
		return err
	}
	return writeDocs(filepath.Join(o.module, "docs"), r)
}

// run measures.
func (o *options) run(ctx context.Context, w io.Writer) error {
	b, err := prepare(o, w)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.all(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s", b.result.tables())
	if o.guard {
		return b.verdict()
	}
	return nil
}
