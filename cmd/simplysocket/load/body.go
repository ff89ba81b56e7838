package load

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// bodyTemplate writes and reads the bodies of a run: the run's name, the number of the
// message, and padding.
type bodyTemplate struct {
	run  string
	head []byte // up to the number
	tail []byte // from after the number, with the longest padding
	size int
}

const tailHead, tailEnd = `,"pad":"`, `"}`

func newBodyTemplate(run string, size int) *bodyTemplate {
	s := &bodyTemplate{run: run, size: size, head: []byte(`{"bench":"` + run + `","n":`)}
	s.tail = append([]byte(tailHead), bytes.Repeat([]byte("x"), size)...)
	return s
}

// write returns the body of message n.
func (s *bodyTemplate) write(n int) json.RawMessage {
	body := make([]byte, 0, s.size)
	body = append(body, s.head...)
	body = strconv.AppendInt(body, int64(n), 10)
	body = append(body, s.tail[:s.size-len(body)-len(tailEnd)]...)
	return append(body, tailEnd...)
}

// read returns the number of a message of this run. It recognizes the body that was sent
// byte by byte; a body that a room has changed is read as JSON.
func (s *bodyTemplate) read(body []byte) (n int, ours bool) {
	if n, ours := s.readOwn(body); ours {
		return n, true
	}
	var read struct {
		Bench string `json:"bench"`
		N     *int   `json:"n"`
	}
	if json.Unmarshal(body, &read) != nil || read.Bench != s.run || read.N == nil || *read.N < 0 {
		return 0, false
	}
	return *read.N, true
}

func (s *bodyTemplate) readOwn(body []byte) (n int, ours bool) {
	rest, found := bytes.CutPrefix(body, s.head)
	if !found || len(body) != s.size {
		return 0, false
	}
	digits := 0
	for digits < len(rest) && digits < maxDigits && '0' <= rest[digits] && rest[digits] <= '9' {
		n = n*10 + int(rest[digits]-'0')
		digits++
	}
	if digits == 0 || rest[0] == '0' && digits > 1 {
		return 0, false
	}
	padding, found := bytes.CutSuffix(rest[digits:], []byte(tailEnd))
	return n, found && bytes.Equal(padding, s.tail[:len(padding)])
}

// maxDigits is more than any message in the account has.
const maxDigits = 9
