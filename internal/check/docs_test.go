package main

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// root is where the documents and the modules are.
const root = "../.."

// blocks returns the fenced code blocks of a Markdown file with that info string.
func blocks(t *testing.T, file, info string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```" + info + "\n(.*?)^```$")
	var found []string
	for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("%s has no block %q", file, info)
	}
	return found
}

// TestReadmeCode: the code in README is part of a file that is compiled.
func TestReadmeCode(t *testing.T) {
	t.Chdir(root)
	var compiled strings.Builder
	for _, pattern := range []string{"examples/*/main.go", "example_*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compiled.WriteString(flush(string(text)))
		}
	}
	for _, block := range blocks(t, "README.md", "go") {
		if !strings.Contains(compiled.String(), flush(block)) {
			t.Errorf("no example contains this:\n%s", block)
		}
	}
}

// flush removes the indentation.
func flush(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// TestExamplesAreWhole: each file of examples is a whole program about one subject, which a
// reader sees, copies and runs without any other file.
func TestExamplesAreWhole(t *testing.T) {
	t.Chdir(root)
	for _, pattern := range []string{"example_*_test.go", "simplysockettest/example*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			switch examples := doc.Examples(parsed); {
			case len(examples) != 1:
				t.Errorf("%s has %d examples", file, len(examples))
			case examples[0].Play == nil || !slices.ContainsFunc(parsed.Decls, isOther):
				t.Errorf("%s is not whole: it has to declare what it uses, beside its example", file)
			}
		}
	}
}

// isOther reports whether a declaration is neither an import nor an example.
func isOther(d ast.Decl) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return !strings.HasPrefix(d.Name.Name, "Example")
	case *ast.GenDecl:
		return d.Tok != token.IMPORT
	default:
		return false
	}
}

// TestProtocolFrames: the server writes exactly the server frames of the document, and
// understands the client frames.
func TestProtocolFrames(t *testing.T) {
	t.Chdir(root)
	const file = "docs/protocol.md"
	for _, block := range blocks(t, file, "json server") {
		for frame := range strings.Lines(block) {
			frame = strings.TrimSuffix(frame, "\n")
			env, err := protocol.ParseServer([]byte(frame))
			if err != nil {
				t.Errorf("%s: %v", frame, err)
				continue
			}
			written := protocol.AppendEnvelope(nil, &protocol.Header{
				Action:         string(env.Action),
				IsTargetClient: env.IsTargetClient,
				Target:         string(env.Target),
				Sender:         string(env.Sender),
				Ref:            env.Ref,
				Re:             string(env.Re),
				Room:           string(env.Room),
				Seq:            env.Seq,
				N:              env.N,
				Time:           env.Time,
			}, env.Body)
			if string(written) != frame {
				t.Errorf("a server writes\n%s\nand not\n%s", written, frame)
			}
		}
	}
	for _, block := range blocks(t, file, "json client") {
		for frame := range strings.Lines(block) {
			if _, err := protocol.Parse([]byte(frame)); err != nil {
				t.Errorf("%s: %v", frame, err)
			}
		}
	}
}

// TestProtocolTables: the document has every action, error code and close code.
func TestProtocolTables(t *testing.T) {
	t.Chdir(root)
	document, err := os.ReadFile("docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for source, constant := range map[string]*regexp.Regexp{
		"protocol/action.go": regexp.MustCompile(`(?m)^\tAction\w+ += "(.+)"$`),
		"protocol/code.go":   regexp.MustCompile(`(?m)^\t(?:Code\w+ +Code|Close\w+ +CloseCode) += "?([a-z0-9-]+)"?`),
	} {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		constants := constant.FindAllStringSubmatch(string(text), -1)
		if len(constants) < 15 {
			t.Errorf("%s: found only %d constants", source, len(constants))
		}
		for _, match := range constants {
			if value := match[1]; !strings.Contains(string(document), "`"+value+"`") && !strings.Contains(string(document), "\n| "+value+" |") {
				t.Errorf("docs/protocol.md does not mention %s", value)
			}
		}
	}
}

// TestDependencies: the document lists the direct requirements of the workspace's
// modules, with their versions, and nothing else.
func TestDependencies(t *testing.T) {
	t.Chdir(root)
	dirs, err := workspace(t.Context(), &transcript{})
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, dir := range append(dirs, "tools") {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, required := range regexp.MustCompile(`(?m)^(?:require |\t)(\S+) (v\S+)$`).FindAllStringSubmatch(all.String(), -1) {
		if required[1] == library {
			continue
		}
		if row := "| `" + required[1] + "` | " + required[2] + ","; !strings.Contains(string(document), row) {
			t.Errorf("docs/dependencies.md has no row that begins with %s", row)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (v\\S+),").FindAllStringSubmatch(string(document), -1) {
		if !strings.Contains(all.String(), row[1]+" "+row[2]) {
			t.Errorf("docs/dependencies.md has a row for %s %s, which no module requires", row[1], row[2])
		}
	}
}
