package main

import (
	"strconv"
	"strings"
	"unicode"
)

// printable returns text that is safe on a terminal and stays on its line. Characters
// that control the terminal (C0 with ESC and the line ends, DEL, C1) are escaped as in
// Go. So are characters that reorder a line and could make one text look like another.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
