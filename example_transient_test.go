package simplysocket_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// source is where a member reads from. It has no JSON form and no meaning in another
// process, so it is not part of the room's state.
var source = simplysocket.NewKey[io.Reader]("source", simplysocket.Transient())

// Chunk is the reply to "read".
type Chunk struct {
	Text string `json:"text"`
}

// Library sets up a room that reads to each member, four bytes at a time.
func Library(room *simplysocket.Room) error {
	simplysocket.OnCall(room, "read", func(m *simplysocket.Member, _ simplysocket.None) (Chunk, error) {
		from, ok := source.Lookup(m)
		if !ok { // it is the first time, or the room was restored
			from = strings.NewReader("once upon a time")
			source.Set(m, from)
		}
		chunk := make([]byte, 4)
		n, err := from.Read(chunk)
		return Chunk{string(chunk[:n])}, err
	})
	return nil
}

// Transient allows properties that cannot be stored, such as files and connections.
func ExampleTransient() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "library", Library)
		anna, bert := room.Join("anna"), room.Join("bert")
		for _, c := range []*simplysockettest.Client{anna, anna, bert} {
			var chunk Chunk
			err := c.Call("read", nil, &chunk)
			fmt.Printf("%s reads %q %v\n", c.ID(), chunk.Text, err)
		}
	})
	// Output:
	// anna reads "once" <nil>
	// anna reads " upo" <nil>
	// bert reads "once" <nil>
}
