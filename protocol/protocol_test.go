package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// vector is a case of testdata/envelopes.json, which the clients test with too.
type vector struct {
	Name           string
	In             string
	Action         string
	Body           string
	IsTargetClient bool
	Target         string
	Room           string
	ID             uint64
	Error          bool
	ErrorID        uint64
}

func read(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	var vectors []vector
	read(t, "envelopes.json", &vectors)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			env, err := protocol.Parse([]byte(v.In))
			if v.Error {
				var bad *protocol.ParseError
				if !errors.As(err, &bad) {
					t.Fatalf("Parse(%q) = %+v, %v, want a ParseError", v.In, env, err)
				}
				if bad.ID != v.ErrorID || bad.Message == "" {
					t.Errorf("Parse(%q): error with id %d, want %d: %v", v.In, bad.ID, v.ErrorID, bad)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse(%q): %v", v.In, err)
			}
			got := vector{
				Name: v.Name, In: v.In, Action: string(env.Action), Body: string(env.Body),
				IsTargetClient: env.IsTargetClient, Target: string(env.Target), Room: string(env.Room), ID: env.ID,
			}
			if got != v {
				t.Errorf("Parse = %+v, want %+v", got, v)
			}
			if env.Sender != nil || env.Seq != 0 || env.Ref != 0 {
				t.Errorf("Parse accepted fields of a server: %+v", env)
			}
		})
	}
}

func TestParseLarge(t *testing.T) {
	deep := `{"id":3,"action":"a","message_body":{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}}`
	var bad *protocol.ParseError
	if _, err := protocol.Parse([]byte(deep)); !errors.As(err, &bad) || bad.ID != 3 || !strings.Contains(bad.Message, "deeper") {
		t.Errorf("10,000 levels: %v", err)
	}
	if _, err := protocol.Parse([]byte(strings.Repeat(`{"a":`, 100_000))); !errors.As(err, &bad) {
		t.Errorf("100,000 open objects: %v", err)
	}
	var wide strings.Builder
	wide.WriteString(`{"action":"a"`)
	for range 100_000 {
		wide.WriteString(`,"k":1`)
	}
	wide.WriteString(`}`)
	if _, err := protocol.Parse([]byte(wide.String())); err != nil {
		t.Errorf("100,000 unknown keys: %v", err)
	}
}

func TestParseInvalidUTF8(t *testing.T) {
	for _, in := range []string{"{\"action\":\"a\xff\"}", "{\"action\":\"a\",\"x\":\"\xed\xa0\x80\"}", "\xff"} {
		if env, err := protocol.Parse([]byte(in)); err == nil {
			t.Errorf("Parse(%q) = %+v", in, env)
		}
	}
}

func TestServerEnvelopeRoundTrip(t *testing.T) {
	headers := []protocol.Header{
		{Action: "a"},
		{Action: "send-message", Target: "chat", Sender: "bob", Seq: 3, Time: 1_700_000_000_000},
		{Action: "ack", Target: "bob", IsTargetClient: true, Sender: "server", Ref: 9, Re: "join-room", Room: "chat", Seq: 1},
		{Action: "a\"\\é\U0001f600<>&\u2028", Target: "x", Sender: "y", N: protocol.MaxID, ID: 1},
	}
	for _, h := range headers {
		data := protocol.AppendEnvelope([]byte("x"), &h, []byte(`{"k":[1.50]}`))[1:]
		if !json.Valid(data) {
			t.Fatalf("not JSON: %s", data)
		}
		env, err := protocol.ParseServer(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		got := protocol.Header{
			Action: string(env.Action), IsTargetClient: env.IsTargetClient, Target: string(env.Target), Sender: string(env.Sender),
			ID: env.ID, Ref: env.Ref, Re: string(env.Re), Room: string(env.Room), Seq: env.Seq, N: env.N, Time: env.Time,
		}
		if got != h || string(env.Body) != `{"k":[1.50]}` {
			t.Errorf("%s: got %+v, want %+v", data, got, h)
		}
	}
	if got := string(protocol.AppendEnvelope(nil, &protocol.Header{Action: "a"}, nil)); got != `{"action":"a","message_body":{},"IsTargetClient":false,"target":"","sender":""}` {
		t.Errorf("one of the five keys is missing: %s", got)
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "a", "\x00\x1f\x7f\n\t", `"\/`, "é\u2028\U0001f600", "<script>&amp;", "a\xffb\xc3", "\xed\xa0\x80"} {
		var back string
		data := protocol.AppendString(nil, s)
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("AppendString(%q) = %s: %v", s, data, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); utf8.ValidString(s) && back != want || !utf8.Valid(data) {
			t.Errorf("AppendString(%q) = %s, which is %q", s, data, back)
		}
	}
	if got := string(protocol.AppendString(nil, "<&>")); got != `"<&>"` {
		t.Errorf("HTML is escaped: %s", got)
	}
}

func TestValidName(t *testing.T) {
	var names struct{ Valid, Invalid []string }
	read(t, "names.json", &names)
	for _, name := range names.Valid {
		if err := protocol.ValidName(name); err != nil {
			t.Errorf("ValidName(%q) = %v", name, err)
		}
		if err := protocol.ValidName([]byte(name)); err != nil {
			t.Errorf("ValidName([]byte(%q)) = %v", name, err)
		}
	}
	for _, name := range names.Invalid {
		if protocol.ValidName(name) == nil {
			t.Errorf("%q is a valid name", name)
		}
	}
}

func TestValidAction(t *testing.T) {
	for _, action := range []string{"a", "send-message", "é", "\U0001f600", strings.Repeat("a", 128)} {
		if err := protocol.ValidAction(action); err != nil {
			t.Errorf("ValidAction(%q) = %v", action, err)
		}
	}
	for _, action := range []string{"", "\x00", "a\n", "\x7f", "\u0085", "\xff", "é\xc3", strings.Repeat("a", 129)} {
		if protocol.ValidAction(action) == nil {
			t.Errorf("%q is a valid action", action)
		}
	}
}

func TestActions(t *testing.T) {
	for action, server := range map[string]bool{
		"welcome": true, "ack": true, "error": true, "gap": true, "joined-room": true, "left-room": true, "room-closed": true,
		"room-count": true, "heartbeat": true, "client-joined-room": true, "client-": true, "client-anything": true,
		"hello": false, "join-room": false, "send-message": false, "client": false, "": false,
	} {
		if protocol.ServerAction(action) != server {
			t.Errorf("ServerAction(%q) = %v", action, !server)
		}
	}
	if !protocol.ReservedAction("$x") || protocol.ReservedAction("x$") {
		t.Error("actions that begin with $ are reserved, and no others")
	}
}

func TestCodes(t *testing.T) {
	for _, code := range []string{"internal", "a", "no-1", strings.Repeat("a", 64)} {
		if !protocol.ValidCode(code) {
			t.Errorf("%q is not a valid code", code)
		}
	}
	for _, code := range []string{"", "A", "a_b", "a b", "é", strings.Repeat("a", 65)} {
		if protocol.ValidCode(code) {
			t.Errorf("%q is a valid code", code)
		}
	}
	if got := protocol.CloseTooSlow.String(); got != "4008 too slow" {
		t.Error(got)
	}
	if got := protocol.CloseCode(4100).String(); got != "4100" {
		t.Error(got)
	}
}

func TestMarshalObject(t *testing.T) {
	type line struct {
		Text string `json:"text"`
	}
	tests := []struct {
		v    any
		want string
	}{
		{nil, "{}"},
		{(map[string]any)(nil), "{}"},
		{(*line)(nil), "{}"},
		{line{"<b>&"}, `{"text":"<b>&"}`},
		{map[string]any{"n": json.Number("9007199254740993")}, `{"n":9007199254740993}`},
		{json.RawMessage(`{"a": 1}`), `{"a":1}`},
		{json.RawMessage(nil), "{}"},
	}
	for _, tt := range tests {
		if got, err := protocol.MarshalObject(tt.v); err != nil || string(got) != tt.want {
			t.Errorf("MarshalObject(%#v) = %s, %v, want %s", tt.v, got, err, tt.want)
		}
	}
	for _, v := range []any{1, "a", []int{}, true, json.RawMessage("{\"a\":\"\xff\"}")} {
		if got, err := protocol.MarshalObject(v); !errors.Is(err, protocol.ErrNotObject) {
			t.Errorf("MarshalObject(%#v) = %s, %v", v, got, err)
		}
	}
	for _, v := range []any{math.Inf(1), make(chan int), json.RawMessage("{")} {
		if got, err := protocol.MarshalObject(v); err == nil {
			t.Errorf("MarshalObject(%#v) = %s", v, got)
		}
	}
}

func TestFields(t *testing.T) {
	for object, want := range map[string][]string{
		`{}`:                             nil,
		` { "a" : {"x":1} , "b":["y"] }`: {"a", `{"x":1}`, "b", `["y"]`},
		`{"\u0061":1}`:                   {"a", "1"},
		`{"a":1,"A":2,"a":3}`:            {"a", "1", "A", "2", "a", "3"},
	} {
		var got []string
		for key, value := range protocol.Fields([]byte(object)) {
			got = append(got, key, string(value))
		}
		if !slices.Equal(got, want) {
			t.Errorf("Fields(%s) = %q, want %q", object, got, want)
		}
	}
}

func TestCompact(t *testing.T) {
	for data, want := range map[string]string{
		"{}": `{}`,
		"{ \"a\" :\r\n\t[ 1 , \"x  y\\\" z\" ] }": `{"a":[1,"x  y\" z"]}`,
	} {
		if got := protocol.Compact(nil, []byte(data)); string(got) != want {
			t.Errorf("Compact(%q) = %q, want %q", data, got, want)
		}
	}
}

func TestBodyIsNotTooDeep(t *testing.T) {
	nested := func(levels int) json.RawMessage {
		return json.RawMessage(strings.Repeat(`{"a":`, levels-1) + "{}" + strings.Repeat("}", levels-1))
	}
	body, err := protocol.MarshalObject(nested(63))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := protocol.ParseServer(protocol.AppendEnvelope(nil, &protocol.Header{Action: "x"}, body)); err != nil {
		t.Error(err)
	}
	if _, err := protocol.MarshalObject(nested(64)); err == nil {
		t.Error("a body that no peer accepts was encoded")
	}
	wide := json.RawMessage(`{"a":[` + strings.Repeat("[],", 100) + `[]]}`)
	if _, err := protocol.MarshalObject(wide); err != nil {
		t.Error(err)
	}
}

// reference decides with encoding/json whether data is a client's envelope, as far as
// that package can: it cannot see half surrogate pairs.
func reference(data []byte) (fields map[string]json.RawMessage, ok bool) {
	if !utf8.Valid(data) || !json.Valid(data) || bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, false
	}
	known := []string{"action", "message_body", "IsTargetClient", "target", "room", "id"}
	fields = map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, false
		}
		name := token.(string)
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, false
		}
		if !slices.Contains(known, name) {
			continue
		}
		if fields[name] != nil {
			return nil, false
		}
		fields[name] = raw
	}
	var action string
	if json.Unmarshal(fields["action"], &action) != nil || protocol.ValidAction(action) != nil {
		return nil, false
	}
	for _, name := range []string{"target", "room"} {
		if raw := fields[name]; raw != nil && raw[0] != '"' {
			return nil, false
		}
	}
	if body := fields["message_body"]; body != nil && body[0] != '{' && string(body) != "null" {
		return nil, false
	}
	var isClient *bool
	if raw := fields["IsTargetClient"]; raw != nil && json.Unmarshal(raw, &isClient) != nil {
		return nil, false
	}
	if raw := fields["id"]; raw != nil {
		var id uint64
		if json.Unmarshal(raw, &id) != nil || id == 0 || id > protocol.MaxID {
			return nil, false
		}
	}
	return fields, true
}

func FuzzParse(f *testing.F) {
	var vectors []vector
	read(f, "envelopes.json", &vectors)
	for _, v := range vectors {
		f.Add([]byte(v.In))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := bytes.Clone(data)
		env, err := protocol.Parse(data)
		if !bytes.Equal(kept, data) {
			t.Fatal("Parse changed its input")
		}
		fields, ok := reference(data)
		if err != nil {
			var bad *protocol.ParseError
			if !errors.As(err, &bad) {
				t.Fatalf("error of type %T", err)
			}
			if ok && !strings.Contains(bad.Message, "surrogate") && !strings.Contains(bad.Message, "deeper") {
				t.Errorf("Parse refuses %q: %v", data, err)
			}
			return
		}
		if !ok {
			t.Fatalf("Parse takes %q", data)
		}
		var action string
		_ = json.Unmarshal(fields["action"], &action)
		if action != string(env.Action) {
			t.Errorf("action %q, want %q", env.Action, action)
		}
		if body := fields["message_body"]; body != nil && string(body) != "null" && !bytes.Equal(body, env.Body) {
			t.Errorf("body %q, want %q", env.Body, body)
		}
		for range protocol.Fields(env.Body) {
		}
		if compact := protocol.Compact(nil, env.Body); !json.Valid(compact) {
			t.Errorf("Compact made %q of %q", compact, env.Body)
		}
	})
}

func FuzzValidName(f *testing.F) {
	for _, name := range []string{"a", "a/b", "..", "a//b", "\x00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		valid := len(name) >= 1 && len(name) <= 128
		for _, segment := range strings.Split(name, "/") {
			valid = valid && segment != "" && segment != "." && segment != ".."
		}
		for _, c := range []byte(name) {
			valid = valid && strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@", c) >= 0
		}
		if (protocol.ValidName(name) == nil) != valid {
			t.Errorf("ValidName(%q) = %v", name, protocol.ValidName(name))
		}
	})
}

var benchmarkEnvelope = []byte(`{"action":"send-message","message_body":{"message":"` + strings.Repeat("x", 100) + `"},"IsTargetClient":false,"target":"chat/general","id":17}`)

func TestParseAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = protocol.Parse(benchmarkEnvelope) }); n != 0 {
		t.Errorf("Parse allocates %v times", n)
	}
	name := []byte("chat/general")
	if n := testing.AllocsPerRun(100, func() { _ = protocol.ValidName(name) }); n != 0 {
		t.Errorf("ValidName allocates %v times", n)
	}
	h := protocol.Header{Action: "send-message", Target: "chat/general", Sender: "bob", Seq: 17}
	dst := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() { dst = protocol.AppendEnvelope(dst[:0], &h, nil) }); n != 0 {
		t.Errorf("AppendEnvelope allocates %v times", n)
	}
}

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(benchmarkEnvelope)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = protocol.Parse(benchmarkEnvelope)
	}
}

// BenchmarkParseStandard does the same work with encoding/json.
func BenchmarkParseStandard(b *testing.B) {
	b.SetBytes(int64(len(benchmarkEnvelope)))
	b.ReportAllocs()
	for b.Loop() {
		var env struct {
			Action         string          `json:"action"`
			Body           json.RawMessage `json:"message_body"`
			IsTargetClient bool
			Target         string `json:"target"`
			ID             uint64 `json:"id"`
		}
		_ = json.Unmarshal(benchmarkEnvelope, &env)
	}
}

func BenchmarkAppendEnvelope(b *testing.B) {
	h := protocol.Header{Action: "send-message", Target: "chat/general", Sender: "4x7kq2m9v8c3n5b6z1a0s4d2f6", Seq: 17}
	body := []byte(`{"message":"` + strings.Repeat("x", 100) + `"}`)
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		dst = protocol.AppendEnvelope(dst[:0], &h, body)
	}
}
