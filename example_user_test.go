package simplysocket_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Order is the body of "order-shipped".
type Order struct {
	No int `json:"no"`
}

// everybodyIsAnna is an Options.Authenticate; the example of that shows a real one.
func everybodyIsAnna(*http.Request) (simplysocket.Identity, error) {
	return simplysocket.Identity{User: "anna"}, nil
}

// A message to a user reaches all sessions of the user: here, two windows.
func ExampleServer_User() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(&simplysocket.Options{Authenticate: everybodyIsAnna})
		if err != nil {
			t.Fatal(err)
		}
		host := simplysockettest.Serve(t, srv)
		shipped := make(chan Order)
		for range 2 {
			host.Dial(&client.Options{Lobby: func(lobby *client.Room) {
				client.On(lobby, "order-shipped", func(_ string, order Order) { shipped <- order })
			}})
		}

		fmt.Println(srv.User("anna").Send("order-shipped", Order{17}))
		fmt.Println(<-shipped, <-shipped)
	})
	// Output:
	// <nil>
	// {17} {17}
}
