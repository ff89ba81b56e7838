package simplysocket_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// TestBadEnvelopes sends invalid envelopes over a socket: each is answered with
// bad-message, under its id if that could be read, and the connection stays.
func TestBadEnvelopes(t *testing.T) {
	data, err := os.ReadFile("protocol/testdata/envelopes.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name    string
		In      string
		Error   bool
		ErrorID uint64
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	c := h.member("r")
	for _, v := range vectors {
		if !v.Error {
			continue
		}
		c.Write(v.In)
		if m := c.Until(v.Name, func(m message) bool { return m.Action == "error" }); m.Code() != "bad-message" || m.Ref != v.ErrorID || m.Field("message") == "" {
			t.Errorf("%s: %v", v.Name, m)
		}
	}
	c.LastID = 1000
	c.Call("x", "r", nil)
}

func TestEveryFieldTimesEveryType(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	c := h.member("r")
	values := []string{`null`, `true`, `0`, `-1`, `1.5`, `1e999`, `""`, `"r"`, `"\u0000"`, `[]`, `[[]]`, `{}`, `{"a":{}}`}
	for _, field := range []string{"action", "message_body", "IsTargetClient", "target", "sender", "room", "id", "ref", "seq"} {
		for _, value := range values {
			message := map[string]json.RawMessage{
				"action": json.RawMessage(`"x"`),
				"target": json.RawMessage(`"r"`),
				field:    json.RawMessage(value),
			}
			text, err := json.Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			c.Write(string(text))
		}
	}
	c.LastID = 1000
	c.Call("x", "r", nil) // and the connection is up
}

func TestDeepAndWide(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MaxMessageBytes: 4 << 20})
	c := h.member("r")
	c.Write(`{"id":10,"action":"x","target":"r","message_body":{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}}`)
	if m := c.Answer(10); m.Code() != "bad-message" {
		t.Errorf("got %v", m)
	}
	var wide strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&wide, `,"k%d":1`, i)
	}
	c.Write(`{"id":11,"action":"x","target":"r"` + wide.String() + `}`)
	if m := c.Answer(11); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	c.Expect("x")
	c.LastID = 20
	for _, key := range []string{"__proto__", "constructor", "toString"} {
		c.Call("x", "r", object{key: object{"a": 1}})
		if m := c.Expect("x"); string(m.Body) != `{"`+key+`":{"a":1}}` {
			t.Errorf("got %v", m)
		}
	}
}

func TestStaleID(t *testing.T) {
	h := serve(t, false, nil)
	c := h.member("r")
	send := func(id uint64) message {
		c.Write(envelope(id, "x", "r", nil))
		return c.Until("an answer", func(m message) bool { return m.Ref == id })
	}
	if m := send(10); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	for _, id := range []uint64{10, 9, 1} {
		if m := send(id); m.Code() != "stale-id" {
			t.Errorf("id %d: %v", id, m)
		}
	}
	if m := send(11); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	handled := 0
	for _, m := range c.Received() {
		if m.Action == "x" {
			handled++
		}
	}
	if handled != 2 {
		t.Errorf("%d were handled, want 2", handled)
	}
	// An answer is final, even if it says bad-message.
	c.Write(`{"action":"x","target":"r","id":12,"message_body":1}`)
	if m := c.Until("an answer", func(m message) bool { return m.Ref == 12 }); m.Code() != "bad-message" {
		t.Errorf("got %v", m)
	}
	if m := send(12); m.Code() != "stale-id" {
		t.Errorf("an id that was answered: %v", m)
	}
}

// rawFrame encodes an unfragmented frame of a client with a zero mask.
func rawFrame(first byte, payload string) string {
	header := []byte{first, 0x80 | byte(len(payload))}
	if len(payload) > 125 {
		header = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(len(payload)))
	}
	return string(header) + "\x00\x00\x00\x00" + payload
}

// TestBrokenFrames: one client violates RFC 6455 in each way. It gets the close code, and
// the other members of its room see it leave and continue.
func TestBrokenFrames(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Compression: true})
	witness := h.member("r")
	for name, tt := range map[string]struct {
		data string
		code uint16
	}{
		"unmasked":         {"\x81\x02hi", 1002},
		"reserved bit":     {rawFrame(0x91, "hi"), 1002},
		"reserved opcode":  {rawFrame(0x83, "hi"), 1002},
		"binary":           {rawFrame(0x82, "hi"), 1003},
		"not UTF-8":        {rawFrame(0x81, "\xff"), 1007},
		"top bit":          {"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1002},
		"one tebibyte":     {"\x81\xff\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1009},
		"limit and one":    {"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00", 1009},
		"long ping":        {rawFrame(0x89, strings.Repeat("x", 126)), 1002},
		"fragmented ping":  {rawFrame(0x09, "x"), 1002},
		"bad close code":   {rawFrame(0x88, "\x03\xed"), 1002},
		"half close code":  {rawFrame(0x88, "\x03"), 1002},
		"close reason":     {rawFrame(0x88, "\x03\xe8\xff"), 1007},
		"continuation":     {rawFrame(0x80, "x"), 1002},
		"corrupt deflate":  {rawFrame(0xc1, "\xff\xff"), 1007},
		"close, then data": {rawFrame(0x88, "\x03\xe8") + rawFrame(0x81, "late"), 1000},
	} {
		c := h.member("r", func(o *dialOptions) { o.Compression = true })
		if err := c.Conn.Write([]byte(tt.data)); err != nil {
			t.Fatal(err)
		}
		if end := c.Closing(); end.Code != tt.code {
			t.Errorf("%s: closed with %v, want %d", name, end, tt.code)
		}
		witness.Until(name+" leaves", func(m message) bool { return m.Action == "client-left-room" && m.Field("client") == c.id })
	}
	witness.Call("x", "r", nil)
}

func TestLargestMessage(t *testing.T) {
	h := serve(t, false, nil)
	a, b := h.member("r"), h.member("r")
	frame := envelope(2, "x", "r", object{"x": ""})
	frame = strings.Replace(frame, `"x":""`, `"x":"`+strings.Repeat("y", 65_536-len(frame))+`"`, 1)
	a.Write(frame)
	if m := a.Answer(2); len(frame) != 65_536 || m.Action != "ack" {
		t.Errorf("%d bytes: %v", len(frame), m)
	}
	b.Expect("x")
	a.Write(frame + " ")
	if end := a.Closing(); end.Code != 1009 {
		t.Errorf("closed with %v", end)
	}
}

func TestPingsAndFragments(t *testing.T) {
	h := serve(t, false, nil)
	c := h.member("r")
	text := envelope(2, "x", "r", nil)
	half := len(text) / 2
	if err := c.Conn.Write([]byte(rawFrame(0x01, text[:half]) + rawFrame(0x89, "hello") + rawFrame(0x80, text[half:]))); err != nil {
		t.Fatal(err)
	}
	if m := c.Answer(2); m.Action != "ack" {
		t.Errorf("got %v", m)
	}
	if got := c.Pongs(); got != 1 {
		t.Errorf("%d pongs", got)
	}
}

func TestFloods(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: 20, MessageBurst: 40, CloseTimeout: time.Second})
	witness := h.member("r")
	c := h.member("r")
	for range 60 {
		c.Send("x", "r", nil)
	}
	if m := c.Expect("error"); m.Code() != "rate-limited" || m.Re != "x" {
		t.Errorf("got %v", m)
	}
	for c.Conn.WriteText([]byte(envelope(0, "x", "r", nil))) == nil {
	}
	if end := c.Closing(); end.Code != 4029 {
		t.Errorf("closed with %v", end)
	}
	witness.Until("it leaves", func(m message) bool { return m.Action == "client-left-room" && m.Field("client") == c.id })
}

func TestTooManyRooms(t *testing.T) {
	const rooms = 500
	h := serve(t, false, &simplysocket.Options{MaxRoomsPerClient: rooms, MessageRate: simplysocket.Unlimited})
	c := h.connect()
	for i := range rooms {
		c.Call("join-room", fmt.Sprint("room/", i), nil)
	}
	c.Refused("join-room", "one-more", nil, "limit-exceeded")
	c.Call("join-room", "room/7", nil)
	c.Call("leave-room", "room/7", nil)
	c.Call("join-room", "one-more", nil)
	_ = c.Conn.CloseNow()
	waitFor(t, "all leaves", func() bool { return h.Stats().Leaves == rooms+2 })
}

// TestOlderFaults is a list of what killed or froze an older implementation of the same
// idea: after each of them the server must serve as before.
func TestOlderFaults(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{MessageRate: simplysocket.Unlimited})
	witness := h.member("r")
	alive := func(what string) {
		t.Helper()
		if m := witness.Ask("alive", "r", nil); m.Action != "ack" {
			t.Errorf("after %s: %v", what, m)
		}
	}
	c := h.member("r")
	for what, text := range map[string]string{
		"an unknown target":                   `{"action":"x","target":"nowhere"}`,
		"no JSON":                             `hello`,
		"{}":                                  `{}`,
		"IsTargetClient, unknown target":      `{"action":"x","IsTargetClient":true,"target":"nobody"}`,
		"IsTargetClient, no target":           `{"action":"x","IsTargetClient":true}`,
		"several documents":                   `{"action":"x"}{"action":"x"}`,
		"a room without being in it":          `{"action":"x","target":"other"}`,
		"leave of a room one is not in":       `{"action":"leave-room","target":"other"}`,
		"a direct message to oneself":         `{"action":"x","IsTargetClient":true,"target":"` + c.id + `"}`,
		"a join whose parameters are no good": `{"action":"join-room","target":"r2","message_body":{"capacity":"x"}}`,
	} {
		c.Write(text)
		c.Until("an error for "+what, func(m message) bool { return m.Action == "error" })
		alive(what)
	}

	// Clients disconnect while a room broadcasts; join and vanish; send a first message
	// that overtakes the registration.
	for range 50 {
		gone := h.raw("?room=r")
		gone.Write(envelope(1, "x", "r", nil))
		_ = gone.Conn.CloseNow()
		witness.Send("broadcast", "r", nil)
	}
	alive("clients that vanish")
	early := h.raw("?room=r")
	early.Write(envelope(1, "early", "r", nil))
	if m := early.Answer(1); m.Action != "ack" {
		t.Errorf("a first message that overtakes its join: %v", m)
	}
	alive("an early message")

	// Join and leave, again and again, while nobody reads the answers.
	mute := h.connect()
	for range 2000 {
		mute.Send("join-room", "r3", nil)
		mute.Send("leave-room", "r3", nil)
	}
	alive("joins and leaves")
	_ = mute.Conn.CloseNow()
	_ = c.Conn.CloseNow()
	_ = early.Conn.CloseNow()

	// No ghost member is left behind.
	for {
		list := decode[struct{ Count int }](t, witness.Call("list-members", "r", nil).Body)
		if list.Count == 1 {
			break
		}
	}
}
