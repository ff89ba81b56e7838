package simplysockettest_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// printed returns what f writes to the standard output.
func printed(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	f()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExampleEnds: what ends a test ends an example, and what is to be cleaned up is.
func TestExampleEnds(t *testing.T) {
	for what, tt := range map[string]struct {
		end             func(testing.TB)
		text            string
		failed, skipped bool
	}{
		"return": {func(testing.TB) {}, "", false, false},
		"error":  {func(t testing.TB) { t.Error("one", 2); t.Errorf("%d", 3) }, "one 2\n3\n", true, false},
		"fatal":  {func(t testing.TB) { t.Fatal("one", 2) }, "one 2\n", true, false},
		"fatalf": {func(t testing.TB) { t.Fatalf("%d", 3) }, "3\n", true, false},
		"skip":   {func(t testing.TB) { t.Skip("it prints nothing") }, "", false, true},
	} {
		t.Run(what, func(t *testing.T) {
			var steps []string
			var dir string
			text := printed(t, func() {
				simplysockettest.Example(func(t testing.TB) {
					dir = t.TempDir()
					t.Cleanup(func() {
						if t.Context().Err() != nil && t.Failed() == tt.failed && t.Skipped() == tt.skipped {
							steps = append(steps, "last")
						}
					})
					t.Cleanup(func() {
						steps = append(steps, "first")
						runtime.Goexit() // the next is called all the same
					})
					t.Log("a log is discarded")
					tt.end(t)
					if what != "return" && what != "error" {
						steps = append(steps, "went on")
					}
				})
			})
			if text != tt.text {
				t.Errorf("printed %q", text)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("the folder %s: %v", dir, err)
			}
			if !slices.Equal(steps, []string{"first", "last"}) {
				t.Errorf("steps: %v", steps)
			}
		})
	}
}
