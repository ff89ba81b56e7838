package simplysocket_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

var errDisk = errors.New("open /var/data: permission denied")

// Archive sets up a room with two handlers that fail.
func Archive(room *simplysocket.Room) error {
	simplysocket.On(room, "open", func(m *simplysocket.Member, _ simplysocket.None) error {
		return simplysocket.Errorf("not-yours", "%s may not open this", m.ID())
	})
	simplysocket.On(room, "store", func(*simplysocket.Member, simplysocket.None) error {
		if err := room.Broadcast("stored", nil); err != nil { // dropped: the handler fails
			return err
		}
		return errDisk
	})
	return nil
}

// Errorf makes an error that the sender reads: a code for programs and a message for
// people. Of any other error the sender reads "internal", and the server logs it.
func ExampleErrorf() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "archive", Archive)
		anna := room.Join("anna")

		for _, action := range []string{"open", "store"} {
			var public *simplysocket.Error
			if err := anna.TrySend(action, nil); errors.As(err, &public) {
				fmt.Printf("%s: %s\n", public.Code, public.Message)
			}
		}
		simplysockettest.ExpectNone(anna, "stored")
	})
	// Output:
	// not-yours: anna may not open this
	// internal: the room could not handle this
}
