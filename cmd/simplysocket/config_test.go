package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
)

// limits are those in the server's `welcome`.
func limits(t testing.TB, url string) (l struct {
	Bytes int     `json:"message_bytes"`
	Rooms int     `json:"rooms"`
	Rate  float64 `json:"messages_per_second"`
	Burst int     `json:"burst"`
}) {
	t.Helper()
	client := start(t, "connect", url)
	var welcome struct {
		Body struct{ Limits json.RawMessage } `json:"message_body"`
	}
	if err := json.Unmarshal([]byte(client.stdout.until(`"action":"welcome"`)), &welcome); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(welcome.Body.Limits, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPrecedence(t *testing.T) {
	file := "--config=" + write(t, "config.json", `{"burst": 10, "rate": 0.5, "read-limit": 1000000}`)
	flag := "--burst=30"
	for _, test := range []struct {
		name string
		env  string
		args []string
		want int
	}{
		{"default", "", nil, 400},
		{"file", "", []string{file}, 10},
		{"environment", "20", nil, 20},
		{"environment before file", "20", []string{file}, 20},
		{"flag before file", "", []string{file, flag}, 30},
		{"flag before environment", "20", []string{flag}, 30},
		{"flag before all", "20", []string{flag, file}, 30},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.env != "" {
				t.Setenv("SIMPLYSOCKET_BURST", test.env)
			}
			if got := limits(t, serve(t, test.args...).url); got.Burst != test.want {
				t.Errorf("burst is %d, want %d", got.Burst, test.want)
			}
		})
	}
	t.Run("file named by the environment", func(t *testing.T) {
		t.Setenv("SIMPLYSOCKET_CONFIG", strings.TrimPrefix(file, "--config="))
		if got := limits(t, serve(t).url); got.Burst != 10 || got.Rate != 0.5 || got.Bytes != 1000000 {
			t.Errorf("limits are %+v", got)
		}
	})
}

// TestFlagsThreeWays sets every flag on the command line, in the environment and in the
// file.
func TestFlagsThreeWays(t *testing.T) {
	values := map[string]any{
		"addr":                         "127.0.0.1:0",
		"socket-mode":                  600,
		"heartbeat":                    "1s",
		"resume-window":                "2s",
		"history-messages":             7,
		"history-bytes":                8,
		"history-age":                  "9s",
		"shutdown-timeout":             "3s",
		"origin":                       []string{"https://a.example", "https://b.example"},
		"trusted-proxy":                []string{"10.0.0.0/8", "192.0.2.1", "::1"},
		"tls-cert":                     "cert.pem",
		"tls-key":                      "key.pem",
		"read-limit":                   1,
		"rate":                         2.5,
		"burst":                        3,
		"max-clients":                  4,
		"max-clients-per-address":      5,
		"max-rooms-per-client":         6,
		"compression":                  true,
		"compression-context-takeover": true,
		"log-level":                    "warn",
		"log-format":                   "json",
	}
	parse := func(args ...string) serveCommand {
		t.Helper()
		var line commandLine
		parser := newParser(&line, streams{out: io.Discard, err: io.Discard}, func(int) {})
		if _, err := parser.Parse(append([]string{"serve"}, args...)); err != nil {
			t.Fatal(err)
		}
		line.Serve.Config = ""
		return line.Serve
	}
	var args []string
	for name, value := range values {
		if list, ok := value.([]string); ok {
			for _, item := range list {
				args = append(args, fmt.Sprintf("--%s=%s", name, item))
			}
			continue
		}
		args = append(args, fmt.Sprintf("--%s=%v", name, value))
	}
	byFlag := parse(args...)
	for field, value := range reflect.ValueOf(byFlag).Fields() {
		if value.IsZero() && field.Name != "Config" {
			t.Errorf("the test leaves %s out", field.Name)
		}
	}

	encoded, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if byFile := parse("--config=" + write(t, "config.json", string(encoded))); !reflect.DeepEqual(byFile, byFlag) {
		t.Errorf("file: %+v\nflags: %+v", byFile, byFlag)
	}

	for name, value := range values {
		if list, ok := value.([]string); ok {
			value = strings.Join(list, ",")
		}
		t.Setenv("SIMPLYSOCKET_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), fmt.Sprint(value))
	}
	if byEnvironment := parse(); !reflect.DeepEqual(byEnvironment, byFlag) {
		t.Errorf("environment: %+v\nflags: %+v", byEnvironment, byFlag)
	}
}
