package load

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Kind is a kind of failure.
type Kind string

// The kinds of failures.
const (
	Connect Kind = "connect" // a client did not get into its room
	Ended   Kind = "ended"   // the server ended a session for good
	Removed Kind = "removed" // a client was removed from its room
	Refused Kind = "refused" // a message was answered with an error
	Unknown Kind = "unknown" // nobody knows the outcome of a message
	Unsent  Kind = "unsent"  // a message never left the client
)

// Failure is how often something failed in one way.
type Failure struct {
	Kind    Kind   `json:"kind"`
	Code    string `json:"code"`
	Count   int64  `json:"count"`
	Example string `json:"example"` // the first in full
}

// tally counts failures. Texts from a server are shortened and made safe to print, and
// cannot make it grow without bound.
type tally struct {
	mu       sync.Mutex
	failures map[[2]string]*Failure
}

const (
	maxFailures = 64
	maxExample  = 200
	otherCode   = "other"
)

func (t *tally) add(kind Kind, err error) {
	code := codeOf(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failures == nil {
		t.failures = map[[2]string]*Failure{}
	}
	if !protocol.ValidCode(code) || len(t.failures) >= maxFailures && t.failures[[2]string{string(kind), code}] == nil {
		code = otherCode
	}
	key := [2]string{string(kind), code}
	f := t.failures[key]
	if f == nil {
		f = &Failure{Kind: kind, Code: code, Example: example(err)}
		t.failures[key] = f
	}
	f.Count++
}

// list returns the failures, the most frequent first.
func (t *tally) list() []Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Failure, 0, len(t.failures))
	for _, f := range slices.SortedFunc(maps.Values(t.failures), func(a, b *Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code))
	}) {
		list = append(list, *f)
	}
	return list
}

func (t *tally) sum() (n int64) {
	for _, f := range t.list() {
		n += f.Count
	}
	return n
}

// example is an error as one line without terminal control characters.
func example(err error) string {
	text := strings.ToValidUTF8(err.Error(), "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxExample {
		return string(runes[:maxExample]) + "…"
	}
	return text
}
