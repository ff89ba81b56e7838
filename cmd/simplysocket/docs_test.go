package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentedFlags: the flags that the documents name exist, as flags and in the
// environment.
func TestDocumentedFlags(t *testing.T) {
	known := map[string]bool{}
	for _, command := range newParser(&commandLine{}, streams{out: io.Discard, err: io.Discard}, func(int) {}).Model.Children {
		for _, flag := range command.Flags {
			known["--"+flag.Name] = true
			for _, variable := range flag.Envs {
				known[variable] = true
			}
		}
	}
	named := regexp.MustCompile(`--[a-z][a-z0-9-]+|SIMPLYSOCKET_[A-Z_]+`)
	for _, file := range []string{"docs/deploying.md", "docs/load-testing.md"} {
		found := named.FindAllString(document(t, file), -1)
		if len(found) < 10 {
			t.Errorf("%s names only %q", file, found)
		}
		for _, name := range found {
			if !known[name] {
				t.Errorf("%s names %s", file, name)
			}
		}
	}
}

// TestDocumentedProxy: the document shows the Go proxy that the page is tested with.
func TestDocumentedProxy(t *testing.T) {
	_, block, _ := strings.Cut(document(t, "docs/deploying.md"), "```go\n")
	block, _, found := strings.Cut(block, "```")
	flush := func(text string) string { return strings.ReplaceAll(text, "\t", "") }
	if !found || !strings.Contains(flush(document(t, "cmd/simplysocket/demo/prefix_test.go")), flush(block)) {
		t.Errorf("no test contains this:\n%s", block)
	}
}
