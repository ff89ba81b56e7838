//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// docs/performance.md and the result file agree.
func TestDocs(t *testing.T) {
	r, err := readResult("result.json")
	if err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join("..", "docs")
	text, err := os.ReadFile(filepath.Join(docs, performance))
	if err != nil {
		t.Fatal(err)
	}
	filled, err := r.fill(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if filled != string(text) {
		t.Errorf("%s does not match the result; go run ./bench -docs", performance)
	}
	charts, err := r.charts()
	if err != nil {
		t.Fatal(err)
	}
	for name, chart := range charts {
		if drawn, err := os.ReadFile(filepath.Join(docs, "images", name)); err != nil || string(drawn) != string(chart) {
			t.Errorf("%s does not match the result: %v; go run ./bench -docs", name, err)
		}
	}
}
