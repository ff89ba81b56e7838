package main

import (
	"slices"
	"testing"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

func TestLines(t *testing.T) {
	const (
		me    = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
		other = "kx3vbbbbbbbbbbbbbbbbbbbbbb"
	)
	toMe := `"IsTargetClient":true,"target":"` + me + `","room":"games","sender":`
	for _, test := range []struct {
		message string
		want    []string
	}{
		{`{"action":"welcome","message_body":{},"IsTargetClient":true,"target":"` + me + `"}`,
			[]string{"You are client " + me + ". /help says what you can do."}},
		{`{"action":"send-message","message_body":{"message":"hello"},"target":"games","sender":"` + other + `"}`,
			[]string{"[games] kx3v…: hello"}},
		{`{"action":"send-message","message_body":{"message":"hello"},"target":"games","sender":"` + me + `"}`,
			[]string{"[games] you: hello"}},
		{`{"action":"send-message","message_body":{"message":"psst"},` + toMe + `"` + other + `"}`,
			[]string{"[games] kx3v… to you: psst"}},
		{`{"action":"send-message","message_body":{"message":7},"target":"games","sender":"` + other + `"}`,
			[]string{`[games] kx3v…: send-message {"message":7}`}},
		{`{"action":"move","message_body":{"x":1,"y":2},"target":"games","sender":"` + other + `"}`,
			[]string{`[games] kx3v…: move {"x":1,"y":2}`}},
		{`{"action":"notice","message_body":{},"IsTargetClient":true,"target":"` + me + `","sender":"server"}`,
			[]string{"server: notice {}"}},
		{`{"action":"joined-room","message_body":{"message":"Welcome client ` + me + `","count":2},` + toMe + `"server"}`,
			[]string{"[games] Welcome client " + me + " (2 here)"}},
		{`{"action":"client-joined-room","message_body":{"message":"Client ` + other + ` joined the room"},"target":"games","sender":"server"}`,
			[]string{"[games] Client " + other + " joined the room"}},
		{`{"action":"client-left-room","message_body":{"message":"Client ` + other + ` left the room","reason":"left"},"target":"games","sender":"server"}`,
			[]string{"[games] Client " + other + " left the room"}},
		{`{"action":"left-room","message_body":{"reason":"kicked"},` + toMe + `"server"}`, nil},
		{`{"action":"room-closed","message_body":{},"target":"games","sender":"server"}`, nil},
		{`{"action":"room-count","message_body":{"count":300},"target":"games","sender":"server"}`,
			[]string{"[games] 300 are here."}},
		{`{"action":"gap","message_body":{"epoch":1,"from":2,"to":3},` + toMe + `"server"}`, nil},
		{`{"action":"error","message_body":{"code":"room-full","message":"room \"games\" is full"},"ref":1,"re":"join-room",` + toMe + `"server"}`, nil},
		{`{"action":"ack","message_body":{},"ref":1,"re":"send-message",` + toMe + `"server"}`, nil},
		{`{"action":"ack","message_body":{"seen":3},"ref":1,"re":"count",` + toMe + `"server"}`,
			[]string{`count: {"seen":3}`}},
		{`{"action":"ack","message_body":{"rooms":[{"name":"a","members":1},{"name":"b","members":2,"locked":true}],"count":5},"ref":1,"re":"list-rooms"}`,
			[]string{"5 rooms", "  a (1 here)", "  b (2 here), with a password", "  and 3 more"}},
		{`{"action":"ack","message_body":{"members":[{"client":"` + other + `"}],"count":1},"ref":1,"re":"list-members",` + toMe + `"server"}`,
			[]string{"[games] 1 here", "  " + other}},
		{`{"action":"welcome","message_body":{"resumed":true},"IsTargetClient":true,"target":"` + me + `"}`, nil},
	} {
		env, err := protocol.ParseServer([]byte(test.message))
		if err != nil {
			t.Fatalf("%s: %v", test.message, err)
		}
		m := incoming{env: &env, self: me}
		if got := m.lines(); !slices.Equal(got, test.want) {
			t.Errorf("%s\nis %q\nwant %q", test.message, got, test.want)
		}
	}
}
