//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
)

// server is a candidate's process.
type server struct {
	process *exec.Cmd
	input   io.WriteCloser
	output  *json.Decoder
	errors  *bytes.Buffer
	address string
}

// errNotOffered means that a candidate cannot do a job.
var errNotOffered = errors.New("not offered")

// notOffered is the exit status that says so.
const notOffered = 3

// start starts a candidate's process on a processor, or on any if the number is negative.
func start(ctx context.Context, c *candidate, told config, processor int) (*server, error) {
	argument, err := json.Marshal(told)
	if err != nil {
		return nil, err
	}
	s := &server{process: exec.CommandContext(ctx, c.command[0], slices.Concat(c.command[1:], []string{string(argument)})...), errors: &bytes.Buffer{}}
	s.process.Stderr = s.errors
	s.process.Env = os.Environ()
	if c.processors > 0 {
		s.process.Env = append(s.process.Env, fmt.Sprint("GOMAXPROCS=", c.processors))
		processor = -1
	}
	if c.gogc > 0 {
		s.process.Env = append(s.process.Env, fmt.Sprint("GOGC=", c.gogc))
	}
	if s.input, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := kernel.StartOn(s.process, processor); err != nil {
		return nil, err
	}
	s.output = json.NewDecoder(bufio.NewReader(out))
	var begun struct{ Address string }
	if err := s.output.Decode(&begun); err != nil {
		return nil, s.ended(err)
	}
	s.address = begun.Address
	return s, nil
}

// ended says why the process has ended.
func (s *server) ended(err error) error {
	_ = s.input.Close()
	waited := s.process.Wait()
	said := strings.TrimSpace(s.errors.String())
	var exit *exec.ExitError
	if errors.As(waited, &exit) && exit.ExitCode() == notOffered {
		return fmt.Errorf("%w: %s", errNotOffered, said)
	}
	return fmt.Errorf("%w: %w: %s", err, waited, said)
}

// command sends the process a command.
func (s *server) command(line string) (m memory, err error) {
	if _, err := fmt.Fprintln(s.input, line); err != nil {
		return m, fmt.Errorf("%s: %w", line, err)
	}
	if err := s.output.Decode(&m); err != nil {
		return m, fmt.Errorf("%s: %w", line, err)
	}
	return m, nil
}

// cpu is the CPU time that the process has used so far.
func (s *server) cpu() (time.Duration, error) { return kernel.CPUTime(s.process.Process.Pid) }

// resident is the memory of the process.
func (s *server) resident() (float64, error) { return kernel.Resident(s.process.Process.Pid) }

// stop ends the process, which may already have ended.
func (s *server) stop() {
	_ = s.input.Close()
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // it was killed
}

// ask runs a process that describes something.
func ask(command []string, question, answer any) error {
	argument, err := json.Marshal(question)
	if err != nil {
		return err
	}
	out, err := exec.Command(command[0], slices.Concat(command[1:], []string{string(argument)})...).Output()
	if err != nil {
		return fmt.Errorf("%s %s: %w", command[0], argument, err)
	}
	return json.Unmarshal(out, answer)
}
