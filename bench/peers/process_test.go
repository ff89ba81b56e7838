package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// argument makes the test's own binary act as the program, with that argument.
const argument = "PEERS_TEST_ARGUMENT"

func TestMain(m *testing.M) {
	if given, ok := os.LookupEnv(argument); ok {
		os.Args = []string{os.Args[0], given}
		main()
		return
	}
	os.Exit(m.Run())
}

const nodeFolder = "../node"

var nodeScripts = map[string]string{"ws": "ws.js", "socket.io": "socketio.js"}

// process is a candidate as the coordinator sees it.
type process struct {
	address string
	in      io.WriteCloser
	out     *bufio.Reader
	command *exec.Cmd
}

func startGo(t *testing.T, c config) *process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), argument+"="+text(t, c))
	return startProcess(t, command)
}

func startNode(t *testing.T, c config) *process {
	t.Helper()
	return startProcess(t, nodeCommand(t, c))
}

func nodeCommand(t *testing.T, c config) *exec.Cmd {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed")
	}
	if _, err := os.Stat(filepath.Join(nodeFolder, "node_modules")); err != nil {
		t.Skip("its packages are not installed: npm ci in " + nodeFolder)
	}
	return exec.Command(node, "--expose-gc", filepath.Join(nodeFolder, nodeScripts[c.Candidate]), text(t, c))
}

func startProcess(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{in: in, out: bufio.NewReader(out), command: command}
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("at the end of its input: %v", err)
		}
	})
	var first struct {
		Address string `json:"address"`
	}
	p.answer(t, &first)
	p.address = first.Address
	return p
}

func (p *process) ask(t *testing.T, command string, answer any) {
	t.Helper()
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
	p.answer(t, answer)
}

func (p *process) answer(t *testing.T, answer any) {
	t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, answer); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestProcess(t *testing.T) {
	for name, start := range map[string]func(*testing.T, config) *process{"gorilla": startGo, "ws": startNode} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config{Candidate: name}
			p := start(t, c)
			member := join(t, c, p.address, "room-0001")
			member.say(t, actionSay, "room-0001", Line{N: "00000000"})
			heard(t, member)

			var held memory
			p.ask(t, "gc", &held)
			if held.Heap == 0 {
				t.Errorf("%+v after gc", held)
			}
			profile := filepath.Join(t.TempDir(), "cpu.prof")
			p.ask(t, "profile "+profile, &struct{}{})
			p.ask(t, "stop", &struct{}{})
			if name == "gorilla" {
				if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
					t.Errorf("the profile: %v, %v", info, err)
				}
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	each(t, func(t *testing.T, c config) {
		c.Describe = true
		var raw []byte
		_, inGo := find(c.Candidate)
		if inGo {
			raw = printed(t, c)
		} else {
			var err error
			if raw, err = nodeCommand(t, c).Output(); err != nil {
				t.Fatal(err)
			}
		}
		var d description
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		if d.Name != c.Candidate || d.Library == "" || d.Differs == "" {
			t.Errorf("%+v", d)
		}
		// A test binary does not know the versions of its modules.
		if !inGo && d.Version == "" {
			t.Error("it has no version")
		}
	})
}

func TestList(t *testing.T) {
	var names []string
	if err := json.Unmarshal(printed(t, config{List: true}), &names); err != nil {
		t.Fatal(err)
	}
	want := []string{"gorilla", "gorilla-prepared", "coder", "gws", "gobwas", "melody", "centrifuge", "centrifuge-tuned"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

func TestUnknownCandidate(t *testing.T) {
	err := run([]string{`{"candidate":"nobody"}`}, nil, io.Discard)
	if err == nil {
		t.Error("it runs")
	}
}

// printed is what the program prints for an argument with which it ends at once.
func printed(t *testing.T, c config) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := run([]string{text(t, c)}, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
