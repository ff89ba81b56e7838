package load

import (
	"encoding/json"
	"testing"
)

func TestBody(t *testing.T) {
	for _, size := range []int{MinBody, 128, 5000} {
		s := newBodyTemplate("abcdefgh", size)
		for _, n := range []int{0, 7, 10, 123_456_789, 999_999_999} {
			body := s.write(n)
			if len(body) != size || !json.Valid(body) {
				t.Errorf("message %d has %d bytes, want %d: %s", n, len(body), size, body)
			}
			if got, ours := s.readOwn(body); got != n || !ours {
				t.Errorf("%s: read %d, %t", body, got, ours)
			}
			if _, ours := newBodyTemplate("abcdefgi", size).read(body); ours {
				t.Errorf("%s: belongs to another run but was accepted", body)
			}
		}
	}
}

func TestBodyChanged(t *testing.T) {
	s := newBodyTemplate("abcdefgh", MinBody)
	for body, want := range map[string]int{
		`{"n":5,"bench":"abcdefgh"}`:            5,
		`{"bench": "abcdefgh", "n": 12, "x":1}`: 12,
		`{"bench":"abcdefgh","n":-1}`:           -1,
		`{"bench":"abcdefgh","n":1.5}`:          -1,
		`{"bench":"abcdefgh"}`:                  -1,
		`{"bench":"abcdefgh","n":"1"}`:          -1,
		`{"bench":"x","n":1}`:                   -1,
		`{}`:                                    -1,
		``:                                      -1,
	} {
		n, ours := s.read([]byte(body))
		if ours != (want >= 0) || ours && n != want {
			t.Errorf("%s: read %d, %t; want %d", body, n, ours, want)
		}
	}
}

// FuzzBody: a body that is recognized byte by byte is one that was written, and JSON
// reads the same from it.
func FuzzBody(f *testing.F) {
	s := newBodyTemplate("abcdefgh", MinBody)
	f.Add([]byte(s.write(0)))
	f.Add([]byte(s.write(999_999_999)))
	f.Add([]byte(`{"bench":"abcdefgh","n":01}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, ours := s.readOwn(body)
		if !ours {
			if n, ours := s.read(body); ours && n < 0 {
				t.Errorf("message %d", n)
			}
			return
		}
		if written := s.write(n); string(written) != string(body) {
			t.Errorf("%s is read as\n%s", body, written)
		}
		var read struct{ N int }
		if err := json.Unmarshal(body, &read); err != nil || read.N != n {
			t.Errorf("%s: JSON reads %d, %v", body, read.N, err)
		}
	})
}
