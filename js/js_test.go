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
		t.Error("what is embedded is not the client")
	}
}

// TestNPM runs the tests of the client. A plain go test installs no packages.
func TestNPM(t *testing.T) {
	if os.Getenv("SIMPLYSOCKET_NODE") != "required" {
		t.Skip("SIMPLYSOCKET_NODE=required runs the client's tests by npm")
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

// stat looks at every source of the client and of the server it is tested against:
// the go command takes a test's result from its cache if no file has changed that
// the test itself has looked at.
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
