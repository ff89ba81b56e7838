package room_test

import (
	"encoding/json"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// TestReadParams: known keys are read, others are ignored, and an error describes the
// problem in JSON terms.
func TestReadParams(t *testing.T) {
	type value struct {
		Text   string
		Flag   bool
		Int    int8
		Count  uint64
		Ratio  float64
		List   []string
		Object struct{ Inner *int }
		Custom custom
	}
	for _, tt := range []struct{ body, want string }{
		{``, ""},
		{`{}`, ""},
		{`{"other":[1],"Text":7}`, ""},
		{`{"text":"a","flag":true,"int":-5,"count":5,"ratio":1.5,"list":["b"],"object":{"inner":1}}`, ""},
		{`{"text":"a","text":"b"}`, `message_body: duplicate key "text"`},
		{`{"other":1,"other":2}`, ""},
		{`{"text":1}`, `message_body: "text" wants a string, not number`},
		{`{"flag":"x"}`, `message_body: "flag" wants a boolean, not string`},
		{`{"int":300}`, `message_body: "int" wants an integer in range, not number 300`},
		{`{"count":-1}`, `message_body: "count" wants a non-negative integer in range, not number -1`},
		{`{"count":1.5}`, `message_body: "count" wants a non-negative integer in range, not number 1.5`},
		{`{"ratio":"x"}`, `message_body: "ratio" wants a number, not string`},
		{`{"list":{}}`, `message_body: "list" wants an array, not object`},
		{`{"object":[]}`, `message_body: "object" wants an object, not array`},
		{`{"object":{"inner":"x"}}`, `message_body: "Inner" wants an integer in range, not string`},
		{`{"custom":"x"}`, `message_body: "custom" has the wrong form`},
	} {
		var v value
		err := room.ReadParams(json.RawMessage(tt.body), room.Params{
			"text": &v.Text, "flag": &v.Flag, "int": &v.Int, "count": &v.Count, "ratio": &v.Ratio, "list": &v.List, "object": &v.Object, "custom": &v.Custom,
		})
		got := ""
		if err != nil {
			public, internal := room.Public(err)
			if got = public.Message; internal || public.Code != "bad-message" {
				t.Errorf("%s: %v", tt.body, err)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
		}
	}
	var list []string
	if err := room.BadBody(json.Unmarshal([]byte(`{}`), &list)); err.Message != "message_body: wants an array, not object" {
		t.Errorf("of a whole body: %v", err)
	}
}

// custom rejects everything that it is decoded from.
type custom struct{}

func (*custom) UnmarshalJSON([]byte) error { return json.Unmarshal([]byte("{"), new(int)) }
