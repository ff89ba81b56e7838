package protocol

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// MaxName and MaxAction are the length of the longest name and action in bytes.
const (
	MaxName   = 128
	MaxAction = 128
)

var (
	errNameLength    = errors.New("a name has 1 to 128 bytes")
	errNameCharacter = errors.New("a name is made of ASCII letters, digits and . _ - / : @")
	errNameSegment   = errors.New("a name has no empty segment and none that is . or .. alone")
	errActionLength  = errors.New("an action has 1 to 128 bytes")
	errActionText    = errors.New("an action has no control characters and is UTF-8")
)

// inName are the bytes that names are made of.
var inName = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:@") {
		table[c] = true
	}
	return table
}()

// ValidName returns what keeps name from being the name of a room or a slug, or
// nil: 1 to 128 bytes of ASCII letters, digits and . _ - / : @ without a segment
// between '/' that is empty, "." or "..".
func ValidName[S string | []byte](name S) error {
	if len(name) == 0 || len(name) > MaxName {
		return errNameLength
	}
	start := 0 // of the segment
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			if !inName[name[i]] {
				return errNameCharacter
			}
			continue
		}
		switch size := i - start; {
		case size == 0,
			size == 1 && name[start] == '.',
			size == 2 && name[start] == '.' && name[start+1] == '.':
			return errNameSegment
		}
		start = i + 1
	}
	return nil
}

// ValidAction returns what keeps action from being one, or nil: 1 to 128 bytes
// of UTF-8 without control characters.
func ValidAction[S string | []byte](action S) error {
	if len(action) == 0 || len(action) > MaxAction {
		return errActionLength
	}
	for i := 0; i < len(action); {
		if c := action[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return errActionText
			}
			i++
			continue
		}
		r, size := decodeRune(action[i:])
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) {
			return errActionText
		}
		i += size
	}
	return nil
}

func decodeRune[S string | []byte](s S) (rune, int) {
	var first [utf8.UTFMax]byte
	return utf8.DecodeRune(first[:copy(first[:], s)])
}
