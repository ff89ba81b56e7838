package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// stage runs a server in memory until it is ended.
func stage(configure ...func(*simplysocket.Server)) (o *client.Options, end func()) {
	srv, err := simplysocket.New(&simplysocket.Options{Logger: servertest.Quiet})
	if err != nil {
		panic(err)
	}
	for _, f := range configure {
		f(srv)
	}
	server, err := servertest.Start(srv, "")
	if err != nil {
		panic(err)
	}
	return &client.Options{NetDial: server.Dial}, func() {
		if err := server.Stop(); err != nil {
			panic(err)
		}
	}
}

func Example() {
	options, end := stage()
	defer end()
	ctx := context.Background()

	type Line struct {
		Message string `json:"message"`
	}
	conn, err := client.Dial(ctx, "ws://localhost/ws", options)
	if err != nil {
		panic(err)
	}
	defer conn.Close()

	heard := make(chan string)
	room, err := conn.Join(ctx, "chat/go", nil, func(room *client.Room) {
		client.On(room, "send-message", func(from string, line Line) {
			heard <- fmt.Sprintf("%s, from me: %t", line.Message, from == conn.ID())
		})
	})
	if err != nil {
		panic(err)
	}
	if err := room.Send(ctx, "send-message", Line{"hi"}); err != nil {
		panic(err)
	}
	fmt.Println(<-heard)
	// Output:
	// hi, from me: true
}

// The reply is what the room's handler returned; a refusal is its error.
func ExampleCall() {
	type Numbers struct{ A, B int }
	type Sum struct{ Sum int }
	options, end := stage(func(srv *simplysocket.Server) {
		srv.HandleRoom("calculator", func(room *simplysocket.Room) error {
			simplysocket.OnCall(room, "add", func(_ *simplysocket.Member, n Numbers) (Sum, error) {
				if n.A < 0 {
					return Sum{}, simplysocket.Errorf("negative", "only whole numbers from 0 on")
				}
				return Sum{n.A + n.B}, nil
			})
			return nil
		})
	})
	defer end()
	ctx := context.Background()

	conn, err := client.Dial(ctx, "ws://localhost/ws", options)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	room, err := conn.Join(ctx, "calculator", nil)
	if err != nil {
		panic(err)
	}
	sum, err := client.Call[Sum](ctx, room, "add", Numbers{2, 3})
	fmt.Println(sum.Sum, err)

	_, err = client.Call[Sum](ctx, room, "add", Numbers{-2, 3})
	var refused *client.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
	}
	// Output:
	// 5 <nil>
	// negative
}

// Params are those of the room; a relay room knows these.
func ExampleConn_Join() {
	options, end := stage()
	defer end()
	ctx := context.Background()

	owner, err := client.Dial(ctx, "ws://localhost/ws", options)
	if err != nil {
		panic(err)
	}
	defer owner.Close()
	guest, err := client.Dial(ctx, "ws://localhost/ws", options)
	if err != nil {
		panic(err)
	}
	defer guest.Close()

	type Params struct {
		Capacity int    `json:"capacity,omitempty"`
		Password string `json:"password"`
	}
	table, err := owner.Join(ctx, "table/1", Params{Capacity: 2, Password: "sesame"})
	if err != nil {
		panic(err)
	}
	_, err = guest.Join(ctx, "table/1", Params{Password: "simsim"})
	fmt.Println(err)
	_, err = guest.Join(ctx, "table/1", Params{Password: "sesame"})
	fmt.Println(err)
	page, err := table.ListMembers(ctx, 0)
	fmt.Println(page.Count, err)
	// Output:
	// forbidden: wrong password for room "table/1"
	// <nil>
	// 2 <nil>
}

// After a gap, show the messages that the room still keeps and that were not shown yet.
func ExampleRoom_OnGap() {
	type Line struct {
		Message string `json:"message"`
	}
	ctx := context.Background()
	conn, err := client.Dial(ctx, "wss://example.com/ws", nil)
	if err != nil {
		panic(err)
	}
	defer conn.Close()

	var shown uint64 // the newest position; callbacks run one at a time
	show := func(m *client.Message) {
		var line Line
		if m.Action != "send-message" || m.Seq <= shown || m.Decode(&line) != nil {
			return
		}
		shown = m.Seq
		fmt.Printf("%s: %s\n", m.Sender, line.Message)
	}
	_, err = conn.Join(ctx, "chat/go", nil, func(room *client.Room) {
		room.OnMessage(show)
		room.OnGap(func(gap client.Gap) {
			if gap.Whole() { // positions start over
				shown = 0
				return // OnRejoin follows
			}
			fetch(ctx, room, show)
		})
		room.OnRejoin(func(json.RawMessage) { fetch(ctx, room, show) })
	})
	if err != nil {
		panic(err)
	}
	<-conn.Done()
	fmt.Println(conn.Err())
}

func fetch(ctx context.Context, room *client.Room, show func(*client.Message)) {
	page, err := room.History(ctx, 0)
	if err != nil {
		fmt.Println("some messages are missing:", err)
		return
	}
	for _, m := range page.Messages {
		show(m)
	}
}
