//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// candidate is a server that takes part, and the dialect of its clients.
type candidate struct {
	description
	dialect    string
	command    []string // followed by the config
	runs       string   // the candidate that its process runs; "": its name
	processors int      // that it may use; 0: one
	gogc       int      // heap growth between collections, in percent; 0: Go's default
	batch      int      // overrides the job's
}

// Candidates that others are compared with.
const (
	ours       = "simplysocket"
	relayed    = "simplysocket-relay"
	sessions   = "simplysocket-v1"
	wholeFloor = "floor"
	bytesFloor = "floor-bytes"
)

// isFloor reports whether it is a floor, which nobody could use as a server.
func (c *candidate) isFloor() bool { return strings.HasPrefix(c.Name, wholeFloor) }

// ownCandidates need no other module.
func ownCandidates(self string) []candidate {
	command := []string{self, "candidate"}
	const library = "github.com/DhruvikDonga/simplysocket"
	floor := func(name, differs string) candidate {
		return candidate{description: description{name, "sockets", "", differs}, dialect: "plain", command: command}
	}
	us := func(name, dialect, differs string) candidate {
		return candidate{description: description{name, library, "this tree", differs}, dialect: dialect, command: command}
	}
	return []candidate{
		floor(bytesFloor, "no server: frames made in advance, one send(2) each"),
		floor(wholeFloor, "no server: the whole job with epoll, in one thread, without JSON and without checks"),
		us(ours, "simplysocket", "a room with a handler, plain clients: no acknowledgment, since the clients ask for none"),
		us(sessions, "simplysocket.v1", "the same with clients that can resume: the room keeps a history"),
		us(relayed, "simplysocket", "a room without code, which relays the body unchanged"),
	}
}

// goPeers builds the peers in Go and returns them.
func goPeers(module, dir string) ([]candidate, error) {
	binary := filepath.Join(dir, "peers")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(module, "bench", "peers")
	build.Env = append(os.Environ(), "GOWORK=off") // the peers have their own versions
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bench/peers: %w: %s", err, out)
	}
	var names []string
	if err := ask([]string{binary}, map[string]bool{"list": true}, &names); err != nil {
		return nil, err
	}
	var peers []candidate
	for _, name := range names {
		c := candidate{command: []string{binary}, dialect: "plain"}
		if strings.HasPrefix(name, "centrifuge") {
			c.dialect = "centrifuge"
		}
		if err := ask(c.command, config{Candidate: name, Describe: true}, &c.description); err != nil {
			return nil, err
		}
		peers = append(peers, c)
	}
	return peers, nil
}

// nodePeers installs the peers in JavaScript and returns them. The error says why there
// are none.
func nodePeers(module string) ([]candidate, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("no Node.js: %w", err)
	}
	dir := filepath.Join(module, "bench", "node")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		install := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm ci: %w: %s", err, out)
		}
	}
	peers := []candidate{
		{command: []string{node, "--expose-gc", filepath.Join(dir, "ws.js")}, dialect: "plain", description: description{Name: "ws"}},
		{command: []string{node, "--expose-gc", filepath.Join(dir, "socketio.js")}, dialect: "socket.io", description: description{Name: "socket.io"}},
	}
	for i := range peers {
		c := &peers[i]
		if err := ask(c.command, config{Candidate: c.Name, Describe: true}, &c.description); err != nil {
			return nil, err
		}
	}
	return peers, nil
}

// variant is the candidate under another name, with a change.
func (c candidate) variant(name string, change func(*candidate)) candidate {
	c.runs, c.Name = c.Name, name
	change(&c)
	return c
}

func find(all []candidate, name string) (candidate, bool) {
	i := slices.IndexFunc(all, func(c candidate) bool { return c.Name == name })
	if i < 0 {
		return candidate{}, false
	}
	return all[i], true
}
