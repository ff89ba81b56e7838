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

// allowed are the origins whose pages may connect, besides the server's own.
var allowed = []string{"https://app.example.com", "https://*.example.org"}

// A page of another site cannot act as the user who visits it.
func ExampleOptions_origins() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(&simplysocket.Options{Origins: allowed})
		if err != nil {
			t.Fatal(err)
		}
		host := simplysockettest.Serve(t, srv)

		for _, origin := range []string{
			"https://app.example.com",
			"https://www.example.org",
			"https://app.example.com.evil.net",
		} {
			conn, err := host.TryDial(t.Context(), "", &client.Options{Header: http.Header{"Origin": {origin}}})
			var refused *client.RefusedError
			switch {
			case errors.As(err, &refused):
				fmt.Println(refused.Status, origin)
			case err != nil:
				t.Error(err)
			default:
				fmt.Println("in ", origin)
				defer conn.Close()
			}
		}
	})
	// Output:
	// in  https://app.example.com
	// in  https://www.example.org
	// 403 https://app.example.com.evil.net
}
