package room

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Params are the keys of a body that the server itself reads, and where their values
// go. They are matched exactly, unlike the fields of encoding/json.
type Params map[string]any

// ReadParams takes the known keys out of a body; others are ignored. A key must not
// stand twice.
func ReadParams(body json.RawMessage, known Params) error {
	var seen map[string]bool
	for key, value := range protocol.Fields(body) {
		into := known[key]
		if into == nil {
			continue
		}
		if seen[key] {
			return Errorf(protocol.CodeBadMessage, "message_body: duplicate key %q", key)
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[key] = true
		if err := json.Unmarshal(value, into); err != nil {
			return badField(key, err)
		}
	}
	return nil
}

// BadBody is what a client reads of a body that does not decode: no name of a Go
// type is among it.
func BadBody(err error) *Error { return badField("", err) }

func badField(key string, err error) *Error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return Errorf(protocol.CodeBadMessage, "message_body: %shas the wrong form", subject(key))
	}
	if leaf := mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:]; leaf != "" {
		key = leaf
	}
	return Errorf(protocol.CodeBadMessage, "message_body: %swants %s, not %s", subject(key), jsonType(mismatch.Type), mismatch.Value)
}

func subject(key string) string {
	if key == "" {
		return ""
	}
	return fmt.Sprintf("%q ", key)
}

// jsonType says in words of JSON what decodes into a Go type.
func jsonType(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return "another value"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "an integer in range"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "a non-negative integer in range"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	default:
		return "another value"
	}
}
