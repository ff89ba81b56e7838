package simplysocket_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// Without any configuration every name opens a relay room.
func Example() {
	srv, err := simplysocket.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	s := play(srv)
	defer s.end()

	anna, bert := s.connect("anna"), s.connect("bert")
	anna.ask("join-room", "chat", "{}")
	bert.ask("join-room", "chat", "{}")
	bert.ask("send-message", "chat", `{"text":"hi"}`)
	fmt.Println(anna.read("joined-room")[:35])
	fmt.Println(anna.read("client-joined-room"))
	fmt.Println(anna.read("send-message"))
	// Output:
	// {"message":"Welcome client anna","e
	// {"client":"bert","message":"Client bert joined the room"} from server
	// {"text":"hi"} from bert
}

// The most specific of the patterns that match a name sets the room up.
func ExampleServer_HandleRoom() {
	srv := quiet(simplysocket.Options{})
	names := func(pattern string, wildcards ...string) {
		srv.HandleRoom(pattern, func(room *simplysocket.Room) error {
			fmt.Print(room.Name(), " is ", pattern)
			for _, w := range wildcards {
				fmt.Print(", ", w, "=", room.Param(w))
			}
			fmt.Println()
			return nil
		})
	}
	names("chat/{topic}", "topic")
	names("chat/help")
	names("docs/{path...}", "path")
	srv.HandleRoom("plain/{name}", simplysocket.Relay)

	s := play(srv)
	defer s.end()
	anna := s.connect("anna")
	for _, room := range []string{"chat/go", "chat/help", "docs/a/b", "plain/x"} {
		anna.ask("join-room", room, "{}")
	}
	fmt.Println(anna.ask("join-room", "elsewhere", "{}"))
	// Output:
	// chat/go is chat/{topic}, topic=go
	// chat/help is chat/help
	// docs/a/b is docs/{path...}, path=a/b
	// refused: unknown-room
}

func ExampleServer_OnConnect() {
	srv := quiet(simplysocket.Options{})
	var maintenance atomic.Bool // OnConnect runs concurrently
	srv.OnConnect(func(_ context.Context, c *simplysocket.Client) error {
		if maintenance.Load() {
			return simplysocket.Errorf("maintenance", "come back tomorrow")
		}
		return c.Join("hall", nil) // everybody starts there
	})
	s := play(srv)
	defer s.end()

	s.connect("anna").read("joined-room")
	maintenance.Store(true)
	late, err := s.dial(nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(late.closed())
	// Output: 4003 maintenance: come back tomorrow
}

// Call Shutdown before that of the http.Server, which does not track upgraded
// connections.
func ExampleServer_Shutdown() {
	srv, err := simplysocket.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", srv)
	server := simplysocket.NewHTTPServer(mux)
	server.Addr = "127.0.0.1:8080"

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		log.Print(err)
		return
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(srv.Shutdown(grace), server.Shutdown(grace)); err != nil {
		log.Print(err)
	}
}

// Middleware wraps the handlers of messages, for all rooms or for one.
func ExampleServer_Use() {
	srv := quiet(simplysocket.Options{})
	srv.Use(func(next simplysocket.Handler) simplysocket.Handler {
		return func(req *simplysocket.Request) (any, error) {
			reply, err := next(req)
			fmt.Println(req.Room.Name(), req.Action, err)
			return reply, err
		}
	})
	srv.HandleRoom("{room}", func(room *simplysocket.Room) error {
		room.Use(func(next simplysocket.Handler) simplysocket.Handler {
			return func(req *simplysocket.Request) (any, error) {
				if len(req.Body) > 20 {
					return nil, simplysocket.Errorf("too-large", "be brief")
				}
				return next(req)
			}
		})
		simplysocket.On(room, "say", func(*simplysocket.Member, simplysocket.None) error { return nil })
		return nil
	})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "a", "{}")
	anna.ask("say", "a", `{"text":"short"}`)
	anna.ask("say", "a", `{"text":"much longer than that"}`)
	// Output:
	// a say <nil>
	// a say too-large: be brief
}

func ExampleServer_Stats() {
	srv := quiet(simplysocket.Options{})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("send-message", "lobby", "{}")
	anna.ask("join-room", "chat", "{}")
	stats := srv.Stats()
	fmt.Println(stats.Clients, "client,", stats.Rooms, "rooms,", stats.Joins, "joins")
	// Output: 1 client, 2 rooms, 2 joins
}

// Count metrics in the functions of a Trace.
func ExampleTrace() {
	var messages, bytes expvar.Int
	srv := quiet(simplysocket.Options{Trace: &simplysocket.Trace{
		Message: func(m simplysocket.MessageInfo) {
			messages.Add(1)
			bytes.Add(int64(m.Bytes))
		},
	}})
	s := play(srv)
	defer s.end()

	anna := s.connect("anna")
	anna.ask("join-room", "chat", "{}")
	anna.ask("send-message", "chat", `{"text":"hi"}`)
	fmt.Println(messages.Value(), "message of", bytes.Value(), "bytes")
	// Output: 1 message of 13 bytes
}
