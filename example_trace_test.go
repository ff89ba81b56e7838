package simplysocket_test

import (
	"expvar"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// metrics counts what clients send.
type metrics struct{ messages, bytes expvar.Int }

func (m *metrics) message(info simplysocket.MessageInfo) {
	m.messages.Add(1)
	m.bytes.Add(int64(info.Bytes))
}

// Count metrics in the functions of a Trace.
func ExampleTrace() {
	simplysockettest.Example(func(t testing.TB) {
		var m metrics
		srv, err := simplysocket.New(&simplysocket.Options{
			Trace: &simplysocket.Trace{Message: m.message},
		})
		if err != nil {
			t.Fatal(err)
		}
		conn := simplysockettest.Serve(t, srv).Dial(nil)
		room, err := conn.Join(t.Context(), "chat", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := room.Send(t.Context(), "send-message", map[string]string{"text": "hi"}); err != nil {
			t.Fatal(err)
		}
		fmt.Println(m.messages.Value(), "message of", m.bytes.Value(), "bytes")
	})
	// Output: 1 message of 13 bytes
}
