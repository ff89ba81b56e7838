package protocol

import (
	"encoding/json"
	"fmt"
)

// maxDepth is how deep the values of an envelope may be nested, itself counted.
const maxDepth = 64

// scanner reads JSON (RFC 8259) once, from the front, and copies nothing. Its
// errors say at which byte.
type scanner struct {
	data []byte
	pos  int
	deep bool // something was nested deeper than maxDepth
}

func (s *scanner) fail(what string) error {
	if s.pos >= len(s.data) {
		return fmt.Errorf("byte %d: the message ends early", s.pos)
	}
	return fmt.Errorf("byte %d: %s", s.pos, what)
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek skips white space and returns the byte behind it, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// take takes the byte c, white space before it.
func (s *scanner) take(c byte) error {
	if s.peek() != c || s.pos >= len(s.data) {
		return s.fail(fmt.Sprintf("%q expected", c))
	}
	s.pos++
	return nil
}

// text is a string as it stands in the data, without its quotes.
type text struct {
	raw     []byte
	escaped bool
	lone    bool // it names half of a surrogate pair, which is no character
}

// bytes returns the string; a copy only where it has escapes.
func (t text) bytes() []byte {
	if !t.escaped {
		return t.raw
	}
	quoted := make([]byte, 0, len(t.raw)+2)
	quoted = append(append(append(quoted, '"'), t.raw...), '"')
	var decoded string
	_ = json.Unmarshal(quoted, &decoded) // it was scanned
	return []byte(decoded)
}

// plain are the bytes of a string that need no look.
var plain = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return table
}()

// text takes a string.
func (s *scanner) text() (t text, err error) {
	if err := s.take('"'); err != nil {
		return t, err
	}
	start := s.pos
	for {
		for s.pos < len(s.data) && plain[s.data[s.pos]] {
			s.pos++
		}
		if s.pos >= len(s.data) {
			return t, s.fail("")
		}
		switch s.data[s.pos] {
		case '"':
			t.raw = s.data[start:s.pos]
			s.pos++
			return t, nil
		case '\\':
			lone, err := s.escape()
			if err != nil {
				return t, err
			}
			t.escaped, t.lone = true, t.lone || lone
		default:
			return t, s.fail("control character in a string")
		}
	}
}

// escape takes an escape sequence, both halves of a surrogate pair at once.
func (s *scanner) escape() (lone bool, err error) {
	s.pos++
	if s.pos >= len(s.data) {
		return false, s.fail("")
	}
	switch s.data[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return false, nil
	case 'u':
	default:
		return false, s.fail("unknown escape in a string")
	}
	s.pos++
	first, err := s.hex4()
	if err != nil || first < 0xd800 || first > 0xdfff {
		return false, err
	}
	if first >= 0xdc00 || s.pos+1 >= len(s.data) || s.data[s.pos] != '\\' || s.data[s.pos+1] != 'u' {
		return true, nil
	}
	before := s.pos
	s.pos += 2
	second, err := s.hex4()
	if err == nil && (second < 0xdc00 || second > 0xdfff) {
		s.pos = before // not its other half: an escape of its own
		return true, nil
	}
	return false, err
}

func (s *scanner) hex4() (r rune, err error) {
	for range 4 {
		if s.pos >= len(s.data) {
			return 0, s.fail("")
		}
		switch c := s.data[s.pos]; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, s.fail("invalid \\u escape in a string")
		}
		s.pos++
	}
	return r, nil
}

// value takes any value and returns it as it stands. It needs no stack beyond a
// byte per open bracket, so that no nesting can exhaust it.
func (s *scanner) value() ([]byte, error) {
	s.space()
	start := s.pos
	var room [maxDepth]byte
	open := room[:0] // the closing brackets that are due
	for {
		closing, err := s.begin()
		if err != nil {
			return nil, err
		}
		if closing != 0 {
			if open = append(open, closing); len(open) >= maxDepth {
				s.deep = true // the envelope itself is the first level
			}
			if s.peek() != closing {
				if err := s.key(closing); err != nil {
					return nil, err
				}
				continue
			}
			s.pos++
			open = open[:len(open)-1]
		}
		for {
			if len(open) == 0 {
				return s.data[start:s.pos], nil
			}
			closing := open[len(open)-1]
			switch s.peek() {
			case closing:
				s.pos++
				open = open[:len(open)-1]
				continue
			case ',':
				s.pos++
				if err := s.key(closing); err != nil {
					return nil, err
				}
			default:
				return nil, s.fail(fmt.Sprintf("',' or %q expected", closing))
			}
			break
		}
	}
}

// key takes a key and its colon, if the value that comes is in an object.
func (s *scanner) key(closing byte) error {
	if closing != '}' {
		return nil
	}
	if _, err := s.text(); err != nil {
		return err
	}
	return s.take(':')
}

// begin takes a scalar, or an opening bracket, of which it returns the closing
// one.
func (s *scanner) begin() (closing byte, err error) {
	switch c := s.peek(); {
	case c == '{':
		s.pos++
		return '}', nil
	case c == '[':
		s.pos++
		return ']', nil
	case c == '"':
		_, err := s.text()
		return 0, err
	case c == 't':
		return 0, s.word("true")
	case c == 'f':
		return 0, s.word("false")
	case c == 'n':
		return 0, s.word("null")
	case c == '-' || c >= '0' && c <= '9':
		return 0, s.number()
	default:
		return 0, s.fail("a value expected")
	}
}

func (s *scanner) word(word string) error {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return s.fail(word + " expected")
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) number() error {
	if s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.pos < len(s.data) && (s.data[s.pos] == 'e' || s.data[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		return s.digits()
	}
	return nil
}

func (s *scanner) digits() error {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	if s.pos == start {
		return s.fail("a digit expected")
	}
	return nil
}
