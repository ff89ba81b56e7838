package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pipe is the console of a program: messages go out as lines of JSON, and texts for a
// person go elsewhere.
type pipe struct {
	in       *bufio.Reader
	out, err io.Writer
}

func newPipe(s streams) *pipe {
	return &pipe{in: bufio.NewReader(s.in), out: s.out, err: s.err}
}

// readLine also accepts an unfinished last line.
func (p *pipe) readLine() (string, error) {
	line, err := p.in.ReadString('\n')
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func (p *pipe) show(m *incoming) {
	_, _ = p.out.Write(appendLine(nil, m.text())) // there is nobody to report an error to
}

func (p *pipe) say(lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(p.err, printable(line))
	}
}

func (p *pipe) open() error   { return nil }
func (p *pipe) prompt(string) {}
func (p *pipe) close()        {}

// appendLine appends a JSON text as one line. JSON allows DEL and C1 in strings as they
// are; a terminal would obey them, so they are escaped.
func appendLine(dst, text []byte) []byte {
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return dst
	}
	for _, r := range line.String() {
		if unicode.IsControl(r) {
			dst = fmt.Appendf(dst, `\u%04x`, r)
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	return append(dst, '\n')
}
