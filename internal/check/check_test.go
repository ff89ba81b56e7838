package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFuzzTargets(t *testing.T) {
	for name, test := range map[string]struct {
		events string
		want   []fuzzTarget
		fails  bool
	}{
		"nothing": {},
		"two packages at once": {
			events: `{"Action":"output","Package":"m/b","Output":"FuzzRead\n"}
				{"Action":"output","Package":"m/a","Output":"FuzzParse\n"}
				{"Action":"output","Package":"m/b","Output":"ok  \tm/b\t0.01s\n"}`,
			want: []fuzzTarget{{"m/b", "FuzzRead"}, {"m/a", "FuzzParse"}},
		},
		"other output": {
			events: `{"Action":"output","Package":"m/a","Output":"Fuzzing is fun\n"}
				{"Action":"build-output","ImportPath":"m/a","Output":"FuzzParse\n"}
				{"Action":"output","Package":"m/a","Output":"?   \tm/a\t[no test files]\n"}`,
		},
		"not JSON": {events: "FuzzParse\nok m/a", fails: true},
	} {
		got, err := fuzzTargets(strings.NewReader(test.events))
		if !slices.Equal(got, test.want) || (err != nil) != test.fails {
			t.Errorf("%s: got %v, %v; want %v, error: %t", name, got, err, test.want, test.fails)
		}
	}
}

func TestGoFiles(t *testing.T) {
	got, err := goFiles(fstest.MapFS{
		"a.go": {}, "b.txt": {}, "bench/go.mod": {}, "bench/c_test.go": {}, ".tmp/d.go": {},
		"js/node_modules/x/e.go": {}, "not.go/f.go": {},
	})
	want := []string{"a.go", "bench/c_test.go", "not.go/f.go"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// TestWorkspace: all modules of the workspace require the same version of the library,
// and go.work replaces that version with this tree.
func TestWorkspace(t *testing.T) {
	t.Chdir(root)
	var shown transcript
	dirs, err := workspace(t.Context(), &shown)
	if err != nil || len(dirs) < 2 || dirs[0] != "." {
		t.Fatalf("%q, %v\n%s", dirs, err, shown.String())
	}
	work, err := os.ReadFile("go.work")
	if err != nil {
		t.Fatal(err)
	}
	replaced := regexp.MustCompile(`(?m)^replace ` + library + ` (v\S+) => \./$`).FindSubmatch(work)
	if replaced == nil {
		t.Fatal("go.work does not replace a version of the library with this tree")
	}
	for _, dir := range dirs[1:] {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if required := "\t" + library + " " + string(replaced[1]) + "\n"; !strings.Contains(string(mod), required) {
			t.Errorf("%s/go.mod does not require %s, which go.work replaces", dir, replaced[1])
		}
		if bytes.Contains(mod, []byte("replace")) {
			t.Errorf("%s/go.mod has a replace directive: go install would refuse it", dir)
		}
	}
}

// TestZipModule: a module consists of the files below its directory that belong to no
// other module, with its changed go.mod.
func TestZipModule(t *testing.T) {
	t.Chdir(t.TempDir())
	files := []string{"a.go", "b/c.go", "cmd/d/go.mod", "cmd/d/e.go", "cmd/d/f/g.go", "cmd/dd/h.go", "go.mod"}
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]map[string]string{
		"":      {"m@v0.0.1-rehearsal/a.go": "a.go", "m@v0.0.1-rehearsal/b/c.go": "b/c.go", "m@v0.0.1-rehearsal/cmd/dd/h.go": "cmd/dd/h.go", "m@v0.0.1-rehearsal/go.mod": "changed"},
		"cmd/d": {"m@v0.0.1-rehearsal/e.go": "cmd/d/e.go", "m@v0.0.1-rehearsal/f/g.go": "cmd/d/f/g.go", "m@v0.0.1-rehearsal/go.mod": "changed"},
	} {
		if err := zipModule("m.zip", "m", dir, []byte("changed"), append(files, "deleted.go", "cmd/d/deleted.go")); err != nil {
			t.Fatal(err)
		}
		archive, err := zip.OpenReader("m.zip")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, f := range archive.File {
			text, err := fs.ReadFile(archive, f.Name)
			if err != nil {
				t.Error(err)
			}
			got[f.Name] = string(text)
		}
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("in %q: got %q, want %q", dir, got, want)
		}
	}
}

func TestEscape(t *testing.T) {
	if got := escape("github.com/DhruvikDonga/simplysocket"); got != "github.com/!dhruvik!donga/simplysocket" {
		t.Error(got)
	}
}

// TestWithoutLibrary: after a release, a module of the workspace is as tidy as before.
func TestWithoutLibrary(t *testing.T) {
	const rest = library + "/other v0.1.0 h1:a=\nexample.com/b v1.0.0 h1:b=\n"
	if got := withoutLibrary([]byte(library + " v0.1.0 h1:c=\n" + rest + library + " v0.1.0/go.mod h1:d=\n")); string(got) != rest {
		t.Errorf("%q", got)
	}
}

func TestSplitEnv(t *testing.T) {
	for line, want := range map[string]int{"go tool -modfile=tools/go.mod x": 0, "GOOS=a GOARCH=b go vet": 2} {
		words := strings.Fields(line)
		env, args := splitEnv(words)
		if len(env) != want || !slices.Equal(slices.Concat(env, args), words) {
			t.Errorf("%s: environment %q, arguments %q", line, env, args)
		}
	}
}

func TestRunAll(t *testing.T) {
	all := []step{
		{"pass", "", func(_ context.Context, t *transcript) error { t.WriteString("quiet"); return nil }},
		{"break", "", func(_ context.Context, t *transcript) error { t.WriteString("loud"); return errors.New("broken") }},
		{"late pass", "", func(context.Context, *transcript) error { return nil }},
		{"in part", "", func(context.Context, *transcript) error { return passedBut("without a part") }},
		{"not here", "", func(context.Context, *transcript) error { return skipped("no such program") }},
	}
	for _, test := range []struct {
		only     string
		failFast bool
		passes   bool
		summary  string
	}{
		{"pass", true, true, "\n2 passed, 0 failed, 0 skipped\n"},
		{"^pass|break", false, false, "\nfailed: break\n1 passed, 1 failed, 0 skipped\n"},
		{"", false, false, "\nfailed: break\nincomplete, for the reasons above: in part\nskipped, for the reasons above: not here\n3 passed, 1 failed, 1 skipped\n"},
		{"", true, false, "\n1 passed, 1 failed, 3 skipped\n"},
		{"in part", true, true, "without a part\n\nincomplete, for the reasons above: in part\n1 passed, 0 failed, 0 skipped\n"},
		{"here", true, true, "\nskipped, for the reasons above: not here\n0 passed, 0 failed, 1 skipped\n"},
	} {
		var out bytes.Buffer
		passes := runAll(t.Context(), &out, matching(all, regexp.MustCompile(test.only)), test.failFast)
		shown := out.String()
		if passes != test.passes || !strings.Contains(shown, test.summary) ||
			strings.Contains(shown, "quiet") || strings.Contains(shown, "loud") == passes {
			t.Errorf("-run %q -fail-fast=%t: passes: %t, printed:\n%s", test.only, test.failFast, passes, shown)
		}
	}
}

// TestWithoutNode: without Node.js the step is skipped, and says where to get it.
func TestWithoutNode(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var why skipped
	if err := javascript(t.Context(), &transcript{}); !errors.As(err, &why) || !strings.Contains(string(why), "https://nodejs.org") {
		t.Errorf("got %v", err)
	}
}

// TestNothingIsInstalledUnasked: a missing program is a skip that says how to get it.
func TestNothingIsInstalledUnasked(t *testing.T) {
	path := t.TempDir()
	t.Setenv("PATH", path)
	for _, program := range []string{"apt-get", "sudo", "env"} {
		script := "#!/bin/sh\n: > " + filepath.Join(path, "ran-"+program) + "\n"
		if err := os.WriteFile(filepath.Join(path, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var shown transcript
	var why skipped
	if err := (needs{}).browser(t.Context(), &shown); !errors.As(err, &why) || !strings.Contains(string(why), "apt-get install chromium") {
		t.Errorf("got %v", err)
	}
	if ran, _ := filepath.Glob(filepath.Join(path, "ran-*")); len(ran) > 0 || shown.Len() > 0 {
		t.Errorf("started %q: %s", ran, shown.String())
	}
	if err := (needs{install: true}).browser(t.Context(), &shown); err != nil {
		t.Errorf("%v\n%s", err, shown.String())
	}
	if ran, _ := filepath.Glob(filepath.Join(path, "ran-*")); len(ran) == 0 {
		t.Error("-install installs nothing")
	}
}

func TestTranscript(t *testing.T) {
	var shown transcript
	local, err := shown.output(t.Context(), "GOTOOLCHAIN=local", "go", "env", "GOTOOLCHAIN")
	if err != nil || local != "local\n" {
		t.Errorf("got %q, %v", local, err)
	}
	if err := shown.run(t.Context(), "go", "no-such-command"); err == nil {
		t.Error("a command that fails yields no error")
	}
	for _, want := range []string{"$ GOTOOLCHAIN=local go env GOTOOLCHAIN\n", "$ go no-such-command\n", "unknown command"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is missing from:\n%s", want, shown.String())
		}
	}
}
