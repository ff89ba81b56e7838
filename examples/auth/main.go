// Command auth is a server whose clients show a signed token (JWT).
//
// The algorithm is the server's choice and not the token's, and a token that never
// expires is refused.
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/golang-jwt/jwt/v5"

	"github.com/DhruvikDonga/simplysocket"
)

func main() {
	key := os.Getenv("TOKEN_KEY")
	if len(key) < 32 {
		log.Fatal("TOKEN_KEY must be the key of the service that issues the tokens, at least 32 bytes")
	}
	srv, err := newServer([]byte(key))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	server := simplysocket.NewHTTPServer(mux)
	server.Addr = "127.0.0.1:8080"
	fmt.Println("listening on", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// newServer returns a server that accepts tokens signed with the key.
func newServer(key []byte) (*simplysocket.Server, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
	)
	srv, err := simplysocket.New(&simplysocket.Options{
		Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
			var claims jwt.RegisteredClaims
			_, err := parser.ParseWithClaims(simplysocket.Token(r), &claims, func(*jwt.Token) (any, error) { return key, nil })
			if err != nil {
				return simplysocket.Identity{}, err
			}
			if claims.Subject == "" {
				return simplysocket.Identity{}, errors.New("the token has no subject")
			}
			return simplysocket.Identity{User: claims.Subject}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	srv.HandleRoom("me", func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			return j.Welcome(greeting{"Hello, " + j.Identity().User})
		})
		return nil
	})
	return srv, nil
}

type greeting struct {
	Message string `json:"message"`
}
