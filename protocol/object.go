package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"unicode/utf8"
)

// ErrNotObject is returned for a body that does not encode to a JSON object.
var ErrNotObject = errors.New("not a JSON object")

// MarshalObject encodes a message body as encoding/json does, but without HTML
// escapes. What encodes to null, nil among it, becomes {}. The error is that of
// encoding/json, or wraps [ErrNotObject].
func MarshalObject(v any) ([]byte, error) { return AppendObject(nil, v) }

// AppendObject appends what [MarshalObject] makes of v, and nothing with an error.
func AppendObject(dst []byte, v any) ([]byte, error) {
	if v == nil {
		return append(dst, emptyObject...), nil
	}
	e := encoders.Get().(*encoder)
	defer e.release()
	if err := e.json.Encode(v); err != nil {
		return dst, err
	}
	encoded := bytes.TrimRight(e.buf.Bytes(), "\n")
	switch {
	case string(encoded) == "null":
		return append(dst, emptyObject...), nil
	case encoded[0] != '{':
		return dst, fmt.Errorf("%w: %T", ErrNotObject, v)
	case !utf8.Valid(encoded): // encoding/json does not look into a RawMessage
		return dst, fmt.Errorf("%w: %T is not UTF-8", ErrNotObject, v)
	case tooDeep(encoded):
		return dst, fmt.Errorf("%w: %T is nested deeper than %d", ErrNotObject, v, maxDepth-1)
	}
	return append(dst, encoded...), nil
}

// tooDeep reports whether a body is nested deeper than a peer takes. Few have as many
// brackets as it needs.
func tooDeep(body []byte) bool {
	const most = maxDepth - 1 // the envelope is one
	if bytes.Count(body, []byte{'{'})+bytes.Count(body, []byte{'['}) <= most {
		return false
	}
	s := scanner{data: body}
	_, err := s.value()
	return err == nil && s.deep
}

// Compact appends valid JSON without the white space between its tokens.
func Compact(dst, data []byte) []byte {
	s := scanner{data: data}
	for s.pos < len(data) {
		switch c := data[s.pos]; {
		case c == '"':
			start := s.pos
			if _, err := s.text(); err != nil {
				return append(dst, data[start:]...)
			}
			dst = append(dst, data[start:s.pos]...)
		case c <= ' ':
			s.pos++
		default:
			dst = append(dst, c)
			s.pos++
		}
	}
	return dst
}

// encoder is a buffer and what encodes into it. To make both for each body takes
// three allocations instead of one.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
	return e
}}

// keptBuffer is the largest buffer that goes back to the pool.
const keptBuffer = 64 << 10

func (e *encoder) release() {
	if e.buf.Cap() <= keptBuffer {
		e.buf.Reset()
		encoders.Put(e)
	}
}

// Fields iterates over the keys of an object, which must be valid JSON, and their
// values. The values are parts of the object.
func Fields(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		s := scanner{data: object}
		if s.take('{') != nil {
			return
		}
		for s.peek() == '"' {
			name, err := s.text()
			if err != nil || s.take(':') != nil {
				return
			}
			value, err := s.value()
			if err != nil || !yield(string(name.bytes()), value) || s.peek() != ',' {
				return
			}
			s.pos++
			s.space()
		}
	}
}
