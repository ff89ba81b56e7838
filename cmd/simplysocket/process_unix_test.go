//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
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

// process is the program as a process of its own.
type process struct {
	*exec.Cmd
	stderr *output
	done   chan error // gets what Wait returns
}

func launch(t testing.TB, path string, args ...string) (*process, *server) {
	t.Helper()
	p := &process{
		Cmd:    exec.CommandContext(t.Context(), path, append([]string{"serve", "--addr=127.0.0.1:0", "--log-format=json"}, args...)...),
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

func TestSignals(t *testing.T) {
	path := build(t)
	t.Run("one ends in good order", func(t *testing.T) {
		p, s := launch(t, path)
		client := connect(t, s.url)
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		client.stderr.until("connection lost, coming back")
		if err := receive(t, p.done); err != nil {
			t.Errorf("%v\n%s", err, p.stderr)
		}
	})
	t.Run("two end at once", func(t *testing.T) {
		p, s := launch(t, path, "--shutdown-timeout=0")
		s.silent() // keeps the shutdown from its end
		deadline := time.After(patience)
		for signals := 0; ; signals++ {
			_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
			select {
			case err := <-p.done:
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
					t.Errorf("after %d signals: %v\n%s", signals+1, err, p.stderr)
				}
				return
			case <-time.After(10 * time.Millisecond):
			case <-deadline:
				t.Fatal("the process lives")
			}
		}
	})
}
