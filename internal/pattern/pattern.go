// Package pattern matches names against patterns with the wildcards, the
// precedence and the conflicts of [net/http.ServeMux], over names split at '/'.
package pattern

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Set maps patterns to values. The zero value is empty and ready. Match may be
// called concurrently, but not with Add.
type Set[T any] struct {
	root     node[T]
	patterns []pattern
}

// Params is what the wildcards of a pattern have matched. The zero value has
// none.
type Params struct {
	names  []string
	values []string
}

// Lookup returns what the wildcard of that name matched, and whether the
// pattern has such a wildcard.
func (p Params) Lookup(wildcard string) (value string, ok bool) {
	if i := slices.Index(p.names, wildcard); i >= 0 {
		return p.values[i], true
	}
	return "", false
}

// SyntaxError is a pattern that cannot be read.
type SyntaxError struct {
	Pattern string
	Reason  string
}

// Error says what is wrong.
func (e *SyntaxError) Error() string { return fmt.Sprintf("pattern %q: %s", e.Pattern, e.Reason) }

// ConflictError is a pattern that matches some names which another matches too,
// neither of them being more specific.
type ConflictError struct {
	Pattern string
	Other   string
}

// Error names both patterns.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("pattern %q conflicts with %q: some names match both and neither is more specific", e.Pattern, e.Other)
}

// Add maps a pattern to a value. A segment of a pattern is a literal, {name} for
// any one segment, or, at the end, {name...} for all that follow, at least one.
// The error is a [*SyntaxError] or a [*ConflictError]; the set is unchanged
// then.
func (s *Set[T]) Add(text string, value T) error {
	p, err := parse(text)
	if err != nil {
		return err
	}
	for _, other := range s.patterns {
		if r := p.compare(other); r == equal || r == overlapping {
			return &ConflictError{Pattern: text, Other: other.text}
		}
	}
	s.patterns = append(s.patterns, p)
	s.root.add(p, value)
	return nil
}

// Match returns the value of the most specific pattern that matches the name.
func (s *Set[T]) Match(name string) (value T, params Params, ok bool) {
	l, values := s.root.match(name, nil)
	if l == nil {
		return value, Params{}, false
	}
	return l.value, Params{names: l.names, values: values}, true
}

type kind uint8

const (
	literal kind = iota
	single
	rest
)

type segment struct {
	kind kind
	text string // the literal, or the wildcard's name
}

type pattern struct {
	text     string
	segments []segment
}

func parse(text string) (pattern, error) {
	p := pattern{text: text}
	parts := strings.Split(text, "/")
	var names []string
	for i, part := range parts {
		seg, reason := parseSegment(part)
		switch {
		case reason != "":
		case seg.kind == rest && i < len(parts)-1:
			reason = "{" + seg.text + "...} is not at the end"
		case seg.kind != literal && slices.Contains(names, seg.text):
			reason = "the wildcard " + seg.text + " appears twice"
		}
		if reason != "" {
			return p, &SyntaxError{Pattern: text, Reason: reason}
		}
		if seg.kind != literal {
			names = append(names, seg.text)
		}
		p.segments = append(p.segments, seg)
	}
	return p, nil
}

func parseSegment(part string) (seg segment, reason string) {
	if !strings.ContainsAny(part, "{}") {
		if part == "" || part == "." || part == ".." {
			return seg, fmt.Sprintf("a segment is %q", part)
		}
		return segment{literal, part}, ""
	}
	name, open := strings.CutPrefix(part, "{")
	name, closed := strings.CutSuffix(name, "}")
	if !open || !closed {
		return seg, fmt.Sprintf("the wildcard in %q is not a whole segment", part)
	}
	k := single
	if many, ok := strings.CutSuffix(name, "..."); ok {
		name, k = many, rest
	}
	if !isIdentifier(name) {
		return seg, fmt.Sprintf("the wildcard in %q is not named by an identifier", part)
	}
	return segment{k, name}, ""
}

func isIdentifier(name string) bool {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return name != ""
}

// relation of the names that one pattern matches to those of another. The bits
// say what there is: names of the first alone, and names of the second alone.
type relation uint8

const (
	equal       relation = 0
	moreGeneral relation = 1
	moreSpecial relation = 2
	overlapping relation = 3
	disjoint    relation = 4
)

func (p pattern) compare(q pattern) (r relation) {
	for i := 0; ; i++ {
		switch pEnds, qEnds := i == len(p.segments), i == len(q.segments); {
		case pEnds && qEnds:
			return r
		case pEnds || qEnds:
			return disjoint
		}
		a, b := p.segments[i], q.segments[i]
		switch {
		case a.kind == rest && b.kind == rest:
			return r
		case a.kind == rest:
			return r | moreGeneral
		case b.kind == rest:
			return r | moreSpecial
		case a.kind == single && b.kind == literal:
			r |= moreGeneral
		case a.kind == literal && b.kind == single:
			r |= moreSpecial
		case a.kind == literal && a.text != b.text:
			return disjoint
		}
	}
}

// node is what may follow some segments.
type node[T any] struct {
	literals map[string]*node[T]
	single   *node[T]
	rest     *leaf[T]
	end      *leaf[T]
}

type leaf[T any] struct {
	names []string // of the wildcards, in their order
	value T
}

func (n *node[T]) add(p pattern, value T) {
	l := &leaf[T]{value: value}
	for _, seg := range p.segments {
		if seg.kind != literal {
			l.names = append(l.names, seg.text)
		}
		switch seg.kind {
		case rest:
			n.rest = l
			return
		case single:
			if n.single == nil {
				n.single = &node[T]{}
			}
			n = n.single
		default:
			if n.literals == nil {
				n.literals = map[string]*node[T]{}
			}
			if n.literals[seg.text] == nil {
				n.literals[seg.text] = &node[T]{}
			}
			n = n.literals[seg.text]
		}
	}
	n.end = l
}

// match tries the more specific first. Since patterns that overlap are never
// added, the first that matches is the most specific.
func (n *node[T]) match(name string, values []string) (*leaf[T], []string) {
	head, tail, more := strings.Cut(name, "/")
	if head == "" {
		return nil, nil
	}
	if next := n.literals[head]; next != nil {
		if l, found := next.follow(tail, more, values); l != nil {
			return l, found
		}
	}
	if n.single != nil {
		if l, found := n.single.follow(tail, more, append(values, head)); l != nil {
			return l, found
		}
	}
	if n.rest != nil {
		return n.rest, append(values, name)
	}
	return nil, nil
}

func (n *node[T]) follow(tail string, more bool, values []string) (*leaf[T], []string) {
	if more {
		return n.match(tail, values)
	}
	return n.end, values
}
