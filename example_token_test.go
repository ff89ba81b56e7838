package simplysocket_test

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/DhruvikDonga/simplysocket"
)

// serviceToken is the secret of another service; it comes from the configuration.
const serviceToken = "5d1c7e"

// byToken is an Options.Authenticate.
func byToken(r *http.Request) (simplysocket.Identity, error) {
	if subtle.ConstantTimeCompare([]byte(simplysocket.Token(r)), []byte(serviceToken)) != 1 {
		return simplysocket.Identity{}, errors.New("wrong token")
	}
	return simplysocket.Identity{User: "billing"}, nil
}

// Token finds the token of a request, which a page and a program send in different places.
func ExampleToken() {
	program := httptest.NewRequest(http.MethodGet, "/ws", nil)
	program.Header.Set("Authorization", "Bearer 5d1c7e")
	page := httptest.NewRequest(http.MethodGet, "/ws", nil)
	page.Header.Set("Sec-WebSocket-Protocol", "simplysocket.v1, bearer.NWQxYzdl")
	nobody := httptest.NewRequest(http.MethodGet, "/ws", nil)

	for _, r := range []*http.Request{program, page, nobody} {
		identity, err := byToken(r)
		fmt.Printf("%q %v\n", identity.User, err)
	}
	// Output:
	// "billing" <nil>
	// "billing" <nil>
	// "" wrong token
}
