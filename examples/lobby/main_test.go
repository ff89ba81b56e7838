package main

import (
	"encoding/json"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// TestLobby is written for clients that split each frame at newlines, because they expect
// several messages in one. The test's clients fail it if a message has a newline.
func TestLobby(t *testing.T) {
	srv, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	host := servertest.Run(t, srv, "")
	play := func() *servertest.Client {
		c := servertest.Dial(t, host, "")
		c.Expect("welcome")
		return c
	}

	const join = `{"action":"join-room","target":"mesh-global","message_body":{"roomname":"game42","playerlimit":2}}`
	a, b := play(), play()
	a.Write(join)
	if m := a.Expect("joined-room"); m.Room != "game42" {
		t.Errorf("joined %s", m)
	}
	b.Write(join)
	b.Expect("joined-room")
	a.Expect("client-joined-room")

	a.Write("{\n  \"action\": \"send-word\",\n  \"target\": \"game42\",\n  \"message_body\": {\n    \"word\": \"two\\nlines\",\n    \"list\": [\n      \"x\"\n    ]\n  }\n}\n")
	for _, p := range []*servertest.Client{a, b} {
		var body struct {
			Word string
			List []string
		}
		m := p.Expect("send-word")
		if err := json.Unmarshal(m.Body, &body); err != nil || m.Target != "game42" || body.Word != "two\nlines" || len(body.List) != 1 {
			t.Errorf("it reads %s", m)
		}
	}

	late := play()
	late.Write(join)
	if m := late.Expect("error"); m.Code() != "room-full" {
		t.Errorf("the third is answered %s", m)
	}
	late.Write(`{"action":"join-room","target":"mesh-global","message_body":{"roomname":"not a name"}}`)
	if m := late.Expect("error"); m.Code() != "bad-name" {
		t.Errorf("a bad name is answered %s", m)
	}
	late.Write(`{"action":"join-room","message_body":{"roomname":"without-limit"}}`)
	late.Expect("joined-room")
}
