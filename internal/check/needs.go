package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// needs provides what some steps need besides Go. It installs nothing unless asked to.
type needs struct{ install bool }

// browsers are the programs that the browser tests look for.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

// browser reports why the browser tests do not run, or nil.
func (n needs) browser(ctx context.Context, t *transcript) error {
	return n.program(ctx, t, "no Chromium or Chrome", browsers, "chromium")
}

// compiler reports why the race detector does not run, or nil: it needs cgo, and so a C
// compiler, everywhere but on macOS.
func (n needs) compiler(ctx context.Context, t *transcript) error {
	env, err := t.output(ctx, "go", "env", "CGO_ENABLED", "CC")
	if err != nil {
		return err
	}
	enabled, cc, _ := strings.Cut(env, "\n")
	words := strings.Fields(cc)
	if enabled == "0" && inPath(words[:min(len(words), 1)]...) {
		return skipped("cgo is off; set CGO_ENABLED=1")
	}
	return n.program(ctx, t, "no C compiler", words[:min(len(words), 1)], "gcc", "libc6-dev")
}

// program returns nil if one of the programs is there, or could be installed, and
// otherwise a skip that says how to get it.
func (n needs) program(ctx context.Context, t *transcript, missing string, programs []string, packages ...string) error {
	if inPath(programs...) {
		return nil
	}
	how := "apt-get install " + strings.Join(packages, " ")
	if !n.install {
		return skipped(fmt.Sprintf("%s: %s, or -install", missing, how))
	}
	if err := aptInstall(ctx, t, packages...); err != nil {
		return fmt.Errorf("%s: %s: %w", missing, how, err)
	}
	return nil
}

func inPath(programs ...string) bool {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			return true
		}
	}
	return false
}

func aptInstall(ctx context.Context, t *transcript, packages ...string) error {
	if !inPath("apt-get") {
		return errors.New("apt-get is missing")
	}
	apt := []string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get"}
	if os.Geteuid() != 0 {
		apt = append([]string{"sudo", "-n"}, apt...) // does not ask for a password
	}
	if err := t.run(ctx, append(apt, "update")...); err != nil {
		return err
	}
	return t.run(ctx, append(append(apt, "install", "-y", "--no-install-recommends"), packages...)...)
}
