package simplysocket_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/DhruvikDonga/simplysocket"
)

// The algorithm is the server's choice and not the token's, and a token that
// never expires is refused.
func ExampleOptions_authenticate() {
	key := []byte("of the service that issues the tokens")
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
	)
	srv := quiet(simplysocket.Options{
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
	srv.HandleRoom("me", func(room *simplysocket.Room) error {
		room.OnJoin(func(j *simplysocket.Join) error {
			fmt.Println(j.Identity().User, "is in")
			return nil
		})
		return nil
	})
	s := play(srv)
	defer s.end()

	sign := func(method jwt.SigningMethod, key any, expires *jwt.NumericDate) string {
		token, err := jwt.NewWithClaims(method, jwt.RegisteredClaims{Subject: "anna", ExpiresAt: expires}).SignedString(key)
		if err != nil {
			panic(err)
		}
		return token
	}
	hour := jwt.NewNumericDate(time.Now().Add(time.Hour))
	for _, token := range []string{
		sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, hour),
		sign(jwt.SigningMethodHS256, []byte("another key"), hour),
		sign(jwt.SigningMethodHS256, key, jwt.NewNumericDate(time.Now().Add(-time.Hour))),
		sign(jwt.SigningMethodHS256, key, nil),
		sign(jwt.SigningMethodHS256, key, hour),
	} {
		anna, err := s.dial(http.Header{"Authorization": {"Bearer " + token}})
		if err != nil {
			fmt.Println(status(err))
			continue
		}
		anna.ask("join-room", "me", "{}")
	}
	// Output:
	// 401
	// 401
	// 401
	// 401
	// anna is in
}

// A page of another site can not act as the user who looks at it.
func ExampleOptions_origins() {
	srv := quiet(simplysocket.Options{
		Origins: []string{"https://app.example.com", "https://*.example.org"},
	})
	s := play(srv)
	defer s.end()

	for _, origin := range []string{
		"https://app.example.com",
		"https://www.example.org",
		"https://app.example.com.evil.net",
	} {
		_, err := s.dial(http.Header{"Origin": {origin}})
		fmt.Println(status(err), origin)
	}
	// Output:
	// 101 https://app.example.com
	// 101 https://www.example.org
	// 403 https://app.example.com.evil.net
}
