package simplysocket_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// logins are the sessions of a web application and their users: a store, in practice.
var logins = map[string]string{"q8Vd2": "anna"}

// authenticate finds the user behind the cookie of a request.
func authenticate(r *http.Request) (simplysocket.Identity, error) {
	session, err := r.Cookie("session")
	if err != nil {
		return simplysocket.Identity{}, err
	}
	user, ok := logins[session.Value]
	if !ok {
		return simplysocket.Identity{}, errors.New("no such session")
	}
	return simplysocket.Identity{User: user}, nil
}

// Whoami sets up a room that tells each member who it is.
func Whoami(room *simplysocket.Room) error {
	simplysocket.OnCall(room, "whoami", func(m *simplysocket.Member, _ simplysocket.None) (simplysocket.Identity, error) {
		return m.Identity(), nil
	})
	return nil
}

// Authenticate the sessions of a web application by their cookie. examples/auth shows
// signed tokens.
func ExampleOptions_authenticate() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(&simplysocket.Options{Authenticate: authenticate})
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("me", Whoami)
		host := simplysockettest.Serve(t, srv)

		for _, cookie := range []string{"", "session=guessed", "session=q8Vd2"} {
			conn, err := host.TryDial(t.Context(), "", &client.Options{Header: http.Header{"Cookie": {cookie}}})
			var closed *client.CloseError
			if errors.As(err, &closed) {
				fmt.Println(closed.Code)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			room, err := conn.Join(t.Context(), "me", nil)
			if err != nil {
				t.Fatal(err)
			}
			me, err := client.Call[simplysocket.Identity](t.Context(), room, "whoami", nil)
			fmt.Println(me.User, err)
		}
	})
	// Output:
	// 4001 not authenticated
	// 4001 not authenticated
	// anna <nil>
}
