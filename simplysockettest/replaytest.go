package simplysockettest

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/replay"
)

// ReplayTest is a Go test that is made of a recording.
type ReplayTest struct {
	// Name of the test function, such as TestGameOfFriday.
	Name string
	// Package of the test. Default "rooms_test".
	Package string
	// Setup of the room as a Go expression, such as game.Room, and the packages that it
	// needs.
	Setup   string
	Imports []string
	// Pattern is the pattern of the room's name, if the setup uses its wildcards.
	Pattern string
	// Comment says what the recording shows.
	Comment string
}

var capital = regexp.MustCompile(`[A-Z]`)

// Write writes the test into a folder: a Go file that replays the recording, and the
// recording itself under testdata. It returns the name of the Go file.
func (rt ReplayTest) Write(dir string, recorded io.Reader) (file string, err error) {
	base := strings.TrimPrefix(capital.ReplaceAllStringFunc(strings.TrimPrefix(rt.Name, "Test"), func(s string) string {
		return "_" + strings.ToLower(s)
	}), "_")
	data := "testdata/" + base + recording.Extension
	test := replay.Test{
		Package: rt.Package, Name: rt.Name, Recording: data, Setup: rt.Setup, Pattern: rt.Pattern, Imports: rt.Imports, Comment: rt.Comment,
	}
	if test.Package == "" {
		test.Package = "rooms_test"
	}
	var source strings.Builder
	if err := test.Write(&source); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, "testdata"), 0o750); err != nil {
		return "", err
	}
	all, err := io.ReadAll(recorded)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(data)), all, 0o600); err != nil {
		return "", err
	}
	file = filepath.Join(dir, base+"_test.go")
	return file, os.WriteFile(file, []byte(source.String()), 0o600)
}

// WriteScript writes the first segment of a recording as calls of this package, from which a
// test of its own can be made. What the calls cannot repeat is a comment.
func WriteScript(w io.Writer, recorded io.Reader) error { return replay.Script(w, recorded) }
