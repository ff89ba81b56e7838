package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A step is one part of the check. It runs alone.
type step struct {
	name  string // what -run matches
	about string // one line for -list
	run   func(context.Context, *transcript) error
}

// skipped is why a step did not run. It is not a failure.
type skipped string

// Error says why.
func (s skipped) Error() string { return string(s) }

// passedBut is what a step that passed left out. It is not a failure.
type passedBut string

// Error says what.
func (p passedBut) Error() string { return string(p) }

// transcript is what a step shows if it fails: its commands, each followed by its output.
type transcript struct {
	bytes.Buffer
}

// run runs a command to its end. Words of the form KEY=value before the name of the
// program are added to its environment.
func (t *transcript) run(ctx context.Context, words ...string) error {
	return t.runTo(ctx, t, words...)
}

// output is run for a command whose standard output is needed. The transcript repeats it
// only if the command fails.
func (t *transcript) output(ctx context.Context, words ...string) (string, error) {
	var out bytes.Buffer
	err := t.runTo(ctx, &out, words...)
	if err != nil {
		t.Write(out.Bytes())
	}
	return out.String(), err
}

func (t *transcript) runTo(ctx context.Context, stdout io.Writer, words ...string) error {
	line := strings.Join(words, " ")
	fmt.Fprintf(t, "$ %s\n", line)

	env, args := splitEnv(words)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = stdout
	cmd.Stderr = t
	// The go command passes an interrupt on to the programs it has started, which would
	// outlive it if it were killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

func splitEnv(words []string) (env, args []string) {
	for i, word := range words {
		if !strings.Contains(word, "=") {
			return words[:i], words[i:]
		}
	}
	return words, nil
}
