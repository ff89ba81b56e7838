package js_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
	"github.com/DhruvikDonga/simplysocket/js"
)

func TestMain(m *testing.M) { leak.Main(m) }

func TestClient(t *testing.T) {
	if !strings.Contains(string(js.Client), "simplysocket.v1") {
		t.Error("the embedded file is not the client")
	}
}

// TestNPM runs the tests of the client with npm. It installs packages, so a plain
// go test skips it.
func TestNPM(t *testing.T) {
	if os.Getenv("SIMPLYSOCKET_NODE") != "required" {
		t.Skip("set SIMPLYSOCKET_NODE=required to run the tests of the client with npm")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not in PATH", program)
		}
	}
	stat(t)
	run(t, "npm", "ci", "--no-audit", "--no-fund")
	run(t, "npm", "test")
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// stat inspects every source file of the client and of the server that it is tested
// against. The go command reuses a cached result unless a file that the test itself has
// inspected has changed.
func stat(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		_, err = os.Stat(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
