package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

func steps(fuzzTime string, n needs) []step {
	return []step{
		{"format", "every Go file is formatted by gofmt", format},
		{"modules", "go.mod is tidy and downloads match go.sum", modules},
		{"vet", "go vet, and builds for the other systems", vet},
		{"lint", "golangci-lint with the rules in .golangci.yml", lint},
		{"tests", "all tests under the race detector", n.tests},
		{"browser", "the tests that use the page in Chromium", n.browserTests},
		{"proxies", "Caddy, nginx, HAProxy and Apache, if installed, reloaded and restarted in front of a server", proxies},
		{"javascript", "the tests of js/, if Node.js is installed", javascript},
		{"unraced", "the allocation tests and the soak, without the race detector", unraced},
		{"fuzz", "every fuzz target for a short time", fuzz(fuzzTime)},
		{"benchmarks", "every benchmark once", benchmarks},
		{"harder", "the tests with encoded entries, with late releases, and with rooms in an engine that fails", harder},
		{"release", "the modules as users get them", release},
		{"peers", "the servers that the library is compared with", peers},
		{"speed", "the library compared with its floor", speed},
	}
}

func format(ctx context.Context, t *transcript) error {
	goroot, err := t.output(ctx, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	files, err := goFiles(os.DirFS("."))
	if err != nil {
		return err
	}
	gofmt := filepath.Join(strings.TrimSpace(goroot), "bin", "gofmt")
	differ, err := t.output(ctx, append([]string{gofmt, "-l"}, files...)...)
	if err == nil && differ != "" {
		return fmt.Errorf("gofmt would change:\n%s", strings.TrimSpace(differ))
	}
	return err
}

// goFiles returns the Go files of all modules below root. Like the go command it skips
// directories whose name begins with a dot.
func goFiles(root fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case !d.IsDir() && filepath.Ext(path) == ".go":
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// everywhere matches the packages of all modules in go.work.
const everywhere = "work"

// workspace returns the directories of the modules in go.work, the library's first.
func workspace(ctx context.Context, t *transcript) ([]string, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	out, err := t.output(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	var dirs []string
	for dir := range strings.Lines(out) {
		relative, err := filepath.Rel(root, strings.TrimSpace(dir))
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, relative)
	}
	return dirs, nil
}

func modules(ctx context.Context, t *transcript) error {
	dirs, err := workspace(ctx, t)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		err = errors.Join(err, tidy(ctx, t, dir))
	}
	return errors.Join(
		err,
		t.run(ctx, "go", "mod", "verify"),
		t.run(ctx, "GOWORK=off", "go", "-C", "bench/peers", "mod", "tidy", "-diff"),
		t.run(ctx, "GOWORK=off", "go", "-C", "bench/peers", "mod", "verify"),
		t.run(ctx, "GOWORK=off", "go", "-C", "tools", "mod", "verify"),
	)
}

// tidy reports whether go mod tidy would change a module of the workspace. It works on a
// copy of go.mod that takes the library from this tree, since the required version may be
// unpublished, or differ from this tree.
func tidy(ctx context.Context, t *transcript, dir string) error {
	if dir == "." {
		return t.run(ctx, "GOWORK=off", "go", "mod", "tidy", "-diff")
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "tidy")
	if err != nil {
		return err
	}
	defer removeAll(temp)
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	file := filepath.Join(temp, "go.mod")
	err = errors.Join(
		os.WriteFile(file, mod, 0o600),
		os.WriteFile(filepath.Join(temp, "go.sum"), withoutLibrary(sum), 0o600),
	)
	if err != nil {
		return err
	}
	return errors.Join(
		t.run(ctx, "GOWORK=off", "go", "mod", "edit", "-replace", library+"="+root, file),
		t.run(ctx, "GOWORK=off", "go", "-C", dir, "mod", "tidy", "-diff", "-modfile="+file),
	)
}

// withoutLibrary returns the lines of a go.sum that are not about the library.
func withoutLibrary(sum []byte) []byte {
	var rest []byte
	for line := range bytes.Lines(sum) {
		if !bytes.HasPrefix(line, []byte(library+" ")) {
			rest = append(rest, line...)
		}
	}
	return rest
}

func vet(ctx context.Context, t *transcript) error {
	err := t.run(ctx, "go", "vet", everywhere)
	for _, target := range [][2]string{{"darwin", "arm64"}, {"windows", "amd64"}, {"linux", "arm64"}} {
		system, arch := "GOOS="+target[0], "GOARCH="+target[1]
		err = errors.Join(err,
			t.run(ctx, system, arch, "go", "build", everywhere),
			t.run(ctx, system, arch, "go", "vet", everywhere),
		)
	}
	return err
}

// lint builds the linter, which takes some minutes the first time. The linter waits for
// another one on this machine; without the flag it would fail.
func lint(ctx context.Context, t *transcript) error {
	dirs, err := workspace(ctx, t)
	if err != nil {
		return err
	}
	linter, err := t.output(ctx, "GOWORK=off", "go", "tool", "-n", "-modfile=tools/go.mod", "golangci-lint")
	if err != nil {
		return err
	}
	run := []string{strings.TrimSpace(linter), "run", "--allow-serial-runners"}
	for _, dir := range dirs {
		run = append(run, "./"+path.Join(filepath.ToSlash(dir), "..."))
	}
	return errors.Join(
		t.run(ctx, run...),
		t.run(ctx, "GOWORK=off", "go", "-C", "bench/peers", "tool", "-modfile=../../tools/go.mod", "golangci-lint", "run", "--allow-serial-runners", "./..."),
	)
}

// tests runs without the race detector where it is not available.
func (n needs) tests(ctx context.Context, t *transcript) error {
	all := []string{"go", "test", "-timeout", "15m"}
	err := n.compiler(ctx, t)
	var why skipped
	switch {
	case errors.As(err, &why):
		if err := t.run(ctx, append(all, everywhere)...); err != nil {
			return err
		}
		return passedBut("without the race detector: " + string(why))
	case err != nil:
		return err
	}
	return t.run(ctx, append(all, "-race", everywhere)...)
}

// harder runs the tests of the library and its client under conditions that must make no
// difference: every entry of a room is encoded and decoded on its way into the mailbox;
// sealed output is released up to 3 ms late; all rooms are kept in an engine whose commits
// take up to 3 ms and are fenced, unknown or forgotten, 2% each.
func harder(ctx context.Context, t *transcript) (err error) {
	for _, condition := range [][]string{{"-entries.encoded"}, {"-release.late=3ms"}, {"-engine.delay=3ms", "-engine.faults=0.02"}} {
		command := append([]string{"go", "test", "-short", ".", "./client", "-args"}, condition...)
		err = errors.Join(err, t.run(ctx, command...))
	}
	return err
}

func (n needs) browserTests(ctx context.Context, t *transcript) error {
	if err := n.browser(ctx, t); err != nil {
		return err
	}
	return t.run(ctx, "SIMPLYSOCKET_BROWSER=required", "go", "test", "-count=1", "./cmd/simplysocket/demo")
}

// proxies runs with the installed proxies.
func proxies(ctx context.Context, t *transcript) error {
	all := []string{"caddy", "nginx", "haproxy", "apache2"}
	var missing []string
	for _, program := range all {
		if !inPath(program, "/usr/sbin/"+program) {
			missing = append(missing, program)
		}
	}
	without := "without " + strings.Join(missing, ", ") + ": tools/proxies/run -install"
	switch {
	case runtime.GOOS != "linux":
		return skipped("it needs Linux")
	case len(missing) == len(all):
		return skipped(without)
	}
	err := t.run(ctx, "SIMPLYSOCKET_PROXIES=installed", "go", "test", "-count=1", "-parallel=4", "./internal/proxies")
	if err == nil && len(missing) > 0 {
		return passedBut(without)
	}
	return err
}

// javascript needs Node.js; apt-get only has an old version.
func javascript(ctx context.Context, t *transcript) error {
	if !inPath("node") || !inPath("npm") {
		return skipped("no Node.js with npm: " + newerNode)
	}
	version, err := t.output(ctx, "node", "--version")
	if err != nil {
		return err
	}
	var major int
	if _, err := fmt.Sscanf(version, "v%d.", &major); err != nil || major < oldestNode {
		return skipped(fmt.Sprintf("Node.js is %s: %s", strings.TrimSpace(version), newerNode))
	}
	return t.run(ctx, "SIMPLYSOCKET_NODE=required", "go", "test", "-count=1", "./js")
}

const oldestNode = 20

var newerNode = fmt.Sprintf("version %d or later is at https://nodejs.org/en/download", oldestNode)

// unraced is separate from tests: under the race detector a sync.Pool drops objects at
// random, and a million of anything takes too long.
func unraced(ctx context.Context, t *transcript) error {
	return errors.Join(
		t.run(ctx, "go", "test", "-run", "Alloc", everywhere),
		t.run(ctx, "go", "test", "-run", "Soak", ".", "-args", "-drill.soak"),
	)
}

func fuzz(each string) func(context.Context, *transcript) error {
	return func(ctx context.Context, t *transcript) error {
		events, err := t.output(ctx, "go", "test", "-json", "-list", "^Fuzz", everywhere)
		if err != nil {
			return err
		}
		targets, err := fuzzTargets(strings.NewReader(events))
		for _, target := range targets {
			err = errors.Join(err, t.run(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+target.name+"$",
				"-fuzztime", each, "-fuzzminimizetime", "10x", target.pkg))
		}
		return err
	}
}

type fuzzTarget struct {
	pkg, name string
}

var fuzzName = regexp.MustCompile(`^Fuzz\w*$`)

// fuzzTargets reads what go test -json -list prints.
func fuzzTargets(events io.Reader) ([]fuzzTarget, error) {
	var targets []fuzzTarget
	for dec := json.NewDecoder(events); ; {
		var event struct{ Action, Package, Output string }
		switch err := dec.Decode(&event); {
		case errors.Is(err, io.EOF):
			return targets, nil
		case err != nil:
			return nil, fmt.Errorf("list of fuzz targets: %w", err)
		}
		name := strings.TrimSpace(event.Output)
		if event.Action == "output" && fuzzName.MatchString(name) {
			targets = append(targets, fuzzTarget{event.Package, name})
		}
	}
}

// benchmarks measures nothing: it keeps benchmarks from breaking unnoticed.
func benchmarks(ctx context.Context, t *transcript) error {
	return t.run(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchtime", "1x", everywhere)
}

// peers are in a separate module.
func peers(ctx context.Context, t *transcript) error {
	return errors.Join(
		t.run(ctx, "GOWORK=off", "go", "-C", "bench/peers", "vet", "./..."),
		t.run(ctx, "GOWORK=off", "go", "-C", "bench/peers", "test", "./..."),
	)
}

// speed is the only step whose result depends on the machine, if only a little: the
// candidates it compares run in turn, and it compares CPU time.
func speed(ctx context.Context, t *transcript) error {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		return skipped("it needs Linux and two processors")
	}
	return t.run(ctx, "go", "run", "./bench", "-guard")
}
