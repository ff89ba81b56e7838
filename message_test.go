package simplysocket_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

func TestMessageJSON(t *testing.T) {
	type body = map[string]any
	for name, tt := range map[string]struct {
		message simplysocket.Message
		text    string
	}{
		"all keys": {
			simplysocket.Message{Action: "send-message", MessageBody: body{"text": "hi"}, IsTargetClient: true, Target: "anna", Sender: "bert"},
			`{"action":"send-message","message_body":{"text":"hi"},"IsTargetClient":true,"target":"anna","sender":"bert"}`,
		},
		"zero": {
			simplysocket.Message{MessageBody: body{}},
			`{"action":"","message_body":{},"IsTargetClient":false,"target":"","sender":""}`,
		},
		"no HTML escapes": {
			simplysocket.Message{Action: "<&>", MessageBody: body{"<": "\u2028é"}},
			`{"action":"<&>","message_body":{"<":"` + `\u2028é` + `"},"IsTargetClient":false,"target":"","sender":""}`,
		},
		"every digit": {
			simplysocket.Message{Action: "x", MessageBody: body{"n": json.Number("9007199254740993"), "f": json.Number("1.50")}},
			`{"action":"x","message_body":{"f":1.50,"n":9007199254740993},"IsTargetClient":false,"target":"","sender":""}`,
		},
	} {
		got, err := json.Marshal(tt.message)
		if name == "no HTML escapes" {
			// json.Marshal escapes the output of a Marshaler; the method does not.
			got, err = tt.message.MarshalJSON()
		}
		if err != nil || string(got) != tt.text {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, tt.text)
		}
		if tt.message.Action == "" {
			continue // not a message at all
		}
		var back simplysocket.Message
		if err := json.Unmarshal([]byte(tt.text), &back); err != nil || !reflect.DeepEqual(back, tt.message) {
			t.Errorf("%s: read %+v, %v, want %+v", name, back, err, tt.message)
		}
	}
	nobody, err := json.Marshal(simplysocket.Message{Action: "x"})
	if want := `{"action":"x","message_body":{},"IsTargetClient":false,"target":"","sender":""}`; err != nil || string(nobody) != want {
		t.Errorf("nil body: %s, %v, want %s", nobody, err, want)
	}
	for name, text := range map[string]string{
		"another case":  `{"Action":"x"}`,
		"twice":         `{"action":"x","action":"y"}`,
		"no object":     `{"action":"x","message_body":[]}`,
		"wrong type":    `{"action":"x","IsTargetClient":1}`,
		"no action":     `{}`,
		"no JSON":       `x`,
		"two documents": `{"action":"x"}{"action":"y"}`,
	} {
		var m simplysocket.Message
		if err := m.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, m)
		}
	}
	if _, err := json.Marshal(simplysocket.Message{Action: "x", MessageBody: body{"f": func() {}}}); err == nil {
		t.Error("a function was encoded")
	}
}
