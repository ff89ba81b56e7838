package protocol

import (
	"strconv"
	"unicode/utf8"
)

// Header is an envelope without its body, as it is to be written. Fields with
// their zero value are left out, except for those that stand in every message.
type Header struct {
	Action         string
	IsTargetClient bool
	Target         string
	Sender         string

	ID   uint64
	Ref  uint64
	Re   string
	Room string
	Seq  uint64
	N    uint64
	Time int64
}

// AppendEnvelope appends the message of that header and body. The body is an
// object, and is copied as it is; nil is {}.
func AppendEnvelope(dst []byte, h *Header, body []byte) []byte {
	dst = append(dst, `{"action":`...)
	dst = AppendString(dst, h.Action)
	dst = append(dst, `,"message_body":`...)
	if body == nil {
		body = emptyObject
	}
	dst = append(dst, body...)
	dst = append(dst, `,"IsTargetClient":`...)
	dst = strconv.AppendBool(dst, h.IsTargetClient)
	dst = append(dst, `,"target":`...)
	dst = AppendString(dst, h.Target)
	dst = append(dst, `,"sender":`...)
	dst = AppendString(dst, h.Sender)
	dst = appendText(dst, `,"room":`, h.Room)
	dst = appendNumber(dst, `,"id":`, h.ID)
	dst = appendNumber(dst, `,"ref":`, h.Ref)
	dst = appendText(dst, `,"re":`, h.Re)
	dst = appendNumber(dst, `,"seq":`, h.Seq)
	dst = appendNumber(dst, `,"n":`, h.N)
	dst = appendNumber(dst, `,"time":`, uint64(h.Time)) //nolint:gosec // since 1970
	return append(dst, '}')
}

func appendText(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return AppendString(append(dst, key...), value)
}

func appendNumber(dst []byte, key string, value uint64) []byte {
	if value == 0 {
		return dst
	}
	return strconv.AppendUint(append(dst, key...), value, 10)
}

// AppendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
// There are no HTML escapes.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if !plain[c] {
				dst = appendEscape(append(dst, s[done:i]...), c)
				done = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(append(dst, s[done:i]...), "\ufffd"...)
			done = i + 1
		}
		i += size
	}
	return append(append(dst, s[done:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	if c == '"' || c == '\\' {
		return append(dst, '\\', c)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
