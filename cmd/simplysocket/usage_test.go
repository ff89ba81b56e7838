package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	noPEM := write(t, "no.pem", "this is no certificate")
	for _, test := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no command", nil, 2, `expected one of "serve", "connect"`},
		{"unknown command", []string{"dance"}, 2, "unexpected argument dance"},
		{"unknown flag", []string{"serve", "--colour"}, 2, "unknown flag --colour"},
		{"surplus argument", []string{"serve", "now"}, 2, "unexpected argument now"},
		{"address without port", []string{"serve", "--addr=localhost"}, 2, `--addr "localhost": missing port`},
		{"port alone to listen on", []string{"serve", "--addr=8080"}, 2, "as in 127.0.0.1:8080 or :8080"},
		{"port out of range", []string{"serve", "--addr=127.0.0.1:99999"}, 2, "invalid port"},
		{"port in use", []string{"serve", "--addr=" + taken.Addr().String()}, 1, taken.Addr().String()},
		{"origin without scheme", []string{"serve", "--origin=example.com"}, 2, `--origin has "example.com"`},
		{"origin that no page has", []string{"serve", "--origin=wss://example.com"}, 2, `--origin has "wss://example.com"`},
		{"proxy that is no network", []string{"serve", "--trusted-proxy=proxy"}, 2, `--trusted-proxy: "proxy" is neither an address`},
		{"network too wide", []string{"serve", "--trusted-proxy=10.0.0.0/33"}, 2, `--trusted-proxy: "10.0.0.0/33" is neither an address`},
		{"proxy with a zone", []string{"serve", "--trusted-proxy=fe80::1%eth0"}, 2, `--trusted-proxy: "fe80::1%eth0" is neither an address`},
		{"limit below zero", []string{"serve", "--max-clients=-1"}, 2, `--max-clients: "-1" is not a whole number`},
		{"limit below zero in a word of its own", []string{"serve", "--max-clients", "-1"}, 2, `--max-clients: "-1" is not a whole number`},
		{"limit that is no number", []string{"serve", "--read-limit=64k"}, 2, `--read-limit: "64k" is not a whole number`},
		{"limit with a fraction", []string{"serve", "--burst", "1.5"}, 2, `--burst: "1.5" is not a whole number`},
		{"limit too large to read", []string{"serve", "--burst=99999999999999999999"}, 2, "--burst: 99999999999999999999 is out of range"},
		{"limit without value", []string{"serve", "--burst"}, 2, "--burst: needs a value"},
		{"limit before a flag", []string{"serve", "--burst", "--rate", "1"}, 2, "--burst: needs a value"},
		{"rate that is a word", []string{"serve", "--rate=fast"}, 2, `--rate: "fast" is not a number`},
		{"rate below zero in a word of its own", []string{"serve", "--rate", "-.5"}, 2, "--rate must not be negative"},
		{"heartbeat of zero", []string{"serve", "--heartbeat=0"}, 2, "--heartbeat must be more than 0"},
		{"heartbeat below zero", []string{"serve", "--heartbeat", "-5s"}, 2, "--heartbeat must be more than 0"},
		{"history below zero", []string{"serve", "--history-messages", "-1"}, 2, `--history-messages: "-1" is not a whole number`},
		{"history of no time", []string{"serve", "--history-age=-1s"}, 2, "--history-age must not be negative"},
		{"takeover without compression", []string{"serve", "--compression-context-takeover"}, 2, "--compression-context-takeover needs --compression"},
		{"socket without path", []string{"serve", "--addr=unix:"}, 2, "needs the path of a file"},
		{"socket without file", []string{"serve", "--addr=unix:@abstract"}, 2, "needs the path of a file"},
		{"socket path too long", []string{"serve", "--addr=unix:/tmp/" + strings.Repeat("x", 100)}, 2, "at most 103 bytes"},
		{"socket mode", []string{"serve", "--socket-mode=888"}, 2, `--socket-mode: "888" is not an octal number`},
		{"rate below zero", []string{"serve", "--rate=-0.5"}, 2, "--rate must not be negative"},
		{"rate that is no number", []string{"serve", "--rate=NaN"}, 2, "--rate must not be negative"},
		{"timeout below zero", []string{"serve", "--shutdown-timeout=-1s"}, 2, "--shutdown-timeout must not be negative"},
		{"timeout without unit", []string{"serve", "--shutdown-timeout=10"}, 2, `--shutdown-timeout: "10" is not a time with its unit`},
		{"log level", []string{"serve", "--log-level=loud"}, 2, `--log-level must be one of "debug","info","warn","error"`},
		{"log format", []string{"serve", "--log-format=xml"}, 2, `--log-format must be one of "text","json"`},
		{"certificate alone", []string{"serve", "--tls-cert=a.pem"}, 2, "--tls-cert and --tls-key must be set together"},
		{"key alone", []string{"serve", "--tls-key=a.pem"}, 2, "--tls-cert and --tls-key must be set together"},
		{"certificate missing", []string{"serve", "--tls-cert=no-such.pem", "--tls-key=no-such.pem"}, 1, "no-such.pem"},
		{"certificate unreadable", []string{"serve", "--tls-cert=" + noPEM, "--tls-key=" + noPEM}, 1, "PEM"},
		{"config missing", []string{"serve", "--config=no-such.json"}, 2, "no-such.json"},
		{"config not JSON", []string{"serve", "--config=" + noPEM}, 2, "no.pem"},
		{"config not an object", []string{"serve", "--config=" + write(t, "list.json", `["addr"]`)}, 2, "list.json"},
		{"config key unknown", []string{"serve", "--config=" + write(t, "key.json", `{"burst": 1, "bust": 2}`)}, 2, `key.json: unknown key "bust"`},
		{"config key config", []string{"serve", "--config=" + write(t, "self.json", `{"config": "x"}`)}, 2, `unknown key "config"`},
		{"config value", []string{"serve", "--config=" + write(t, "value.json", `{"burst": 1.5}`)}, 2, "--burst"},
		{"no URL", []string{"connect"}, 2, "<url>"},
		{"URL of another kind", []string{"connect", "ftp://localhost"}, 2, `"ftp://localhost" does not begin with ws://`},
		{"URL with a port that is no number", []string{"connect", "localhost:http"}, 2, `"localhost:http" is not the address of a server`},
		{"URL with a space", []string{"connect", "local host"}, 2, `"local host" is not the address of a server`},
		{"port alone", []string{"connect", ":8080"}, 2, "has no host"},
		{"address without scheme where nobody listens", []string{"connect", nobody}, 1, "ws://" + nobody + "/ws"},
		{"URL without host", []string{"connect", "ws:///ws"}, 2, "has no host"},
		{"name of a room", []string{"connect", "ws://" + nobody, "--room=a b"}, 2, `--room "a b"`},
		{"nobody listens", []string{"connect", "ws://" + nobody}, 1, "refused"},
		{"trust without certificate", []string{"connect", "wss://" + nobody, "--tls-ca=" + noPEM}, 1, "no certificate"},
		{"bench: no URL", []string{"bench"}, 2, "<url>"},
		{"bench: URL of another kind", []string{"bench", "ftp://localhost"}, 2, `"ftp://localhost" does not begin with ws://`},
		{"bench: clients below zero", []string{"bench", "ws://" + nobody, "--clients", "-1"}, 2, "--clients must be at least 1"},
		{"bench: no client", []string{"bench", "ws://" + nobody, "--clients=0"}, 2, "--clients must be at least 1"},
		{"bench: rate below zero", []string{"bench", "ws://" + nobody, "--rate=-1"}, 2, "--rate must be at least 0"},
		{"bench: rate that is no number", []string{"bench", "ws://" + nobody, "--rate=NaN"}, 2, "--rate must be at least 0"},
		{"bench: endless rate", []string{"bench", "ws://" + nobody, "--rate=+Inf"}, 2, "--rate must be at least 0"},
		{"bench: drop rate below zero", []string{"bench", "ws://" + nobody, "--drop-rate=-1"}, 2, "--drop-rate must be at least 0"},
		{"bench: no duration", []string{"bench", "ws://" + nobody, "--duration=0"}, 2, "--duration must be at least 1ms"},
		{"bench: duration too long", []string{"bench", "ws://" + nobody, "--duration=13h"}, 2, "--duration and --warmup must be at most 12h0m0s"},
		{"bench: body too small", []string{"bench", "ws://" + nobody, "--body=63"}, 2, "--body must be from 64 to "},
		{"bench: more rooms than clients", []string{"bench", "ws://" + nobody, "--clients=1", "--rooms=2"}, 2, "--rooms must not be more than --clients"},
		{"bench: rooms of one name", []string{"bench", "ws://" + nobody, "--room=x"}, 2, "--room needs {room}"},
		{"bench: name of a room", []string{"bench", "ws://" + nobody, "--room=x {room}"}, 2, "--room \"x {room}\""},
		{"bench: the server's action", []string{"bench", "ws://" + nobody, "--action=ack"}, 2, "--action \"ack\" belongs to the protocol"},
		{"bench: reserved action", []string{"bench", "ws://" + nobody, "--action=$x"}, 2, "--action \"$x\" belongs to the protocol"},
		{"bench: no action", []string{"bench", "ws://" + nobody, "--action="}, 2, "--action"},
		{"bench: too much to count", []string{"bench", "ws://" + nobody, "--rate=1e9"}, 2, "of memory"},
		{"bench: no threshold", []string{"bench", "ws://" + nobody, "--p99=0"}, 2, "--p99 must be more than 0"},
		{"bench: threshold without unit", []string{"bench", "ws://" + nobody, "--p99=50"}, 2, "--p99"},
		{"bench: threshold below zero", []string{"bench", "ws://" + nobody, "--lost=-1"}, 2, "--lost must not be negative"},
		{"bench: share over 100", []string{"bench", "ws://" + nobody, "--delivered=101"}, 2, "--delivered must be from 0 to 100"},
		{"bench: page to nowhere", []string{"bench", "ws://" + nobody, "--html=-"}, 2, "--html needs the name of a file"},
		{"bench: no such directory", []string{"bench", "ws://" + nobody, "--json=no-such/r.json"}, 1, "--json: "},
		{"bench: trust without certificate", []string{"bench", "wss://" + nobody, "--tls-ca=" + noPEM}, 1, "no certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, test.args...)
			p.exit(test.status)
			said := p.stderr.String()
			if !strings.HasPrefix(said, "simplysocket: ") || strings.Count(said, "\n") != 1 || !strings.Contains(said, test.want) {
				t.Errorf("stderr is not one line with %q:\n%s", test.want, said)
			}
			if out := p.stdout.String(); out != "" {
				t.Errorf("stdout: %s", out)
			}
		})
	}
}

func TestWrongEnvironment(t *testing.T) {
	t.Setenv("SIMPLYSOCKET_BURST", "many")
	p := start(t, "serve")
	p.exit(2)
	if said := p.stderr.String(); !strings.Contains(said, "--burst") || !strings.Contains(said, "SIMPLYSOCKET_BURST") {
		t.Errorf("stderr: %s", said)
	}
}
