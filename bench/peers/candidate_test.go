package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen.
const patience = 10 * time.Second

// start runs a candidate in this process, or one of Node.js in its own, until
// the test ends.
func start(t *testing.T, c config) string {
	t.Helper()
	candidate, ok := find(c.Candidate)
	if !ok {
		return startNode(t, c).address
	}
	h, err := candidate.serve(c)
	if err != nil {
		t.Fatal(err)
	}
	server, address, err := listen(c, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return address.String()
}

// each runs a test for every candidate.
func each(t *testing.T, f func(t *testing.T, c config)) {
	names := slices.Collect(maps.Keys(nodeScripts))
	for _, candidate := range candidates {
		names = append(names, candidate.name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, config{Candidate: name, Body: 128})
		})
	}
}

func TestEveryMemberHearsEachMessageOnceAndInOrder(t *testing.T) {
	each(t, func(t *testing.T, c config) { converse(t, c, "") })
}

func TestHub(t *testing.T) {
	each(t, func(t *testing.T, c config) {
		address := start(t, c)
		p := join(t, c, address, "")
		if speaks(c.Candidate) == dialectCentrifuge {
			return // a client without a channel has nobody to talk to
		}
		p.say(t, actionSay, "", Line{N: "00000000"})
		if got := heard(t, p); got.Body.N != "00000000" || got.Seq != 1 {
			t.Errorf("heard %+v", got)
		}
	})
}

func TestDeflate(t *testing.T) {
	each(t, func(t *testing.T, c config) {
		c.Deflate = true
		converse(t, c, strings.Repeat("x", 600))

		const messages, size = 10, 600
		p := join(t, c, start(t, c), "room-0001")
		before := p.bytes()
		for range messages {
			p.say(t, actionSay, "room-0001", Line{Pad: strings.Repeat("x", size)})
			heard(t, p)
		}
		if got := p.bytes() - before; got > messages*size/2 {
			t.Errorf("got %d bytes for %d messages of %d", got, messages, size)
		}
	})
}

func TestLargestMessage(t *testing.T) {
	each(t, func(t *testing.T, c config) {
		p := join(t, c, start(t, c), "room-0001")
		pad := strings.Repeat("x", 16<<10)
		p.say(t, actionSay, "room-0001", Line{N: "00000000", Pad: pad})
		if got := heard(t, p); got.Body.Pad != pad {
			t.Errorf("heard %d bytes of %d", len(got.Body.Pad), len(pad))
		}
	})
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	each(t, func(t *testing.T, c config) {
		c.Cert, c.Key = cert, key
		converse(t, c, "")
	})
}

func TestTicks(t *testing.T) {
	each(t, func(t *testing.T, c config) {
		c.TickMS = 30 // the smallest queue of a candidate is 16: half a second on a busy machine
		address := start(t, c)
		p := join(t, c, address, "room-0001")
		p.say(t, actionInput, "room-0001", Line{N: "00000007"})
		for i := range 3 {
			got := heard(t, p)
			body, _ := json.Marshal(got.Body)
			if want := fmt.Sprintf("%08d", i); got.Sender != "server" || got.Body.N != want || got.Seq != uint64(i+1) {
				t.Errorf("heard %+v, want n %s of server", got, want)
			}
			if len(body) != c.Body {
				t.Errorf("a body of %d bytes, want %d", len(body), c.Body)
			}
		}
	})
}

// converse has three members of a room, one of which speaks, and one client in another
// room.
func converse(t *testing.T, c config, pad string) {
	const messages = 20
	address := start(t, c)
	var members []*peer
	for range 3 {
		members = append(members, join(t, c, address, "room-0001"))
	}
	other := join(t, c, address, "room-0002")
	senders := make(map[string]bool)
	for i := range messages {
		members[i%2].say(t, actionSay, "room-0001", Line{N: fmt.Sprintf("%08d", i), Pad: pad})
		// The order of two speakers is certain only if one has received the other's
		// message. And some candidates disconnect slow clients, so all have to receive a
		// message before the next one.
		for _, member := range members {
			raw := member.next(t)
			got := parse(t, raw)
			senders[got.Sender] = true
			want := fmt.Sprintf(
				`{"action":"say","message_body":{"n":"%08d","pad":"%s"},"IsTargetClient":false,"target":"room-0001","sender":"%s","seq":%d}`,
				i, pad, got.Sender, i+1)
			if raw != want {
				t.Fatalf("heard %s\nwant  %s", raw, want)
			}
			if len(got.Sender) != 26 {
				t.Fatalf("the sender is %q", got.Sender)
			}
		}
	}
	if len(senders) != 2 {
		t.Errorf("%d senders, want 2: %v", len(senders), senders)
	}

	// The first message that the other room gets is its own.
	other.say(t, actionSay, "room-0002", Line{N: "00000099"})
	if got := heard(t, other); got.Body.N != "00000099" || got.Seq != 1 {
		t.Errorf("the other room heard %+v", got)
	}
}

func heard(t *testing.T, p *peer) Message {
	t.Helper()
	return parse(t, p.next(t))
}

func parse(t *testing.T, raw string) Message {
	t.Helper()
	var m Message
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return m
}
