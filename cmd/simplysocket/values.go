package main

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
)

// values decides how flags with numbers are read: a value below zero is a value too, also
// as a word of its own, and errors are explained in words.
func values() []kong.Option {
	whole := func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }
	count := func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }
	float := func(text string) (float64, error) { return strconv.ParseFloat(text, 64) }
	mode := func(text string) (uint64, error) { return strconv.ParseUint(text, 8, 9) }
	return []kong.Option{
		kong.KindMapper(reflect.Int, value("a whole number", whole)),
		kong.KindMapper(reflect.Int64, value("a whole number", whole)),
		kong.KindMapper(reflect.Uint64, value("a whole number of at least 0", count)),
		kong.KindMapper(reflect.Float64, value("a number", float)),
		kong.TypeMapper(reflect.TypeFor[limit](), value("a whole number of at least 0", count)),
		kong.TypeMapper(reflect.TypeFor[fileMode](), value("an octal number from 0 to 777, as for chmod", mode)),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), value("a time with its unit, such as 10s or 1m30s", time.ParseDuration)),
	}
}

// belowZero are words that look like flags but are values.
var belowZero = regexp.MustCompile(`^-\.?[0-9]`)

// value reads one value.
func value[T any](what string, parse func(string) (T, error)) kong.MapperFunc {
	return func(flag *kong.DecodeContext, target reflect.Value) error {
		token := flag.Scan.Pop()
		text := fmt.Sprint(token.Value)
		if token.IsEOL() || !token.IsValue() && !belowZero.MatchString(text) {
			return fmt.Errorf("needs a value: %s", what)
		}
		parsed, err := parse(text)
		v := reflect.ValueOf(parsed)
		switch {
		case errors.Is(err, strconv.ErrRange), v.CanInt() && target.OverflowInt(v.Int()), v.CanUint() && target.OverflowUint(v.Uint()):
			return fmt.Errorf("%s is out of range", text)
		case err != nil:
			return fmt.Errorf("%q is not %s", text, what)
		}
		target.Set(v.Convert(target.Type()))
		return nil
	}
}
