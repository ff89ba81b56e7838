//go:build linux

package main

import "testing"

// A job with variants of a candidate that does not take part has no takers.
func TestTakers(t *testing.T) {
	all := []candidate{{description: description{Name: "gws"}}}
	for _, j := range jobs() {
		for _, c := range j.takers(all) {
			if c.Name != "gws" {
				t.Errorf("%s: %q does it, but does not take part", j.name, c.Name)
			}
		}
	}
}
