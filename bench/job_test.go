//go:build linux

package main

import "testing"

// A job whose variants are of a candidate that does not take part has no takers.
func TestTakers(t *testing.T) {
	all := []candidate{{description: description{Name: "gws"}}}
	for _, j := range jobs() {
		for _, c := range j.takers(all) {
			if c.Name != "gws" {
				t.Errorf("%s: %q does it, and is not there", j.name, c.Name)
			}
		}
	}
}
