package simplysocket_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/DhruvikDonga/simplysocket"
)

// Authenticate the sessions of a web application by their cookie. examples/auth shows
// signed tokens.
func ExampleOptions_authenticate() {
	users := map[string]string{"q8Vd2": "anna"} // session -> user; a store in practice
	srv := quiet(simplysocket.Options{
		Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
			session, err := r.Cookie("session")
			if err != nil {
				return simplysocket.Identity{}, err
			}
			user, ok := users[session.Value]
			if !ok {
				return simplysocket.Identity{}, errors.New("no such session")
			}
			return simplysocket.Identity{User: user}, nil
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

	for _, cookie := range []string{"", "session=guessed", "session=q8Vd2"} {
		anna, err := s.dial(http.Header{"Cookie": {cookie}})
		if err != nil {
			fmt.Println(status(err))
			continue
		}
		anna.ask("join-room", "me", "{}")
	}
	// Output:
	// 401
	// 401
	// anna is in
}

// A page of another site cannot act as the user who visits it.
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
