package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

var errNoApt = errors.New("this needs apt-get, and root or a sudo that asks for no password")

// needBrowser makes sure that the browser tests find a browser.
func needBrowser(ctx context.Context, t *transcript) error {
	if inPath("chromium", "chromium-browser", "google-chrome") {
		return nil
	}
	if err := install(ctx, t, "chromium"); err != nil {
		return fmt.Errorf("the browser tests need Chromium or Chrome in PATH as chromium, chromium-browser or "+
			"google-chrome; on Debian: apt-get install chromium: %w", err)
	}
	return nil
}

// needCompiler makes sure that the race detector can be linked: it takes cgo, and
// so a C compiler, everywhere but on macOS.
func needCompiler(ctx context.Context, t *transcript) error {
	cc, err := t.output(ctx, "go", "env", "CC")
	if err != nil {
		return err
	}
	if words := strings.Fields(cc); len(words) > 0 && inPath(words[0]) {
		return nil
	}
	if err := install(ctx, t, "gcc", "libc6-dev"); err != nil {
		return fmt.Errorf("the race detector needs a C compiler; on Debian: apt-get install gcc libc6-dev: %w", err)
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

func install(ctx context.Context, t *transcript, packages ...string) error {
	if !inPath("apt-get") {
		return errNoApt
	}
	apt := []string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get"}
	if os.Geteuid() != 0 {
		if t.run(ctx, "sudo", "-n", "true") != nil {
			return errNoApt
		}
		apt = append([]string{"sudo", "-n"}, apt...)
	}
	if err := t.run(ctx, append(apt, "update")...); err != nil {
		return err
	}
	return t.run(ctx, append(append(apt, "install", "-y", "--no-install-recommends"), packages...)...)
}
