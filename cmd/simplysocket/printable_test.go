package main

import (
	"encoding/json"
	"testing"
	"unicode"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"héllo 日本 👩‍👩‍👧":         "héllo 日本 👩‍👩‍👧",
		"\x1b[2J\x1b]0;title\a":  `\x1b[2J\x1b]0;title\a`,
		"\u009b31m\u009d0;x\x9c": `\u009b31m\u009d0;x` + "\ufffd",
		"a\nb\r\tc\x7f\x00":      `a\nb\r\tc\x7f\x00`,
		"user\u202egnp.exe":      `user\u202egnp.exe`,
		"\u2066isolated\u2069":   `\u2066isolated\u2069`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) is %q, want %q", in, got, want)
		}
	}
}

// FuzzAppendLine checks that the line means the same as the text, and that no terminal
// obeys it.
func FuzzAppendLine(f *testing.F) {
	f.Add([]byte("{\n\"a\": \"\u009b31m\u007f\", \"b\": [1, 2.50]}"))
	f.Add([]byte(`{"a":"\u001b\n\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var want any
		if json.Unmarshal(text, &want) != nil {
			return
		}
		line := appendLine(nil, text)
		for i, r := range string(line) {
			if unicode.IsControl(r) != (i == len(line)-1) {
				t.Fatalf("%q of %q", line, text)
			}
		}
		var got any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q of %q: %v", line, text, err)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if string(a) != string(b) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}
