package simplysockettest

import (
	"encoding"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Gen makes up what a step of an exploration needs. Its values are few, so that they meet
// again.
type Gen struct {
	rng     *rand.Rand
	room    *Room
	sender  *Client
	names   []string
	strange bool // values that no room expects are made up
	words   []string
	span    int              // the usual numbers are less
	learned []string         // words of what a new room keeps, and of the errors that clients have read
	heard   map[string][]any // what clients have received, by the key that it had
}

// Room returns the room as it is before the step.
func (g *Gen) Room() *Room { return g.room }

// Sender returns the member that the message comes from; nil: it is not a member's.
func (g *Gen) Sender() *Client { return g.sender }

// Pick returns one of the words.
func (g *Gen) Pick(words ...string) string { return words[g.rng.IntN(len(words))] }

// Int returns a number from lo to hi.
func (g *Gen) Int(lo, hi int) int { return lo + g.rng.IntN(hi-lo+1) }

// OneIn reports true once in n times.
func (g *Gen) OneIn(n int) bool { return g.rng.IntN(n) == 0 }

// Client returns the ID of a client, most often that of a member.
func (g *Gen) Client() string {
	if len(g.room.seats) > 0 && !g.OneIn(4) {
		return g.room.seats[g.rng.IntN(len(g.room.seats))].id
	}
	return g.Pick(g.names...)
}

// Fill makes up a value for what v points to, as Explore does for bodies without a function
// of their own.
func (g *Gen) Fill(v any) {
	_ = json.Unmarshal(g.value(nil, reflect.TypeOf(v).Elem(), "", 0), v) // a type may refuse it
}

// object makes up a body of a type; nil: any body.
func (g *Gen) object(t reflect.Type) json.RawMessage {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface || t == reflect.TypeFor[json.RawMessage]() {
		return g.anyObject()
	}
	if body := g.value(nil, t, "", 0); len(body) > 0 && body[0] == '{' {
		return body
	}
	return json.RawMessage("{}")
}

// anyObject makes up a body whose type is not known.
func (g *Gen) anyObject() json.RawMessage {
	b := []byte{'{'}
	for _, key := range []string{"text", "n", "to"} {
		if g.OneIn(3) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, key), ':')
		if key == "n" {
			b = strconv.AppendInt(b, g.int(key, math.MinInt32, math.MaxInt32), 10)
		} else {
			b = appendText(b, g.text(key))
		}
	}
	return append(b, '}')
}

const deepest = 4

// value appends the JSON form of a value of a type that stands under a key.
func (g *Gen) value(b []byte, t reflect.Type, key string, depth int) []byte {
	if form, ok := g.ownForm(b, t, key); ok {
		return form
	}
	switch t.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, g.OneIn(2))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		most := int64(math.MaxInt64) >> (64 - t.Bits())
		return strconv.AppendInt(b, g.int(key, -most-1, most), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		most := int64(math.MaxInt64)
		if t.Bits() < 64 {
			most = 1<<t.Bits() - 1
		}
		return strconv.AppendInt(b, g.int(key, 0, most), 10)
	case reflect.Float32, reflect.Float64:
		if g.OneIn(4) {
			return append(b, "0.5"...)
		}
		return strconv.AppendInt(b, g.int(key, math.MinInt32, math.MaxInt32), 10)
	case reflect.String:
		return appendText(b, g.text(key))
	case reflect.Pointer:
		if depth > deepest || g.OneIn(4) {
			return append(b, "null"...)
		}
		return g.value(b, t.Elem(), key, depth+1)
	case reflect.Slice, reflect.Array:
		return g.list(b, t, key, depth)
	case reflect.Map:
		return g.table(b, t, key, depth)
	case reflect.Struct:
		b, _ = g.fields(append(b, '{'), t, depth, 0)
		return append(b, '}')
	case reflect.Interface:
		return appendText(b, g.text(key))
	default:
		return append(b, "null"...)
	}
}

// ownForm appends the form of a type that decodes itself.
func (g *Gen) ownForm(b []byte, t reflect.Type, key string) (form []byte, ok bool) {
	pointer := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[time.Time]():
		at := g.room.now.Add(time.Duration(g.int(key, -1000, 1000)) * time.Second)
		return at.AppendFormat(append(b, '"'), `2006-01-02T15:04:05Z07:00"`), true
	case t == reflect.TypeFor[json.RawMessage]():
		return append(b, g.anyObject()...), true
	case t == reflect.TypeFor[json.Number]():
		return strconv.AppendInt(b, g.int(key, math.MinInt32, math.MaxInt32), 10), true
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		if zero, err := json.Marshal(reflect.Zero(t).Interface()); err == nil && !g.OneIn(3) {
			return append(b, zero...), true
		}
		return appendText(b, g.text(key)), true
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return appendText(b, g.text(key)), true
	default:
		return b, false
	}
}

func (g *Gen) list(b []byte, t reflect.Type, key string, depth int) []byte {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return append(b, g.Pick(`""`, `"AA=="`, `"AQID"`, "null")...)
	}
	n := g.rng.IntN(4)
	switch {
	case t.Kind() == reflect.Array:
		n = t.Len()
	case depth > deepest:
		n = 0
	case g.OneIn(10):
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = g.value(b, t.Elem(), strings.TrimSuffix(key, "s"), depth+1)
	}
	return append(b, ']')
}

func (g *Gen) table(b []byte, t reflect.Type, key string, depth int) []byte {
	n := g.rng.IntN(3)
	if depth > deepest {
		n = 0
	}
	b = append(b, '{')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		if t.Key().Kind() == reflect.String {
			b = appendText(b, g.text(key))
		} else {
			b = strconv.AppendInt(append(b, '"'), g.int(key, 0, 100), 10)
			b = append(b, '"')
		}
		b = g.value(append(b, ':'), t.Elem(), key, depth+1)
	}
	return append(b, '}')
}

// fields appends the fields of a struct, after n others.
func (g *Gen) fields(b []byte, t reflect.Type, depth, n int) ([]byte, int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			b, n = g.fields(b, f.Type, depth, n)
			continue
		}
		if !f.IsExported() || f.Tag.Get("json") == "-" || g.OneIn(16) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ':')
		if slices.Contains(strings.Split(options, ","), "string") && f.Type.Kind() != reflect.String {
			b = append(g.value(append(b, '"'), f.Type, name, depth+1), '"')
		} else {
			b = g.value(b, f.Type, name, depth+1)
		}
	}
	return b, n
}

func appendText(b []byte, text string) []byte {
	form, _ := json.Marshal(text) // of a string there always is one
	return append(b, form...)
}

// text makes up a string that stands under a key.
func (g *Gen) text(key string) string {
	key = strings.ToLower(key)
	if heard := g.heard[key]; len(heard) > 0 && g.OneIn(2) {
		if s, ok := g.newest(heard).(string); ok {
			return s
		}
	}
	switch {
	case namesClient(key) && !g.OneIn(5):
		return g.Client()
	case g.OneIn(10):
		return ""
	case g.strange && g.OneIn(4):
		return g.Pick(" ", "ä", strings.Repeat("long", 100), "0", "-1", "../x", "a b")
	case g.OneIn(6):
		return g.anyHeard()
	case len(g.learned) > 0 && g.OneIn(8):
		return g.Pick(g.learned...)
	default:
		return g.Pick(g.words...)
	}
}

// learnWords remembers the words of an error, which may say what is allowed.
func (g *Gen) learnWords(why string) {
	for _, word := range strings.FieldsFunc(why, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '_' }) {
		g.learn(word)
	}
}

func (g *Gen) learn(word string) {
	const longest = 16
	if word != "" && len(word) <= longest && !slices.Contains(g.learned, word) && len(g.learned) < 4*mostHeard {
		g.learned = append(g.learned, word)
	}
}

// learnKept remembers the strings and keys of what a room keeps: they may name what clients
// can ask for, such as the pieces of a game.
func (g *Gen) learnKept(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			g.learn(key)
			g.learnKept(v[key])
		}
	case []any:
		for _, element := range v {
			g.learnKept(element)
		}
	case string:
		g.learn(v)
	}
}

// anyHeard returns a string that a client has received, whatever its key was.
func (g *Gen) anyHeard() string {
	if all := g.heard[anyKey]; len(all) > 0 {
		return g.newest(all).(string)
	}
	return g.Client()
}

// newest returns one of the values, most often the newest.
func (g *Gen) newest(heard []any) any {
	if g.OneIn(2) {
		return heard[len(heard)-1]
	}
	return heard[g.rng.IntN(len(heard))]
}

// namesClient reports whether the value of a key is likely to be a client.
func namesClient(key string) bool {
	for _, part := range []string{"client", "member", "player", "user", "opponent", "target", "who", "sender", "name", "owner", "peer", "winner", "host"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return key == "to" || key == "from" || key == "id" || key == "for" || key == "by"
}

// int makes up a number that stands under a key.
func (g *Gen) int(key string, least, most int64) int64 {
	n := int64(g.rng.IntN(g.span))
	heard := g.heard[strings.ToLower(key)]
	switch {
	case len(heard) > 0 && g.OneIn(2):
		if known, ok := g.newest(heard).(float64); ok {
			n = int64(known)
			if g.OneIn(5) {
				n += int64(g.rng.IntN(3) - 1)
			}
		}
	case g.OneIn(4):
		n = []int64{-1, -1, int64(len(g.room.seats)), 5, 10, 100}[g.rng.IntN(6)]
	case g.strange && g.OneIn(4):
		n = []int64{1000, 1 << 16, 1_000_000, -1_000_000, math.MaxInt64, math.MinInt64}[g.rng.IntN(6)]
	}
	return min(max(n, least), most)
}

// anyKey stands for all strings that were heard.
const anyKey = ""

// mostHeard bounds what is remembered for a key.
const mostHeard = 8

// hear remembers the values of a body that a client has received.
func (g *Gen) hear(body []byte) {
	const tooLong = 2 << 10
	if len(body) <= len("{}") || len(body) > tooLong {
		return
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		g.note("", v, 0)
	}
}

func (g *Gen) note(key string, v any, depth int) {
	if depth > deepest {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			g.note(strings.ToLower(k), v[k], depth+1)
		}
	case []any:
		for _, element := range v[:min(len(v), mostHeard)] {
			g.note(strings.TrimSuffix(key, "s"), element, depth+1)
		}
	case string:
		const tooLong = 64
		if key != anyKey && len(v) <= tooLong {
			g.keep(key, v)
			g.keep(anyKey, v)
		}
	case float64:
		if key != anyKey && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			g.keep(key, v)
		}
	}
}

func (g *Gen) keep(key string, v any) {
	kept := g.heard[key]
	if i := slices.Index(kept, v); i >= 0 {
		kept = slices.Delete(kept, i, i+1)
	} else if len(kept) == mostHeard {
		kept = slices.Delete(kept, 0, 1)
	}
	g.heard[key] = append(kept, v)
}
