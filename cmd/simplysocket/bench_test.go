package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/report"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// quick is flags for a run that ends soon and counts everything that it sends.
var quick = []string{"--clients=8", "--rooms=2", "--rate=200", "--ramp=0", "--warmup=0", "--duration=500ms"}

// bench runs `simplysocket bench` with quick flags and returns its report.
func bench(t testing.TB, status int, url string, args ...string) report.Report {
	t.Helper()
	p := start(t, slices.Concat([]string{"bench", url, "--json=-"}, quick, args)...)
	p.exit(status)
	var r report.Report
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil {
		t.Fatalf("%v; it said:\n%s%s", err, p.stdout, p.stderr)
	}
	if !strings.Contains(p.stderr.String(), "load          8 clients in 2 rooms") {
		t.Errorf("no text on the standard error:\n%s", p.stderr)
	}
	return r
}

func TestBench(t *testing.T) {
	r := bench(t, 0, serve(t).url, "--lost=0", "--doubled=0", "--out-of-order=0", "--errors=0", "--delivered=100", "--max=1h", "--connect-p99=1h")
	m, d := r.Messages, r.Deliveries
	if want := (load.Messages{Due: 100, Handled: 100, Rate: m.Rate}); m != want {
		t.Errorf("messages are %+v, want %+v", m, want)
	}
	if want := (load.Deliveries{Expected: 400, Delivered: 400, Share: 100, Rate: d.Rate}); d != want {
		t.Errorf("deliveries are %+v, want %+v", d, want)
	}
	if !r.Passed || len(r.Thresholds) != 7 || r.Version != report.Version {
		t.Errorf("version %d, passed %t: %+v", r.Version, r.Passed, r.Thresholds)
	}
	if r.Latency.Count != 400 || r.Connections.Connected != 8 || r.Connections.Connect.Count != 8 || r.Tool.Lag.Count != 100 {
		t.Errorf("latency of %d, connections %+v, lag of %d", r.Latency.Count, r.Connections, r.Tool.Lag.Count)
	}
	if len(r.Failures) > 0 || r.Interrupted {
		t.Errorf("failures %+v, interrupted: %t", r.Failures, r.Interrupted)
	}
}

// TestBenchDrops breaks connections: the sessions outlive them.
func TestBenchDrops(t *testing.T) {
	r := bench(t, 0, serve(t).url, "--drop-rate=40", "--lost=0", "--doubled=0", "--out-of-order=0")
	c := r.Connections
	if c.Drops == 0 || c.Reconnects == 0 || c.LostSessions > 0 || c.Away.Count != c.Reconnects {
		t.Errorf("connections: %+v", c)
	}
	if d := r.Deliveries; d.Expected != 400 || d.Delivered != 400 {
		t.Errorf("deliveries: %+v", d)
	}
}

// TestBenchLostSessions: if each broken connection ends a session, the messages missed
// meanwhile are lost, the server's clients report it, and every message is accounted for.
func TestBenchLostSessions(t *testing.T) {
	r := bench(t, 0, serve(t, "--resume-window=0").url, "--drop-rate=40", "--grace=2s")
	m, d, c := r.Messages, r.Deliveries, r.Connections
	if c.LostSessions == 0 || c.LostSessions != c.Reconnects || d.Gaps == 0 {
		t.Errorf("connections %+v, deliveries %+v", c, d)
	}
	if m.Due != m.Handled+m.Refused+m.Unknown+m.Unsent || d.Doubled > 0 || d.OutOfOrder > 0 {
		t.Errorf("messages %+v, deliveries %+v", m, d)
	}
}

// faulty is a server whose rooms mishandle every tenth message, and otherwise forward
// messages.
func faulty(t testing.TB, tenth func(*simplysocket.Room, *simplysocket.Member, *simplysocket.Message) error) (url string) {
	t.Helper()
	srv, err := simplysocket.New(&simplysocket.Options{Logger: servertest.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	var messages atomic.Int64 // over all rooms
	srv.HandleRoom("load/{room}", func(room *simplysocket.Room) error {
		room.OnMessage(func(m *simplysocket.Member, message *simplysocket.Message) error {
			if messages.Add(1)%10 == 0 {
				return tenth(room, m, message)
			}
			return room.Broadcast(message.Action, message.MessageBody, simplysocket.From(m))
		})
		return nil
	})
	return "http://" + servertest.Run(t, srv, servertest.Loopback).Address
}

// TestBenchFindsOut: of 100 messages to rooms of 4, every tenth goes wrong.
func TestBenchFindsOut(t *testing.T) {
	type room = simplysocket.Room
	type member = simplysocket.Member
	type message = simplysocket.Message
	for name, test := range map[string]struct {
		tenth     func(*room, *member, *message) error
		messages  load.Messages
		want      load.Deliveries
		threshold string
		failure   *load.Failure
	}{
		"lost to all": {
			func(*room, *member, *message) error { return nil },
			load.Messages{Handled: 100}, load.Deliveries{Expected: 400, Delivered: 360, Share: 90, Lost: 40}, "--lost=39", nil,
		},
		"lost to one": {
			func(r *room, m *member, msg *message) error {
				return r.Broadcast(msg.Action, msg.MessageBody, simplysocket.Except(m))
			},
			load.Messages{Handled: 100}, load.Deliveries{Expected: 400, Delivered: 390, Share: 97.5, Lost: 10}, "--delivered=98", nil,
		},
		"doubled": {
			func(r *room, _ *member, msg *message) error {
				if err := r.Broadcast(msg.Action, msg.MessageBody); err != nil {
					return err
				}
				return r.Broadcast(msg.Action, msg.MessageBody)
			},
			load.Messages{Handled: 100}, load.Deliveries{Expected: 400, Delivered: 400, Share: 100, Doubled: 40}, "--doubled=39", nil,
		},
		"refused": {
			func(*room, *member, *message) error { return simplysocket.Errorf("no-mood", "not \x1b[2Jnow") },
			load.Messages{Handled: 90, Refused: 10}, load.Deliveries{Expected: 360, Delivered: 360, Share: 100}, "--errors=9",
			&load.Failure{Kind: load.Refused, Code: "no-mood", Count: 10, Example: "no-mood: not \uFFFD[2Jnow"},
		},
		"without its number": {
			func(r *room, _ *member, msg *message) error {
				msg.MessageBody["n"] = -1
				return r.Broadcast(msg.Action, msg.MessageBody)
			},
			load.Messages{Handled: 100}, load.Deliveries{Expected: 400, Delivered: 360, Share: 90, Lost: 40, Foreign: 40}, "--lost=0", nil,
		},
		"of another room": {
			func(r *room, _ *member, msg *message) error {
				msg.MessageBody["n"] = json.Number("1000000")
				return r.Broadcast(msg.Action, msg.MessageBody)
			},
			load.Messages{Handled: 100}, load.Deliveries{Expected: 400, Delivered: 360, Share: 90, Lost: 40, Foreign: 40}, "--lost=0", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // if something is lost the test waits for the grace to end
			r := bench(t, 1, faulty(t, test.tenth)+"/ws", "--room=load/{run}-{room}", "--grace=3s", test.threshold)
			test.messages.Due, test.messages.Rate, test.want.Rate = 100, r.Messages.Rate, r.Deliveries.Rate
			if r.Messages != test.messages || r.Deliveries != test.want {
				t.Errorf("messages and deliveries are\n%+v %+v, want\n%+v %+v", r.Messages, r.Deliveries, test.messages, test.want)
			}
			if r.Passed || len(r.Thresholds) != 1 || r.Thresholds[0].Held {
				t.Errorf("thresholds: %+v", r.Thresholds)
			}
			if test.failure != nil && !slices.Equal(r.Failures, []load.Failure{*test.failure}) {
				t.Errorf("failures: %#v", r.Failures)
			}
		})
	}
}

func TestBenchThresholds(t *testing.T) {
	s := serve(t)
	for _, test := range []struct {
		args   string
		status int
		want   string
	}{
		{"--p50=1h --p95=1h --p99=1h --p999=1h --max=1h", 0, "holds         p999: "},
		{"--max=1ns", 1, "threshold broken: max is "},
		{"--p99=1ns --lost=0", 1, "holds         lost: 0, wanted at most 0"},
		{"--connect-p99=1ns", 1, "connect-p99 is "},
		{"--rate=0 --p50=1h", 1, "threshold broken: p50 is not measured, wanted at most 1h0m0s"},
		{"--rate=0 --delivered=0", 1, "threshold broken: delivered is not measured, wanted at least 0%"},
		{"--rate=0 --lost=0", 0, "latency       not measured"},
	} {
		p := start(t, slices.Concat([]string{"bench", s.url}, quick, []string{"--duration=50ms"}, strings.Fields(test.args))...)
		p.exit(test.status)
		if said := p.stdout.String() + p.stderr.String(); !strings.Contains(said, test.want) {
			t.Errorf("%s: no %q in\n%s", test.args, test.want, said)
		}
	}
}

func TestBenchReports(t *testing.T) {
	s := serve(t)
	jsonFile, htmlFile := filepath.Join(t.TempDir(), "r.json"), filepath.Join(t.TempDir(), "r.html")
	p := start(t, slices.Concat([]string{"bench", s.url}, quick, []string{"--json", jsonFile, "--html", htmlFile, "--duration=1500ms"})...)
	p.exit(0)
	if said := p.stdout.String(); !strings.HasPrefix(said, "load ") || !strings.Contains(said, "latency       p50 ") {
		t.Errorf("stdout:\n%s", said)
	}
	text, err := os.ReadFile(jsonFile)
	if err != nil || !json.Valid(text) {
		t.Errorf("%v: %s", err, text)
	}
	page, err := os.ReadFile(htmlFile)
	if err != nil || !strings.Contains(string(page), "<svg") {
		t.Errorf("%v: no chart", err)
	}
}

func TestBenchEndedEarly(t *testing.T) {
	s := serve(t)
	t.Run("running", func(t *testing.T) {
		p := start(t, slices.Concat([]string{"bench", s.url}, quick, []string{"--duration=1h", "--lost=0"})...)
		p.stderr.until("running ")
		p.stop()
		p.exit(0)
		p.stdout.until("warning       the run was ended early")
		p.stdout.until("holds         lost")
	})
	t.Run("connecting", func(t *testing.T) {
		p := start(t, slices.Concat([]string{"bench", s.url}, quick, []string{"--ramp=1h"})...)
		p.stderr.until("connecting ")
		p.stop()
		p.exit(1)
		p.stderr.until("ended before the load began")
	})
}

func TestBenchConnections(t *testing.T) {
	t.Run("some do not get in", func(t *testing.T) {
		r := bench(t, 1, serve(t, "--max-clients=6").url, "--errors=0", "--lost=0")
		if r.Connections.Connected != 6 || r.Deliveries.Lost > 0 || r.Deliveries.Expected == 0 {
			t.Errorf("connections %+v, deliveries %+v", r.Connections, r.Deliveries)
		}
		if f := r.Failures; len(f) != 1 || f[0].Kind != load.Connect || f[0].Code != "http-503" || f[0].Count != 2 {
			t.Errorf("failures: %+v", f)
		}
	})
	t.Run("none gets in", func(t *testing.T) {
		p := start(t, slices.Concat([]string{"bench", faulty(t, nil)}, quick)...)
		p.exit(1)
		p.stderr.until("no client could connect: join: unknown-room: ")
	})
	t.Run("the server goes away", func(t *testing.T) {
		s := serve(t)
		p := start(t, slices.Concat([]string{"bench", s.url}, quick, []string{"--duration=1s", "--grace=100ms", "--errors=0"})...)
		p.stderr.until("running ")
		s.stop()
		s.exit(0)
		p.exit(1)
		p.stdout.until("error         unknown no-answer, ")
	})
}

// TestBenchSecrets: a token is sent, trusted certificates are trusted, and neither is in
// the report.
func TestBenchSecrets(t *testing.T) {
	cert, key := certificate(t)
	s := serve(t, "--tls-cert="+cert, "--tls-key="+key)
	p := start(t, slices.Concat([]string{"bench", s.url, "--json=-", "--tls-ca=" + cert, "--token=secret-word", "--lost=0", "--drop-rate=20"}, quick)...)
	p.exit(0)
	if strings.Contains(p.stdout.String()+p.stderr.String(), "secret-word") {
		t.Error("the token is in the output")
	}
}

func TestBenchToken(t *testing.T) {
	srv, err := simplysocket.New(&simplysocket.Options{
		Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
			if token := simplysocket.Token(r); token != "open" {
				return simplysocket.Identity{}, fmt.Errorf("token %q", token)
			}
			return simplysocket.Identity{User: "load"}, nil
		},
		Logger: servertest.Quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + servertest.Run(t, srv, servertest.Loopback).Address
	bench(t, 0, url, "--token=open", "--lost=0")
	p := start(t, slices.Concat([]string{"bench", url}, quick, []string{"--token=shut"})...)
	p.exit(1)
	p.stderr.until("no client could connect")
}
