//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// bench is a run of the benchmark.
type bench struct {
	*options
	w                  io.Writer
	dir                string // for temporary files
	self               string // this program
	cert, key          string // files
	files              int    // that a process may open
	serverProcessor    int
	generatorProcessor int
	competitors        []candidate
	result             *result
}

// quickJobs are those of -quick.
var quickJobs = map[string]bool{
	"room-1000-rate": true, "room-1000-burst": true, "rooms-4-rate": true, "rooms-4-limit": true, "connect": true, "idle-10000": true,
}

// quickly is the fraction of the clients of the largest jobs that -quick uses.
const quickly = 5

// guardJobs are those of -guard.
var guardJobs = map[string]bool{"room-1000-rate": true, "room-1000-burst": true, "rooms-4-rate": true}

// chosen reports whether the flags select a job.
func (b *bench) chosen(j *job) bool {
	return b.jobs.MatchString(j.name) && (!b.quick || quickJobs[j.name]) && (!b.guard || guardJobs[j.name])
}

// scaled scales a number of clients.
func (b *bench) scaled(clients int) int {
	if b.quick {
		return clients / quickly
	}
	return clients
}

// prepare builds the candidates.
func prepare(o *options, w io.Writer) (*bench, error) {
	b := &bench{options: o, w: w}
	processors := kernel.Processors()
	if len(processors) < 2 {
		return nil, errors.New("it needs two processors: one for the server and one for the clients")
	}
	b.serverProcessor, b.generatorProcessor = processors[0], processors[1]
	var err error
	if b.files, err = kernel.OpenFiles(); err != nil {
		return nil, err
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	if err := errors.Join(b.enlist(), b.certify()); err != nil {
		b.close()
		return nil, err
	}
	b.result = newResult()
	for _, c := range b.competitors {
		b.result.Candidates = append(b.result.Candidates, c.description)
		if strings.HasSuffix(c.command[0], "node") {
			version, _ := exec.Command(c.command[0], "--version").Output() // it has run already
			b.result.Node = strings.TrimSpace(string(version))
		}
	}
	return b, b.resume()
}

// resume loads what an earlier run left in the file. A job that is measured now replaces
// its earlier result.
func (b *bench) resume() error {
	if b.file == "" {
		return nil
	}
	before, err := readResult(b.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if before.Machine != b.result.Machine || before.Go != b.result.Go {
		return fmt.Errorf("%s comes from another machine: %s", b.file, before.machineLine())
	}
	b.result.Jobs = before.Jobs
	return nil
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) }

// enlist finds the candidates.
func (b *bench) enlist() error {
	all := ownCandidates(b.self)
	if !b.own {
		fmt.Fprintln(b.w, "building the peers ...")
		inGo, err := goPeers(b.module, b.dir)
		if err != nil {
			return err
		}
		inNode, err := nodePeers(b.module)
		if err != nil {
			fmt.Fprintf(b.w, "the peers in JavaScript do not take part: %v\n", err)
		}
		all = slices.Concat(all, inGo, inNode)
	}
	for _, c := range all {
		if b.candidates.MatchString(c.Name) {
			b.competitors = append(b.competitors, c)
		}
	}
	if len(b.competitors) == 0 {
		return errors.New("no candidate matches")
	}
	return nil
}

// all runs all jobs, round by round.
func (b *bench) all(ctx context.Context) error {
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o755); err != nil {
			return err
		}
	}
	for _, j := range jobs() {
		if !b.chosen(&j) {
			continue
		}
		takers := j.takers(b.competitors)
		if len(takers) == 0 {
			continue
		}
		if need := j.rooms*b.scaled(j.size) + reserve; need > b.files {
			fmt.Fprintf(b.w, "%s: needs %d open files, and the limit is %d\n", j.name, need, b.files)
			continue
		}
		o := &outcome{Name: j.name, About: j.about, Unit: j.unit, Window: b.window.measured.String()}
		if b.scaled(j.size) != j.size && j.lobby {
			o.About += fmt.Sprintf(" (%d of them)", b.scaled(j.size))
		}
		b.result.add(o)
		for n := 0; n < b.rounds || b.guard && b.doubtful(o); n++ {
			if err := b.round(ctx, &j, o, n, takers); err != nil {
				return err
			}
		}
		if err := b.keep(); err != nil {
			return err
		}
	}
	return nil
}

// keep writes the results so far: a run is long, and may be interrupted.
func (b *bench) keep() error {
	if b.file == "" {
		return nil
	}
	return b.result.write(b.file)
}

// reserve is how many files a process opens besides its connections.
const reserve = 100

// round makes every candidate do the job once, in an order that differs by round.
func (b *bench) round(ctx context.Context, j *job, o *outcome, n int, takers []candidate) error {
	r := &round{Values: map[string]map[string]float64{}, Failures: map[string]string{}}
	o.Rounds = append(o.Rounds, r)
	for _, i := range rand.New(rand.NewPCG(uint64(n), 0)).Perm(len(takers)) {
		c := &takers[i]
		r.Order = append(r.Order, c.Name)
		values, err := b.perform(ctx, j, c)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.Failures[c.Name] = err.Error()
			fmt.Fprintf(b.w, "%-16s %d  %-18s %v\n", j.name, n+1, c.Name, err)
		default:
			r.Values[c.Name] = values
			fmt.Fprintf(b.w, "%-16s %d  %-18s %s %s\n", j.name, n+1, c.Name, figure(values[j.unit]), j.unit)
		}
	}
	return nil
}

// median is a candidate's result in an earlier job of this run.
func (b *bench) median(job, candidate, measure string) (float64, bool) {
	o := b.result.job(job)
	if o == nil {
		return 0, false
	}
	s := o.series(candidate, measure)
	if len(s) == 0 {
		return 0, false
	}
	return s.median(), true
}

// profileName is the file of a profile.
func (b *bench) profileName(s *stage) string {
	return filepath.Join(b.profile, s.job.name+"."+strings.ReplaceAll(s.candidate.Name, " ", "-")+".pprof")
}
