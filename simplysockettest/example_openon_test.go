package simplysockettest_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// newServer returns the server of the application, with its rooms and its middleware.
func newServer() (*simplysocket.Server, error) {
	srv, err := simplysocket.New(nil)
	if err != nil {
		return nil, err
	}
	srv.Use(func(next simplysocket.Handler) simplysocket.Handler {
		return func(req *simplysocket.Request) (any, error) {
			fmt.Println(req.Member.ID(), req.Action)
			return next(req)
		}
	})
	srv.HandleRoom("greet/{name}", func(room *simplysocket.Room) error {
		simplysocket.On(room, "greet", func(*simplysocket.Member, simplysocket.None) error {
			return room.Broadcast("greeted", map[string]string{"name": room.Param("name")})
		})
		return nil
	})
	return srv, nil
}

// OpenOn opens a room as the application's own server does.
func ExampleOpenOn() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := newServer()
		if err != nil {
			t.Fatal(err)
		}
		ann := simplysockettest.OpenOn(t, srv, "greet/bob").Join("ann")
		ann.Send("greet", nil)
		fmt.Println(simplysockettest.Expect[map[string]string](ann, "greeted"))
	})
	// Output:
	// ann greet
	// map[name:bob]
}
