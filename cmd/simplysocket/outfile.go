package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/report"
)

// checkFiles finds errors before the run that would otherwise show up only at its end.
func (c *benchCommand) checkFiles() error {
	for name, path := range map[string]string{"json": c.JSON, "html": c.HTML} {
		if path == "" || name == "json" && path == stdout {
			continue
		}
		directory, err := os.Stat(filepath.Dir(path))
		if err == nil && !directory.IsDir() {
			err = fmt.Errorf("%s is no directory", directory.Name())
		}
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	return nil
}

// stdout is the file name that stands for standard output.
const stdout = "-"

// write writes the report in every requested form.
func (c *benchCommand) write(r *report.Report, s streams) error {
	text := s.out
	if c.JSON == stdout {
		text = s.err
	}
	for line := range strings.Lines(r.Text()) {
		fmt.Fprintln(text, printable(strings.TrimSuffix(line, "\n")))
	}
	for _, form := range []struct {
		path string
		to   func(io.Writer) error
	}{{c.JSON, r.JSON}, {c.HTML, r.HTML}} {
		if form.path == "" {
			continue
		}
		var whole bytes.Buffer
		if err := form.to(&whole); err != nil {
			return err
		}
		if form.path == stdout {
			if _, err := whole.WriteTo(s.out); err != nil {
				return err
			}
		} else if err := os.WriteFile(form.path, whole.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
