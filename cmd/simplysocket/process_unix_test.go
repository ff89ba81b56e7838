//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// build builds the program as its users do.
func build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "simplysocket")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// process is the program as a separate process.
type process struct {
	*exec.Cmd
	stderr *output
	done   chan error // gets what Wait returns
}

// launch starts a command that serves on a free port.
func launch(t testing.TB, command ...string) (*process, *server) {
	t.Helper()
	p := &process{
		Cmd:    exec.CommandContext(t.Context(), command[0], command[1:]...),
		stderr: newOutput(t),
		done:   make(chan error, 1),
	}
	p.Stderr = p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		p.done <- p.Wait()
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // it has ended, unless the test fails
		<-waited
	})
	var record struct{ URL, WebSocket string }
	if err := json.Unmarshal([]byte(p.stderr.until(`"msg":"serving"`)), &record); err != nil {
		t.Fatal(err)
	}
	return p, &server{program: &program{t: t}, url: record.URL, webSocket: record.WebSocket}
}

// interrupt sends the signal until the process has ended, without a graceful shutdown.
func interrupt(t testing.TB, p *process, signal syscall.Signal) *exec.ExitError {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		_ = p.Process.Signal(signal) // it may have ended
		select {
		case err := <-p.done:
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("ended with %v\n%s", err, p.stderr)
			}
			return exit
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatal("the process is still running")
	return nil
}

func TestSignals(t *testing.T) {
	path := build(t)
	serving := []string{path, "serve", "--addr=127.0.0.1:0", "--log-format=json"}
	t.Run("one ends in good order", func(t *testing.T) {
		p, s := launch(t, serving...)
		client := connect(t, s.url)
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		client.stderr.until("connection lost, coming back")
		if err := receive(t, p.done); err != nil {
			t.Errorf("%v\n%s", err, p.stderr)
		}
	})
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run("two end at once: "+signal.String(), func(t *testing.T) {
			p, s := launch(t, append(slices.Clone(serving), "--shutdown-timeout=0")...)
			s.silent() // keeps the shutdown from finishing
			end := interrupt(t, p, signal)
			if status := end.Sys().(syscall.WaitStatus); status.Signal() != signal && status.ExitStatus() != 1 {
				t.Errorf("%v\n%s", end, p.stderr)
			}
		})
	}
	t.Run("two end at once where the shell has them ignored", func(t *testing.T) {
		p, s := launch(t, "sh", "-c", `trap "" INT; exec "$0" serve "$@"`, path, "--addr=127.0.0.1:0", "--log-format=json", "--shutdown-timeout=0")
		s.silent()
		if end := interrupt(t, p, syscall.SIGINT); end.ExitCode() != 1 {
			t.Errorf("%v\n%s", end, p.stderr)
		}
	})
}
