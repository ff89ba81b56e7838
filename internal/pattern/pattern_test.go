package pattern_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/pattern"
)

func TestMatch(t *testing.T) {
	var set pattern.Set[string]
	for _, p := range []string{
		"chat", "chat/general", "chat/{topic}", "chat/{topic}/log", "chat/{all...}",
		"game/{id}/{player}", "game/{id}/admin", "a/b/{y}/d", "a/{x}/c",
	} {
		if err := set.Add(p, p); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, want string
		params     []string // name, value, ...
	}{
		{"chat", "chat", nil},
		{"chat/general", "chat/general", nil},
		{"chat/general/log", "chat/{topic}/log", []string{"topic", "general"}},
		{"chat/other", "chat/{topic}", []string{"topic", "other"}},
		{"chat/a/b", "chat/{all...}", []string{"all", "a/b"}},
		{"chat/general/b/c", "chat/{all...}", []string{"all", "general/b/c"}},
		{"game/1/admin", "game/{id}/admin", []string{"id", "1"}},
		{"game/1/bob", "game/{id}/{player}", []string{"id", "1", "player", "bob"}},
		{"a/b/c", "a/{x}/c", []string{"x", "b"}},
		{"a/b/c/d", "a/b/{y}/d", []string{"y", "c"}},
		{"game", "", nil},
		{"game/1", "", nil},
		{"other", "", nil},
		{"", "", nil},
		{"chat/", "", nil},
		{"chat//log", "", nil},
		{"game//bob", "", nil},
		{"Chat", "", nil},
	}
	for _, tt := range tests {
		got, params, ok := set.Match(tt.name)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Match(%q) = %q, %v, want %q", tt.name, got, ok, tt.want)
		}
		for i := 0; i < len(tt.params); i += 2 {
			if v, ok := params.Lookup(tt.params[i]); !ok || v != tt.params[i+1] {
				t.Errorf("Match(%q): %s is %q, %v, want %q", tt.name, tt.params[i], v, ok, tt.params[i+1])
			}
		}
		if v, ok := params.Lookup("none"); ok {
			t.Errorf("Match(%q): has a wildcard named none: %q", tt.name, v)
		}
	}
}

func TestSyntax(t *testing.T) {
	for _, p := range []string{
		"", "/", "a/", "/a", "a//b", ".", "..", "a/..", "a/./b",
		"{}", "{...}", "{a", "a}", "x{a}", "{a}x", "{a}{b}", "{1a}", "{a b}", "{a-b}",
		"{a...}/b", "{a}/{a}", "{a}/{a...}", "{a..}", "{{a}}",
	} {
		var set pattern.Set[int]
		var syntax *pattern.SyntaxError
		if err := set.Add(p, 1); !errors.As(err, &syntax) {
			t.Errorf("Add(%q) = %v, want a SyntaxError", p, err)
		} else if syntax.Pattern != p || !strings.Contains(err.Error(), syntax.Reason) {
			t.Errorf("Add(%q) = %v", p, err)
		}
	}
}

func TestConflicts(t *testing.T) {
	tests := []struct {
		a, b     string
		conflict bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a", "{x}", false},
		{"{x}", "{y}", true},
		{"{x...}", "{y...}", true},
		{"{x...}", "{y}", false},
		{"{x...}", "a/{y...}", false},
		{"{x}/{y...}", "a/{y...}", false},
		{"{x}/{y...}", "{y...}", false},
		{"a/{x}", "{x}/a", true},
		{"a/{x}", "{x}/a/b", false},
		{"a/{x...}", "{x}/b", true},
		{"a/{x...}", "{x}/{y...}", false},
		{"a/{x}/{y...}", "{x}/b/{y...}", true},
		{"a/b/{x}", "a/{x}/c", true},
		{"a/b/{x}", "a/{x}/{y}", false},
	}
	for _, tt := range tests {
		for _, order := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			var set pattern.Set[int]
			if err := set.Add(order[0], 1); err != nil {
				t.Fatal(err)
			}
			err := set.Add(order[1], 2)
			var conflict *pattern.ConflictError
			if errors.As(err, &conflict) != tt.conflict {
				t.Errorf("%q after %q: %v, want a conflict: %v", order[1], order[0], err, tt.conflict)
			}
		}
	}
}

func TestRejectedPatternIsNotAdded(t *testing.T) {
	var set pattern.Set[string]
	if err := set.Add("a/{x}", "first"); err != nil {
		t.Fatal(err)
	}
	if err := set.Add("{x}/a", "second"); err == nil {
		t.Fatal("no conflict")
	}
	if got, _, ok := set.Match("b/a"); ok {
		t.Errorf("b/a matches %q", got)
	}
}

// naiveMatch matches one pattern the slow way.
func naiveMatch(p, name string) bool {
	ps, ns := strings.Split(p, "/"), strings.Split(name, "/")
	for i, seg := range ps {
		if i >= len(ns) || ns[i] == "" {
			return false
		}
		if strings.HasSuffix(seg, "...}") {
			return true
		}
		if !strings.HasPrefix(seg, "{") && seg != ns[i] {
			return false
		}
	}
	return len(ps) == len(ns)
}

func FuzzSet(f *testing.F) {
	f.Add("a/{x}\na/b\n{rest...}", "a/b")
	f.Add("{a}/b\na/{b}", "a/b")
	f.Add("a/{x}/{y...}\n{z}/b", "a/b/c")
	f.Fuzz(func(t *testing.T, patterns, name string) {
		var set pattern.Set[string]
		var added []string
		for p := range strings.SplitSeq(patterns, "\n") {
			if set.Add(p, p) == nil {
				added = append(added, p)
			}
		}
		got, _, ok := set.Match(name)
		any := false
		for _, p := range added {
			if !naiveMatch(p, name) || strings.Contains(name, "//") || strings.HasSuffix(name, "/") {
				continue
			}
			any = true
			// The winner must not be more general than another match: at the first
			// difference it must have the literal.
			if ok && p != got && !moreSpecific(got, p) {
				t.Errorf("%q: %q wins over %q", name, got, p)
			}
		}
		if any && !ok {
			t.Errorf("nothing matches %q, but one of %q does", name, added)
		}
		if ok && !naiveMatch(got, name) {
			t.Errorf("%q wins for %q, which it does not match", got, name)
		}
	})
}

// moreSpecific reports whether a, which overlaps b, has the more specific segment where
// their kinds differ first.
func moreSpecific(a, b string) bool {
	rank := func(seg string) int {
		switch {
		case strings.HasSuffix(seg, "...}"):
			return 2
		case strings.HasPrefix(seg, "{"):
			return 1
		default:
			return 0
		}
	}
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(as), len(bs)) {
		if ra, rb := rank(as[i]), rank(bs[i]); ra != rb {
			return ra < rb
		}
	}
	return false
}
