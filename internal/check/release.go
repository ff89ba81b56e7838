package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const library = "github.com/DhruvikDonga/simplysocket"

// rehearsed is the version of the modules in a rehearsal.
const rehearsed = "v0.0.1-rehearsal"

// allowed are the modules that users of the library get.
var allowed = []string{library, "github.com/gobwas/httphead", "github.com/gobwas/ws", "golang.org/x/time"}

// release rehearses a release: it offers the modules as files of a module proxy, as a
// release does, and uses them as a user does, outside of this tree and without replace
// directives.
func release(ctx context.Context, t *transcript) error {
	if err := t.run(ctx, "git", "rev-parse", "--is-inside-work-tree"); err != nil {
		return skipped("it needs git and a clone")
	}
	temp, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer removeAll(temp)
	if err := offer(ctx, t, filepath.Join(temp, "proxy")); err != nil {
		return err
	}
	env, err := strangersEnv(ctx, t, temp)
	if err != nil {
		return err
	}
	return errors.Join(
		installs(ctx, t, temp, env),
		imports(ctx, t, temp, env),
	)
}

// removeAll also removes files that the go command has made read-only.
func removeAll(dir string) {
	_ = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// strangersEnv is the environment of a user who has nothing of this project. The
// project's dependencies come from this machine's cache if they are there.
func strangersEnv(ctx context.Context, t *transcript, temp string) ([]string, error) {
	out, err := t.output(ctx, "go", "env", "GOMODCACHE", "GOPROXY")
	if err != nil {
		return nil, err
	}
	cache, proxies, _ := strings.Cut(strings.TrimSpace(out), "\n")
	return []string{
		"GOWORK=off", "GOFLAGS=-modcacherw", "GONOSUMDB=" + library,
		"GOPROXY=file://" + filepath.Join(temp, "proxy") + ",file://" + filepath.Join(cache, "cache", "download") + "," + proxies,
		"GOMODCACHE=" + filepath.Join(temp, "cache"), "GOBIN=" + filepath.Join(temp, "bin"),
	}, nil
}

// installs follows README: go install of the program.
func installs(ctx context.Context, t *transcript, temp string, env []string) error {
	if err := t.run(ctx, slices.Concat(env, []string{"go", "-C", temp, "install", library + "/cmd/simplysocket@" + rehearsed})...); err != nil {
		return err
	}
	for flag, want := range map[string]string{"--help": "serve", "--version": rehearsed} {
		out, err := t.output(ctx, filepath.Join(temp, "bin", "simplysocket"), flag)
		if err != nil {
			return err
		}
		if !strings.Contains(out, want) {
			return fmt.Errorf("simplysocket %s prints %q, without %s", flag, out, want)
		}
	}
	return nil
}

// imports follows README: in a new module, go get of the library, its server and its
// client.
func imports(ctx context.Context, t *transcript, temp string, env []string) error {
	dir := filepath.Join(temp, "stranger")
	for _, program := range []string{"relay", "talk"} {
		text, err := os.ReadFile(filepath.Join("examples", program, "main.go"))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, program), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, program, "main.go"), text, 0o600); err != nil {
			return err
		}
	}
	within := slices.Concat(env, []string{"go", "-C", dir})
	for _, words := range [][]string{
		{"mod", "init", "example.com/stranger"},
		{"get", library + "@" + rehearsed},
		{"mod", "tidy"},
		{"build", "./..."},
		{"test", "-short", library, library + "/client", library + "/protocol"}, // as go test all does
	} {
		if err := t.run(ctx, slices.Concat(within, words)...); err != nil {
			return err
		}
	}
	list, err := t.output(ctx, slices.Concat(within, []string{"list", "-m", "-f", "{{if not .Main}}{{.Path}}{{end}}", "all"})...)
	if err != nil {
		return err
	}
	got := strings.Fields(list)
	slices.Sort(got)
	if !slices.Equal(got, allowed) {
		return fmt.Errorf("an importer of the library gets %q, and should get %q", got, allowed)
	}
	return nil
}

// offer writes the library and the program as files of a module proxy.
func offer(ctx context.Context, t *transcript, proxy string) error {
	tracked, err := t.output(ctx, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	if err != nil {
		return err
	}
	files := strings.Split(strings.TrimSuffix(tracked, "\x00"), "\x00")
	for _, dir := range []string{"", "cmd/simplysocket"} {
		if err := offerModule(ctx, t, proxy, dir, files); err != nil {
			return err
		}
	}
	return nil
}

// offerModule writes one module: the files below dir that belong to no other module.
func offerModule(ctx context.Context, t *transcript, proxy, dir string, files []string) error {
	module := path.Join(library, dir)
	versions := filepath.Join(proxy, filepath.FromSlash(escape(module)), "@v")
	if err := os.MkdirAll(versions, 0o700); err != nil {
		return err
	}
	at := filepath.Join(versions, rehearsed)
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(at+".mod", mod, 0o600); err != nil {
		return err
	}
	if dir != "" { // as before its tag: it requires the library that is released with it
		if err := t.run(ctx, "go", "mod", "edit", "-require", library+"@"+rehearsed, at+".mod"); err != nil {
			return err
		}
		if mod, err = os.ReadFile(at + ".mod"); err != nil {
			return err
		}
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, rehearsed, time.Now().UTC().Format(time.RFC3339))
	err = errors.Join(
		os.WriteFile(at+".info", []byte(info), 0o600),
		os.WriteFile(filepath.Join(versions, "list"), []byte(rehearsed+"\n"), 0o600),
	)
	if err != nil {
		return err
	}
	return zipModule(at+".zip", module, dir, mod, files)
}

// escape is the case encoding of paths in a module proxy: an exclamation mark before the
// lower-case letter.
func escape(module string) string {
	var b strings.Builder
	for _, r := range module {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('!')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func zipModule(file, module, dir string, mod []byte, files []string) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	archive := zip.NewWriter(out)
	for _, name := range files {
		within, ok := inModule(dir, name, files)
		if !ok {
			continue
		}
		text := mod
		if within != "go.mod" {
			text, err = os.ReadFile(name)
			if errors.Is(err, os.ErrNotExist) {
				continue // git still tracks a deleted file
			}
			if err != nil {
				return err
			}
		}
		w, err := archive.Create(module + "@" + rehearsed + "/" + within)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return archive.Close()
}

// inModule returns the name of a file within the module in dir, if it belongs to that
// module.
func inModule(dir, name string, files []string) (within string, ok bool) {
	within = name
	if dir != "" {
		if within, ok = strings.CutPrefix(name, dir+"/"); !ok {
			return "", false
		}
	}
	for parent := path.Dir(name); parent != "." && parent != dir; parent = path.Dir(parent) {
		if slices.Contains(files, parent+"/go.mod") {
			return "", false
		}
	}
	return within, true
}
