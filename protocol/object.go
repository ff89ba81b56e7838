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
	}
	return append(dst, encoded...), nil
}

// encoder is a buffer and what encodes into it. To make both for each body takes
// three allocations in place of one.
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

// TopLevelKeys iterates over the keys of an object, which must be valid JSON.
func TopLevelKeys(object []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := scanner{data: object}
		if s.take('{') != nil {
			return
		}
		for s.peek() == '"' {
			name, err := s.text()
			if err != nil || !yield(string(name.bytes())) {
				return
			}
			if s.take(':') != nil {
				return
			}
			if _, err := s.value(); err != nil || s.peek() != ',' {
				return
			}
			s.pos++
			s.space()
		}
	}
}
