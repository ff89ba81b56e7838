// Command peers runs one candidate of the comparison: a server that does the
// job of a SimplySocket server with another library. The coordinator in
// ../../bench starts it, one process for each candidate and job.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	c, err := parseConfig(args)
	if err != nil {
		return err
	}
	print := json.NewEncoder(out).Encode
	if c.List {
		var names []string
		for _, candidate := range candidates {
			names = append(names, candidate.name)
		}
		return print(names)
	}
	candidate, ok := find(c.Candidate)
	if !ok {
		return fmt.Errorf("no candidate %q", c.Candidate)
	}
	if c.Describe {
		return print(candidate.describe())
	}
	h, err := candidate.serve(c)
	if err != nil {
		return err
	}
	server, address, err := listen(c, h)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := print(map[string]string{"address": address.String()}); err != nil {
		return err
	}
	return control(in, out)
}
