package main

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
)

// TestPort: PORT in the environment chooses the port; every other way to give the address
// overrides it.
func TestPort(t *testing.T) {
	file := "--config=" + write(t, "config.json", `{"addr": "127.0.0.1:0"}`)
	for _, test := range []struct {
		name, port, env string
		args            []string
		want            string // how the URL begins, or the error
		status          int
	}{
		{"PORT", "0", "", nil, "http://localhost:", 0},
		{"flag before PORT", "0", "", []string{"--addr=127.0.0.1:0"}, "http://127.0.0.1:", 0},
		{"environment before PORT", "0", "127.0.0.1:0", nil, "http://127.0.0.1:", 0},
		{"file before PORT", "0", "", []string{file}, "http://127.0.0.1:", 0},
		{"flag before a PORT that is none", "http", "", []string{"--addr=127.0.0.1:0"}, "http://127.0.0.1:", 0},
		{"no number", "http", "", nil, `PORT is "http"`, 2},
		{"out of range", "65536", "", nil, `PORT is "65536"`, 2},
		{"below zero", "-1", "", nil, `PORT is "-1"`, 2},
		{"an address", "127.0.0.1:80", "", nil, `PORT is "127.0.0.1:80"`, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PORT", test.port)
			if test.env != "" {
				t.Setenv("SIMPLYSOCKET_ADDR", test.env)
			}
			p := start(t, append([]string{"serve", "--log-format=json"}, test.args...)...)
			if test.status != 0 {
				p.exit(test.status)
				p.stderr.until(test.want)
				return
			}
			var record struct{ URL string }
			if err := json.Unmarshal([]byte(p.stderr.until(`"msg":"serving"`)), &record); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(record.URL, test.want) {
				t.Errorf("serves at %s", record.URL)
			}
		})
	}
	for port, want := range map[string]string{"": "127.0.0.1:8080", "3000": ":3000"} {
		t.Setenv("PORT", port)
		if got, err := (&serveCommand{}).address(); got != want || err != nil {
			t.Errorf("PORT=%s: %s, %v", port, got, err)
		}
	}
}

func TestNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1":              "10.0.0.1/32",
		"10.0.0.0/8":            "10.0.0.0/8",
		"10.1.2.3/8":            "10.0.0.0/8",
		"0.0.0.0/0":             "0.0.0.0/0",
		"::1":                   "::1/128",
		"2001:DB8::/32":         "2001:db8::/32",
		"::ffff:10.0.0.1":       "10.0.0.1/32", // peers are compared in their short form
		"::ffff:10.0.0.0/104":   "10.0.0.0/8",
		"2001:db8:0:0:0:0:0:12": "2001:db8::12/128",
	} {
		var n network
		if err := n.UnmarshalText([]byte(text)); err != nil || n.Prefix != netip.MustParsePrefix(want) {
			t.Errorf("%s: %s, %v", text, n.Prefix, err)
		}
	}
}
