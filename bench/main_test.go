//go:build linux

package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

// TestMain lets the test binary act as the processes that the benchmark starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "generator" || os.Args[1] == "candidate") {
		if err := command(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	leak.Main(m)
}
